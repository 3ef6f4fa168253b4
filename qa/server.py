"""The production server: waitress, which slow clients cannot block. Stops without losing a request.

Connections come from a listening socket, or from a supervisor (`qa.supervisor`) that accepts
them for several processes. The only file that imports waitress.
"""

import select
import socket
import threading
import time
from contextlib import suppress
from typing import Any
from wsgiref.types import WSGIApplication

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from index.errors import SettingsError
from qa.logs import log_request
from qa.problems import ARRIVED, CROWDED, MEDIA_TYPE, Problem

# Requests are answered one after the other, by a thread that leaves the other to read and to
# write. More of them only take Python from each other (docs/serving.md).
_THREADS = 1

# Requests that wait for it at most, some milliseconds each. A question that comes when there
# are so many is marked, to be refused.
_WAITING = 16

# Not made to wait behind questions, as whoever is refused is not: a thread beside answers both.
_AT_ONCE = frozenset({"/livez", "/readyz"})

# Who has sent nothing for so long, or begun a request and not ended it, is hung up on.
PATIENCE_SECONDS = 30

# Above what the application takes (64 KiB), so that it can say so: a connection that is
# closed while its client still sends loses the answer. Beyond 512 KiB it waits on disk.
_MAX_BODY = 16 * 1024 * 1024

# What requests in flight have when the server ends.
GRACE_SECONDS = 10.0

# Then a connection over which something came or went so lately may have a request on its way.
_LINGER_SECONDS = 0.5

# What passes between a supervisor and a worker: here is a connection; let one go, for a worker
# that has fewer; and back, one was closed.
HANDED, LET_GO, CLOSED = b"+", b"!", b"-"


class _ProblemTask(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """What waitress itself refuses is answered like everything else that is refused."""

    def execute(self) -> None:
        error = self.request.error
        problem = Problem(title=error.reason, status=error.code, detail=error.body)
        body = problem.model_dump_json().encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers = [
            ("Content-Type", MEDIA_TYPE),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        self.close_on_finish = True
        self.content_length = len(body)
        self.write(body)
        log_request(method=None, path=None, status=error.code, ms=None, token=None)


class _Task(WSGITask):  # type: ignore[misc]
    def service(self) -> None:
        if self.channel.server.lets_go():  # HTTP's own way: the client opens another
            self.request.headers["CONNECTION"] = "close"
        super().service()

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[CROWDED] = self.channel.crowded
        environ[ARRIVED] = self.channel.arrived
        return environ


class _Queue(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Requests wait here for a thread."""

    def add_task(self, task: "_Channel") -> None:
        with self.lock:
            self.queue.append(task)
            self.queue_cv.notify()


class _Dispatcher(_Queue):
    """No more than so many wait; who comes then, and what takes no time, is answered beside."""

    def __init__(self, threads: int, waiting: int) -> None:
        super().__init__()
        self.set_thread_count(threads)
        self._waiting = waiting
        self._beside = _Queue()
        self._beside.set_thread_count(1)

    def add_task(self, task: "_Channel") -> None:
        task.arrived = time.monotonic()
        task.crowded = len(self.queue) >= self._waiting
        request = task.requests[0]
        if task.crowded or request.error or request.path in _AT_ONCE:
            self._beside.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        self._beside.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))


class _Channel(HTTPChannel):  # type: ignore[misc]
    task_class = _Task
    error_task_class = _ProblemTask
    crowded = False
    arrived = 0.0
    begun = 0.0

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.begun = time.time()
        return bool(super().received(data))

    def del_channel(self, map: Any = None) -> None:  # noqa: A002 - waitress calls it so
        was_open = self._fileno in self.server.active_channels
        super().del_channel(map)
        if was_open:
            self.server.lost_connection()


class _Listening(TcpWSGIServer):  # type: ignore[misc]
    """Accepts connections itself."""

    channel_class = _Channel
    ended = False
    stopping = False

    def lets_go(self) -> bool:
        """Whether the connection that is answered now is closed afterwards."""
        return self.stopping

    def maintenance(self, now: float) -> None:
        super().maintenance(now)  # whoever is silent; a request may also come byte by byte
        for channel in self.active_channels.values():
            if channel.request is not None and channel.begun < now - self.adj.channel_timeout:
                channel.will_close = True

    def lost_connection(self) -> None: ...


class _Fed(_Listening):
    """Takes connections that a supervisor accepted: its socket is the way to there."""

    let_go = 0

    def accept(self) -> tuple[socket.socket, Any] | None:
        try:
            message, descriptors, *_ = socket.recv_fds(self.socket, 1, 1)
        except ConnectionError:
            message, descriptors = b"", []
        self.ended = not message
        if message == LET_GO:
            self.let_go += 1
        if not descriptors:
            return None
        connection = socket.socket(fileno=descriptors[0])
        try:
            return connection, connection.getpeername()
        except OSError:  # gone already
            connection.close()
            raise

    def lets_go(self) -> bool:
        if self.stopping or not self.let_go:
            return self.stopping
        self.let_go -= 1
        return True

    def lost_connection(self) -> None:
        with suppress(OSError):  # the supervisor only counts, and may be gone
            self.socket.send(CLOSED)

    def handle_close(self) -> None:
        while not self.ended:  # the supervisor is gone; what it handed over is still answered
            self.handle_accept()

    def getsockname(self) -> tuple[str, str]:
        return "", "0"  # nothing is addressed by it


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        SettingsError: the address cannot be listened on.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM
        )[0]
        return socket.create_server(address[:2], family=family, backlog=1024)
    except OSError as error:
        raise SettingsError(
            f"cannot serve on {host} port {port} ({error.strerror}); "
            "choose another with --host or --port"
        ) from error


def url_of(listening: socket.socket, host: str) -> str:
    name = f"[{host.strip('[]')}]" if listening.family == socket.AF_INET6 else host
    return f"http://{name}:{listening.getsockname()[1]}"


class Server:
    """Takes connections from the moment it is made; answers while `run` runs."""

    def __init__(
        self,
        app: WSGIApplication,
        source: socket.socket,
        grace: float = GRACE_SECONDS,
        threads: int = _THREADS,
        waiting: int = _WAITING,
        patience: int = PATIENCE_SECONDS,
    ) -> None:
        """
        Args:
            source: a listening socket, or a Unix socket over which a supervisor hands over
                connections; where that ends, the server stops.
            grace: seconds that requests in flight have after `stop`.
            threads: requests answered at the same time.
            waiting: requests that may wait meanwhile; later ones are marked with `CROWDED`.
            patience: seconds of silence, or for one request to arrive, whole seconds.
        """
        self._sockets: dict[int, object] = {}
        self._grace = grace
        self._stopping = threading.Event()
        self._ending = threading.RLock()  # a signal's handler may come while it is held
        self._ended = False
        fed = hasattr(socket, "AF_UNIX") and source.family == socket.AF_UNIX
        self._server = (_Fed if fed else _Listening)(
            app,
            map=self._sockets,
            _start=False,
            _sock=source,
            sockinfo=(source.family, source.type, source.proto, None),
            bind_socket=False,
            dispatcher=_Dispatcher(threads, waiting),
            adj=Adjustments(
                connection_limit=1000,
                channel_timeout=patience,
                cleanup_interval=max(1, patience // 3),
                max_request_body_size=_MAX_BODY,
                asyncore_use_poll=True,
                ident=None,
            ),
        )
        self._server.accepting = True

    @property
    def port(self) -> int:
        """On which it listens; 0 where connections are handed over."""
        return int(self._server.effective_port)

    def stop(self) -> None:
        """Make `run` finish what it has and return. From any thread or signal handler."""
        self._stopping.set()
        with self._ending:
            if not self._ended:  # then its descriptor may be another's already
                self._server.pull_trigger()

    def run(self) -> None:
        """Serve until `stop`, then answer every request that was accepted."""
        while not self._stopping.is_set() and not self._server.ended:
            self._turn(1.0)
        # clients that keep asking over one connection are told with their next answer
        self._server.stopping = True
        waiting = select.poll()
        waiting.register(self._server.socket, select.POLLIN)
        # whom the kernel let in and nobody has greeted yet
        while not self._server.ended and waiting.poll(0):
            self._turn(0)
        self._server.del_channel(self._sockets)
        self._server.socket.close()
        self._turn(0)  # what they have sent so far, so that they count as busy
        deadline = time.monotonic() + self._grace
        while self._busy() and time.monotonic() < deadline:
            self._turn(0.05)
        self._server.task_dispatcher.shutdown(timeout=0.5)
        with self._ending:
            self._ended = True
        wasyncore.close_all(self._sockets, ignore_all=True)

    def _turn(self, timeout: float) -> None:
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._sockets, count=1)

    def _busy(self) -> bool:
        """Whether a request may be on its way, is being answered, or its answer being sent."""
        since = time.time() - _LINGER_SECONDS
        return any(
            channel.request is not None
            or channel.requests
            or channel.total_outbufs_len
            or channel.last_activity > since
            for channel in list(self._sockets.values())
            if isinstance(channel, HTTPChannel)
        )
