"""A function over many things, in order, by processes of its own that may die.

A process is `python -c "from index.workers import serve; serve(3)"` at the other end of a
pipe. Unlike those of multiprocessing it never runs the caller's main module once more, and
it is known which thing it had in hand when it died. It ends with its caller, however that ends.

What it gives back is bytes and never unpickled: a parser that a hostile file has taken over may
write what it likes, and it is for the caller to believe nothing of it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")

# Things taken up from the one that is due, for each process: what is kept in memory.
_AHEAD = 4

# A process may have been killed for the memory that another took.
_TRIES = 2


# A longer result is none, and ends the process that began to give it.
_LONGEST = 512 * 1024 * 1024

# What a process says: that it is ready, or, before a result, whether it is spent.
_READY, _FRESH, _WORN = b"r", b"f", b"w"

# Exit status of a process that met its limit on memory.
_NO_MEMORY = 86

# A process that has kept so much of what it may take makes room for a fresh one.
_SPENT = 0.25


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may take: bytes of memory of its own, and files open at a time.

    It writes no file and leaves no core dump.
    """

    memory: int
    files: int


@dataclass(frozen=True, slots=True)
class Died:
    """In the place of a result: why the process that was to give it ended."""

    reason: str
    cause: Literal["crash", "memory", "time"] = "crash"


class NoWorkers(Exception):
    """A process ended before it could take up work, so no thing is to blame."""


def ordered(
    work: Callable[[T], bytes],
    things: Sequence[T],
    count: int,
    limits: Limits | None = None,
    seconds: Callable[[T], float] | None = None,
) -> Iterator[bytes | Died]:
    """Yield the result for each thing, in the order of `things`.

    No more than a few results for each process wait for their turn, however many things
    there are. Close the iterator to end the processes early.

    Args:
        work: found by its name in its module, or a partial of such a function; never None.
        count: processes.
        limits: of each process; None for none.
        seconds: how long the process that has a thing in hand may take; None for ever.

    Raises:
        NoWorkers: they cannot be started.
    """
    finished: dict[int, bytes | Died] = {}
    crew = [_Worker(work, limits, seconds) for _ in range(count)]
    following = 0
    try:
        for due in range(len(things)):
            while due not in finished:
                free = (worker for worker in crew if worker.task is None)
                ahead = range(following, min(len(things), due + _AHEAD * count))
                for worker, number in zip(free, ahead, strict=False):
                    worker.give(number, things[number])
                    following = number + 1
                busy = [worker for worker in crew if worker.task]
                left = min(worker.deadline for worker in busy) - time.monotonic()
                heard = wait(
                    [worker.connection for worker in busy],
                    None if left == float("inf") else max(0.0, left),
                )
                now = time.monotonic()
                for worker in busy:
                    if worker.connection in heard:
                        finished.update(worker.take())
                    elif worker.deadline <= now:
                        finished.update(worker.give_up())
            yield finished.pop(due)
    finally:
        for worker in crew:
            worker.end()


class _Worker(Generic[T]):
    """One process at a time, and what it has in hand: (number, thing, how often tried).

    `deadline` is of the monotonic clock.
    """

    def __init__(
        self,
        work: Callable[[T], bytes],
        limits: Limits | None,
        seconds: Callable[[T], float] | None,
    ) -> None:
        self._work, self._limits, self._seconds = work, limits, seconds
        self.task: tuple[int, T, int] | None = None
        self.deadline = float("inf")
        self._start()

    def _start(self) -> None:
        self._ready = False
        self.connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                [sys.executable, "-P", "-c", _PROGRAM.format(theirs.fileno(), os.getpid())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(_paths())},
                process_group=0,  # Ctrl-C is the caller's to handle
            )
        self._send((self._work, self._limits))

    def _send(self, message: object) -> None:
        with suppress(BrokenPipeError):  # it died, which `take` finds out
            self.connection.send(message)

    def give(self, number: int, thing: T, tries: int = 1) -> None:
        self.task = (number, thing, tries)
        self._set_deadline(thing)
        self._send(thing)

    def _set_deadline(self, thing: T) -> None:
        if self._seconds is not None:
            self.deadline = time.monotonic() + self._seconds(thing)

    def take(self) -> dict[int, bytes | Died]:
        """The result of what it had in hand, by its number, if that is what it said."""
        assert self.task is not None  # noqa: S101 - only who works is listened to
        number, thing, tries = self.task
        try:
            message = self.connection.recv_bytes(_LONGEST)
        except (EOFError, OSError):
            death = self._died()
            if not self._ready:
                raise NoWorkers(
                    f"a process to read them cannot be started {death.reason}"
                ) from None
            self._start()
            if tries < _TRIES:
                self.give(number, thing, tries + 1)
                return {}
            self.task = None
            return {number: death}
        if message == _READY:
            self._ready = True
            self._set_deadline(thing)  # its start is not the thing's fault
            return {}
        self.task = None
        if message.startswith(_WORN):
            self.end()
            self._start()
        return {number: message[1:]}

    def give_up(self) -> dict[int, bytes | Died]:
        """End the process, whose time is over, and begin with a fresh one."""
        assert self.task is not None  # noqa: S101 - only who works has a deadline
        assert self._seconds is not None  # noqa: S101
        number, thing, _ = self.task
        self.task = None
        self.end()
        self._start()
        return {number: Died(f"after {self._seconds(thing):.0f} s", "time")}

    def end(self) -> None:
        self.connection.close()
        self._process.kill()
        self._process.wait()

    def _died(self) -> Died:
        """How the process ended whose end of the pipe is closed."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)  # the pipe is closed a little before the process is gone
        self.end()
        status = self._process.returncode
        if status == _NO_MEMORY and self._limits is not None:
            return Died(f"beyond {self._limits.memory // 1_000_000:,} MB", "memory")
        return Died(
            f"({signal.Signals(-status).name})" if status < 0 else f"(exit status {status})"
        )


def _paths() -> list[str]:
    """Where modules are found here; "" among them is the working folder."""
    return [str(Path(path).absolute()) for path in sys.path]


_PROGRAM = "from index.workers import serve; serve({}, {})"


def serve(descriptor: int, caller: int) -> None:
    """In a process: take things from the pipe, give results, until the other end is closed.

    Args:
        caller: the id of the process at the other end, with which this one ends.
    """
    _end_with(caller)
    with suppress(OSError):  # if memory runs out, the system ends this process and not the build
        Path("/proc/self/oom_score_adj").write_text("1000")
    with Connection(descriptor) as connection, suppress(EOFError, ConnectionError):
        work: Callable[[Any], bytes]
        work, limits = connection.recv()
        if limits is not None:
            _keep_to(limits)
        connection.send_bytes(_READY)
        try:
            while True:
                result = work(connection.recv())
                spent = limits is not None and _is_spent(limits)
                connection.send_bytes((_WORN if spent else _FRESH) + result)
        except MemoryError:
            os._exit(_NO_MEMORY)


def _end_with(caller: int) -> None:
    """End when the caller is killed, whatever native code is doing then (Linux)."""
    if sys.platform == "linux":
        import ctypes

        parent_death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)
        if os.getppid() != caller:  # it was too late for that
            os._exit(0)


def _keep_to(limits: Limits) -> None:
    import resource

    for kind, limit in (
        # not RLIMIT_AS: PDFium sets aside addresses by the gigabyte
        (resource.RLIMIT_DATA, limits.memory),
        (resource.RLIMIT_NOFILE, limits.files),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # a lower limit is set already, or none can be
            resource.setrlimit(kind, (limit, limit))


def _is_spent(limits: Limits) -> bool:
    """Whether what earlier things left behind takes room from the next."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[5])
    except OSError:
        return False
    return pages * os.sysconf("SC_PAGE_SIZE") > _SPENT * limits.memory
