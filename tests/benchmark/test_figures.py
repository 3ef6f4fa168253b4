"""Percentiles and ratios, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.benchmark.figures import percentile, ratios, spread

TEN = [40.0, 10.0, 30.0, 20.0, 50.0, 60.0, 100.0, 90.0, 80.0, 70.0]


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(0, 10), (10, 10), (11, 20), (50, 50), (51, 60), (95, 100), (100, 100)],
)
def test_a_percentile_is_the_nearest_rank(percent: int, expected: float) -> None:
    assert percentile(TEN, percent) == expected


def test_the_99th_of_a_hundred_leaves_one_above() -> None:
    assert percentile([float(n) for n in range(1, 101)], 99) == 99
    assert percentile([float(n) for n in range(1, 102)], 99) == 100


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_at_least_so_many_do_not_exceed_it_and_fewer_are_below(
    values: list[float], percent: int
) -> None:
    found = percentile(values, percent)
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_a_spread_keeps_its_rounds_in_order() -> None:
    found = spread([3.0, 1.0, 2.0])
    assert (found.median, found.low, found.high, found.values) == (2.0, 1.0, 3.0, (3.0, 1.0, 2.0))


def test_ratios_are_taken_round_by_round() -> None:
    """Both twice as slow in the second round, and still three times apart."""
    assert ratios([3.0, 6.0], [1.0, 2.0]).values == (3.0, 3.0)
