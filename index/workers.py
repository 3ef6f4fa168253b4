"""A function over many things, in order, by processes of its own that may die.

A process is `python -c "from index.workers import serve; serve(3)"` at the other end of a
pipe. Unlike those of multiprocessing it never runs the caller's main module once more, and
it is known which thing it had in hand when it died.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Things taken up from the one that is due, for each process: what is kept in memory.
_AHEAD = 4

# A process may have been killed for the memory that another took.
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Died:
    """In the place of a result: why the process that was to give it ended."""

    reason: str


class NoWorkers(Exception):
    """A process ended before it could take up work, so no thing is to blame."""


def ordered(work: Callable[[T], R], things: Sequence[T], count: int) -> Iterator[R | Died]:
    """Yield the result for each thing, in the order of `things`.

    No more than a few results for each process wait for their turn, however many things
    there are. Close the iterator to end the processes early.

    Args:
        work: found by its name in its module, or a partial of such a function; never None.
        count: processes.

    Raises:
        NoWorkers: they cannot be started.
    """
    finished: dict[int, R | Died] = {}
    crew = [_Worker(work) for _ in range(count)]
    following = 0
    try:
        for due in range(len(things)):
            while due not in finished:
                free = (worker for worker in crew if worker.task is None)
                ahead = range(following, min(len(things), due + _AHEAD * count))
                for worker, number in zip(free, ahead, strict=False):
                    worker.give(number, things[number])
                    following = number + 1
                heard = wait([worker.connection for worker in crew if worker.task])
                for worker in [worker for worker in crew if worker.connection in heard]:
                    finished.update(worker.take())
            yield finished.pop(due)
    finally:
        for worker in crew:
            worker.end()


class _Worker(Generic[T, R]):
    """One process at a time, and what it has in hand: (number, thing, how often tried)."""

    def __init__(self, work: Callable[[T], R]) -> None:
        self._work = work
        self.task: tuple[int, T, int] | None = None
        self._start()

    def _start(self) -> None:
        self._ready = False
        self.connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                [sys.executable, "-P", "-c", _PROGRAM.format(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(_paths())},
                process_group=0,  # Ctrl-C is the caller's to handle
            )
        self._send(self._work)

    def _send(self, message: object) -> None:
        with suppress(BrokenPipeError):  # it died, which `take` finds out
            self.connection.send(message)

    def give(self, number: int, thing: T, tries: int = 1) -> None:
        self.task = (number, thing, tries)
        self._send(thing)

    def take(self) -> dict[int, R | Died]:
        """The result of what it had in hand, by its number, if that is what it said."""
        assert self.task is not None  # noqa: S101 - only who works is listened to
        number, thing, tries = self.task
        try:
            message = self.connection.recv()
        except (EOFError, ConnectionError):
            reason = self._died()
            if not self._ready:
                raise NoWorkers(f"a process to read them cannot be started {reason}") from None
            self._start()
            if tries < _TRIES:
                self.give(number, thing, tries + 1)
                return {}
            self.task = None
            return {number: Died(reason)}
        if message is None:
            self._ready = True
            return {}
        self.task = None
        return {number: message}

    def end(self) -> None:
        self.connection.close()
        self._process.kill()
        self._process.wait()

    def _died(self) -> str:
        """How the process ended whose end of the pipe is closed."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)  # the pipe is closed a little before the process is gone
        self.end()
        status = self._process.returncode
        return f"({signal.Signals(-status).name})" if status < 0 else f"(exit status {status})"


def _paths() -> list[str]:
    """Where modules are found here; "" among them is the working folder."""
    return [str(Path(path).absolute()) for path in sys.path]


_PROGRAM = "from index.workers import serve; serve({})"


def serve(descriptor: int) -> None:
    """In a process: take things from the pipe, give results, until the other end is closed."""
    with suppress(OSError):  # if memory runs out, the system ends this process and not the build
        Path("/proc/self/oom_score_adj").write_text("1000")
    with Connection(descriptor) as connection, suppress(EOFError, ConnectionError):
        work: Callable[[Any], object] = connection.recv()
        connection.send(None)
        while True:
            connection.send(work(connection.recv()))
