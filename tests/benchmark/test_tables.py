"""The tables as they are printed."""

import pytest

from scripts.benchmark.figures import spread
from scripts.benchmark.levels import level
from scripts.benchmark.peers.records import Row
from scripts.benchmark.peers.rounds import orders
from scripts.benchmark.peers.tables import rows_table
from scripts.benchmark.plan import Load
from scripts.benchmark.processes import BenchmarkProblem
from scripts.benchmark.tables import between, figure, levels_table


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.1234, "0.123"), (4.561, "4.56"), (78.94, "78.9"), (1234.4, "1,234"), (-0.5, "-0.500")],
)
def test_a_figure_has_three_digits(value: float, shown: str) -> None:
    assert figure(value) == shown


def test_one_round_has_no_range() -> None:
    assert between(spread([2.0])) == "2.00"
    assert between(spread([2.0, 4.0, 3.0])) == "3.00 [2.00, 4.00]"


def test_levels_are_told_with_what_was_refused_and_what_failed() -> None:
    """Two rounds of two answers: 4 / 8 and 6 / 8 ms, two answers in 0.1 and in 0.2 s."""
    made = level(4, [Load((8.0, 4.0), 3, {}, 0.1), Load((6.0, 8.0), 0, {"500": 1}, 0.2)])
    assert (made.answered, made.refused, made.failed) == (4, 3, 1)
    assert levels_table([made]) == (
        "clients             p50 ms  p95 ms  p99 ms          answers/s  answered  503  failed\n"
        "-------  -----------------  ------  ------  -----------------  --------  ---  ------\n"
        "4        5.00 [4.00, 6.00]    8.00    8.00  15.0 [10.0, 20.0]         4    3       1"
    )


def test_a_round_without_an_answer_is_told_and_not_averaged() -> None:
    with pytest.raises(BenchmarkProblem, match="no answer with 4 clients"):
        level(4, [Load((1.0,), 0, {}, 0.1), Load((), 9, {"500": 2}, 0.1)])


def test_others_stand_beside_the_first() -> None:
    rows = [Row("citewell", spread([2.0]), spread([1.0])), Row("x", spread([8.0]), spread([4.0]))]
    assert rows_table("p50 ms", rows) == (
        "          p50 ms  citewell is faster by\n"
        "--------  ------  ---------------------\n"
        "citewell    2.00                   1.00\n"
        "x           8.00                   4.00"
    )


def test_whoever_comes_first_changes_from_round_to_round() -> None:
    made = list(orders(["a", "b", "c"], 4))
    assert made == [["a", "b", "c"], ["a", "c", "b"], ["c", "a", "b"], ["c", "b", "a"]]
