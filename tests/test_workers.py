"""Results come in order from processes that may die, and a death costs one thing."""

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from index.workers import Died, NoWorkers, ordered


def squared(number: int) -> int:
    return number**2


def waits_for_the_next(folder: Path, number: int) -> int:
    """An even number is done only when the odd one after it is."""
    (folder / str(number)).touch()
    while number % 2 == 0 and not (folder / str(number + 1)).exists():
        time.sleep(0.001)
    return number


def leaves_a_mark(folder: Path, number: int) -> int:
    (folder / str(number)).touch()
    return number


def segfaults_at_two(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    return number


def exits_at_two(number: int) -> int:
    if number == 2:
        os._exit(7)
    return number


def dies_once(folder: Path, number: int) -> int:
    mark = folder / "died"
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def process_id(_: int) -> int:
    return os.getpid()


class CannotStart:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (4,)

    def __call__(self, number: int) -> int:
        return number


@pytest.mark.parametrize("count", [1, 3])
def test_results_are_those_of_map(count: int) -> None:
    assert list(ordered(squared, range(50), count)) == [n**2 for n in range(50)]
    assert list(ordered(squared, [], count)) == []


def test_results_come_in_order_though_later_ones_are_ready_first(tmp_path: Path) -> None:
    assert list(ordered(partial(waits_for_the_next, tmp_path), range(10), 2)) == [*range(10)]


def test_only_a_few_are_taken_up_before_their_turn(tmp_path: Path) -> None:
    results = ordered(partial(leaves_a_mark, tmp_path), range(100), 2)
    for due in range(100):
        assert next(results) == due
        assert len(list(tmp_path.iterdir())) <= due + 8


@pytest.mark.parametrize(
    ("work", "reason"), [(segfaults_at_two, "(SIGSEGV)"), (exits_at_two, "(exit status 7)")]
)
def test_a_death_costs_only_what_was_in_hand(work: Callable[[int], int], reason: str) -> None:
    assert list(ordered(work, range(6), 2)) == [0, 1, Died(reason), 3, 4, 5]


def test_who_was_killed_for_another_s_sake_gets_another_try(tmp_path: Path) -> None:
    assert list(ordered(partial(dies_once, tmp_path), range(6), 2)) == [*range(6)]


def test_processes_that_cannot_start_blame_no_thing() -> None:
    with pytest.raises(NoWorkers, match=r"cannot be started \(exit status 4\)"):
        next(ordered(CannotStart(), range(6), 2))


@pytest.mark.parametrize("taken", [1, 20])
def test_no_process_is_left(taken: int) -> None:
    results = ordered(process_id, range(20), 2)
    pids = {next(results) for _ in range(taken)}
    results.close()
    for pid in pids:
        assert isinstance(pid, int)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
