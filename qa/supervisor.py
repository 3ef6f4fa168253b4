"""Several processes that answer at one address: Python runs one thread at a time in each.

The supervisor accepts connections and hands each, as an open socket, to the worker that has
the fewest (SCM_RIGHTS, unix(7)); from then on client and worker talk without it. When a worker
joins, the others close what they have beyond their share, each after its next answer. One that
dies takes its own connections with it and is replaced. Where the supervisor ends, however it
ends, workers see it, answer what they were handed and end, too.
"""

import logging
import selectors
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress

from index.errors import CitewellError
from qa.server import CLOSED, HANDED, LET_GO

log = logging.getLogger("citewell")

# What a worker tells first: it is ready, and whether others like it should run beside it.
READY, READY_ALONE = b"r", b"a"

# A worker has so long to answer what it was handed; then it is killed.
_TO_STOP_SECONDS = 15.0

_NOT_SOONER_SECONDS = 1.0  # than so long after its start is a worker replaced

Start = Callable[[socket.socket], subprocess.Popen[bytes]]
"""Starts a worker that serves what comes over a socket, which it inherits."""


class WorkerFailed(CitewellError):
    """A worker ended before it was ready. It has said why.

    Attributes:
        status: its exit status, negative for a signal.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"a server process ended with status {status} before it was ready")
        self.status = status


class _Worker:
    def __init__(self, start: Start) -> None:
        self.socket, theirs = socket.socketpair()
        with closing(theirs):
            self.process = start(theirs)
        self.socket.setblocking(False)
        self.began = time.monotonic()
        self.ready = False
        self.connections = 0


class Supervisor:
    """Workers behind one listening socket. `run` serves until `stop`."""

    def __init__(
        self, listening: socket.socket, start: Start, workers: int, on_ready: Callable[[], None]
    ) -> None:
        """
        Args:
            workers: how many, at least one. The others start when the first is ready, unless
                it says that it wants to be alone.
            on_ready: called once, when the first is.
        """
        self._listening, self._start, self._wanted = listening, start, workers
        self._on_ready: Callable[[], None] | None = on_ready
        self._selector = selectors.DefaultSelector()
        self._workers: list[_Worker] = []
        self._wake, self._woken = socket.socketpair()
        self._stopping = False
        self._not_before = 0.0
        listening.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def stop(self) -> None:
        """Make `run` end in order. From any thread or signal handler."""
        self._stopping = True
        with suppress(OSError):  # it has ended already
            self._wake.send(b"!")

    def kill(self) -> None:
        """End all workers at once. From any thread or signal handler."""
        for worker in self._workers:
            worker.process.kill()

    def run(self) -> None:
        """Serve until `stop`; then every request that was accepted has been answered.

        Raises:
            WorkerFailed: the first worker did not come up.
        """
        self._start_worker()
        try:
            while not self._stopping:
                for key, _ in self._selector.select(_NOT_SOONER_SECONDS):
                    if key.fileobj is self._listening:
                        self._accept()
                    elif isinstance(key.data, _Worker):
                        self._listen_to(key.data)
                self._replace()
                self._listen_or_not()
            self._accept()
        finally:
            self._listening.close()
            self._end()

    def _start_worker(self) -> None:
        worker = _Worker(self._start)
        self._workers.append(worker)
        self._selector.register(worker.socket, selectors.EVENT_READ, worker)

    def _accept(self) -> None:
        """Hand out every connection that waits."""
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:  # there is no more, or its client has left
                return
            with connection:
                ready = [worker for worker in self._workers if worker.ready]
                for worker in sorted(ready, key=lambda worker: worker.connections):
                    try:
                        socket.send_fds(worker.socket, [HANDED], [connection.fileno()])
                    except OSError as error:  # it is about to be found dead, or does not listen
                        log.warning("a server process takes no connection: %s", error)
                        continue
                    worker.connections += 1
                    break

    def _listen_to(self, worker: _Worker) -> None:
        try:
            said = worker.socket.recv(4096)
        except OSError:
            said = b""
        if not said:
            self._bury(worker)
            return
        worker.connections -= said.count(CLOSED)
        if not worker.ready:
            worker.ready = True
            self._make_even()
            if said.startswith(READY_ALONE):
                self._wanted = 1
            if self._on_ready:
                on_ready, self._on_ready = self._on_ready, None
                on_ready()

    def _make_even(self) -> None:
        """Have those with more than their share let connections go, which then come again."""
        ready = [worker for worker in self._workers if worker.ready]
        share = -(-sum(worker.connections for worker in ready) // len(ready))
        for worker in ready:
            with suppress(OSError):  # it is about to be found dead
                worker.socket.sendall(LET_GO * max(0, worker.connections - share))

    def _bury(self, worker: _Worker) -> None:
        self._selector.unregister(worker.socket)
        worker.socket.close()
        self._workers.remove(worker)
        status = _ended(worker.process)
        if self._on_ready:
            raise WorkerFailed(status)
        log.error("a server process ended with status %d; another takes its place", status)
        self._not_before = worker.began + _NOT_SOONER_SECONDS

    def _replace(self) -> None:
        """Start what is missing, one after the other, once there is one that is ready."""
        starting = any(not worker.ready for worker in self._workers)
        enough = len(self._workers) >= self._wanted
        if not (self._on_ready or enough or starting or time.monotonic() < self._not_before):
            self._start_worker()

    def _listen_or_not(self) -> None:
        """While no worker is ready, whoever comes waits where the kernel queues them."""
        ready = any(worker.ready for worker in self._workers)
        listens = self._listening in (key.fileobj for key in self._selector.get_map().values())
        if ready and not listens:
            self._selector.register(self._listening, selectors.EVENT_READ)
        elif listens and not ready:
            self._selector.unregister(self._listening)

    def _end(self) -> None:
        for worker in self._workers:
            worker.socket.close()
        deadline = time.monotonic() + _TO_STOP_SECONDS
        for worker in self._workers:
            _ended(worker.process, deadline - time.monotonic())
        for thing in (self._selector, self._wake, self._woken):
            thing.close()


def _ended(process: subprocess.Popen[bytes], seconds: float = _TO_STOP_SECONDS) -> int:
    """Its exit status; it is killed where it does not end in time."""
    try:
        return process.wait(max(0.0, seconds))
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
