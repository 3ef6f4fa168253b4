"""Results come in order from processes that may die, and a death costs one thing."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from index.workers import Died, Limits, NoWorkers, ordered


def squared(number: int) -> bytes:
    return b"%d" % number**2


def waits_for_the_next(folder: Path, number: int) -> bytes:
    """An even number is done only when the odd one after it is."""
    (folder / str(number)).touch()
    while number % 2 == 0 and not (folder / str(number + 1)).exists():
        time.sleep(0.001)
    return b"%d" % number


def leaves_a_mark(folder: Path, number: int) -> bytes:
    (folder / str(number)).touch()
    return b"%d" % number


def segfaults_at_two(number: int) -> bytes:
    if number == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    return b"%d" % number


def exits_at_two(number: int) -> bytes:
    if number == 2:
        os._exit(7)
    return b"%d" % number


def dies_once(folder: Path, number: int) -> bytes:
    mark = folder / "died"
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return b"%d" % number


def process_id(_: int) -> bytes:
    return b"%d" % os.getpid()


class CannotStart:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (4,)

    def __call__(self, number: int) -> bytes:
        return b""


def said(numbers: range) -> list[bytes]:
    return [b"%d" % number for number in numbers]


@pytest.mark.parametrize("count", [1, 3])
def test_results_are_those_of_map(count: int) -> None:
    assert list(ordered(squared, range(50), count)) == [b"%d" % n**2 for n in range(50)]
    assert list(ordered(squared, [], count)) == []


def test_results_come_in_order_though_later_ones_are_ready_first(tmp_path: Path) -> None:
    assert list(ordered(partial(waits_for_the_next, tmp_path), range(10), 2)) == said(range(10))


def test_only_a_few_are_taken_up_before_their_turn(tmp_path: Path) -> None:
    results = ordered(partial(leaves_a_mark, tmp_path), range(100), 2)
    for due in range(100):
        assert next(results) == b"%d" % due
        assert len(list(tmp_path.iterdir())) <= due + 8


@pytest.mark.parametrize(
    ("work", "reason"), [(segfaults_at_two, "(SIGSEGV)"), (exits_at_two, "(exit status 7)")]
)
def test_a_death_costs_only_what_was_in_hand(work: Callable[[int], bytes], reason: str) -> None:
    before, after = said(range(2)), said(range(3, 6))
    assert list(ordered(work, range(6), 2)) == [*before, Died(reason), *after]


def test_who_was_killed_for_another_s_sake_gets_another_try(tmp_path: Path) -> None:
    assert list(ordered(partial(dies_once, tmp_path), range(6), 2)) == said(range(6))


def test_processes_that_cannot_start_blame_no_thing() -> None:
    with pytest.raises(NoWorkers, match=r"cannot be started \(exit status 4\)"):
        next(ordered(CannotStart(), range(6), 2))


@pytest.mark.parametrize("taken", [1, 20])
def test_no_process_is_left(taken: int) -> None:
    results = ordered(process_id, range(20), 2)
    pids = {next(results) for _ in range(taken)}
    results.close()
    for pid in pids:
        assert isinstance(pid, bytes)
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


ROOT = Path(__file__).parent.parent
LIMITS = Limits(memory=300_000_000, files=32)


def writes_a_file(path: Path, number: int) -> bytes:
    try:
        path.write_bytes(b"written")
    except OSError as error:
        return str(error.errno == errno.EFBIG).encode()
    return b"written"


def opens_many(number: int) -> bytes:
    try:
        for _ in range(100):
            os.open("/dev/null", os.O_RDONLY)
    except OSError as error:
        return str(error.errno == errno.EMFILE).encode()
    return b"opened"


def takes_memory_at_two(number: int) -> bytes:
    return b"%d" % len(b"x" * (500_000_000 if number == 2 else 1))


def never_ends_at_two(number: int) -> bytes:
    while number == 2:
        pass
    return b"%d" % number


def gives_a_program(number: int) -> bytes:
    return b"cbuiltins\nexit\n(I7\ntR."  # unpickled it would end this process


def gives_no_end(number: int) -> bytes:
    return bytes(600_000_000)


def test_no_file_is_written_and_few_are_open(tmp_path: Path) -> None:
    path = tmp_path / "written"
    assert list(ordered(partial(writes_a_file, path), [1], 1, LIMITS)) == [b"True"]
    assert not path.exists() or not path.read_bytes()
    assert list(ordered(opens_many, [1], 1, LIMITS)) == [b"True"]


def test_who_takes_too_much_memory_costs_one_thing() -> None:
    reason = "beyond 300 MB"
    outcomes = list(ordered(takes_memory_at_two, range(4), 1, LIMITS))
    assert outcomes == [b"1", b"1", Died(reason, "memory"), b"1"]


def test_who_takes_too_long_costs_one_thing() -> None:
    outcomes = list(ordered(never_ends_at_two, range(4), 2, None, lambda number: 1.0))
    assert outcomes == [b"0", b"1", Died("after 1 s", "time"), b"3"]


def test_what_is_given_back_is_bytes_and_never_run() -> None:
    assert list(ordered(gives_a_program, [1], 1)) == [gives_a_program(1)]


def test_a_result_without_end_is_none() -> None:
    (outcome,) = ordered(gives_no_end, [1], 1)
    assert isinstance(outcome, Died)


def never_ends_at_one(folder: Path, number: int) -> bytes:
    (folder / f"{number}").write_text(str(os.getpid()))
    while number == 1:  # given out together with 0, whose result the caller waits for
        pass
    while not (folder / "1").exists():
        time.sleep(0.001)
    return b""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_processes_end_with_a_caller_that_is_killed_whatever_they_do(tmp_path: Path) -> None:
    program = (
        "import sys, time; from functools import partial; from pathlib import Path\n"
        "from tests.test_workers import ordered, never_ends_at_one as work\n"
        "results = ordered(partial(work, Path(sys.argv[1])), range(9), 2)\n"
        "next(results); print(flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, cwd=ROOT
    ) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == b"\n"
        caller.kill()
    pid = (tmp_path / "1").read_text()
    for _ in range(500):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.01)
    else:
        os.kill(int(pid), signal.SIGKILL)
        pytest.fail("a process outlived its caller by 5 s")
