"""The production server: waitress, which slow clients cannot block. Stops without losing a request.

The only file that imports waitress.
"""

import select
import socket
import threading
import time
from wsgiref.types import WSGIApplication

from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from index.errors import SettingsError
from qa.problems import MEDIA_TYPE, Problem

# More threads than questions answered at once: whoever is too many is told so at once.
THREADS = 32

# Above what the application takes (64 KiB), so that it can say so: a connection that is
# closed while its client still sends loses the answer. Beyond 512 KiB it waits on disk.
_MAX_BODY = 16 * 1024 * 1024

# A second request on the way after the first answer has its chance to arrive.
GRACE_SECONDS = 10.0


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


class _Channel(HTTPChannel):  # type: ignore[misc]
    error_task_class = _ProblemTask


class Server:
    """Listens from the moment it is made; answers while `run` runs."""

    def __init__(
        self, app: WSGIApplication, host: str, port: int, grace: float = GRACE_SECONDS
    ) -> None:
        """
        Args:
            port: 0 takes a free one.
            grace: seconds that requests in flight have after `stop`.

        Raises:
            SettingsError: the address cannot be listened on.
        """
        self._sockets: dict[int, object] = {}
        self._grace = grace
        self._stopping = threading.Event()
        try:
            family, _, _, _, address = socket.getaddrinfo(
                host.strip("[]"), port, type=socket.SOCK_STREAM
            )[0]
            listening = socket.create_server(address[:2], family=family)
        except OSError as error:
            raise SettingsError(
                f"cannot serve on {host} port {port} ({error.strerror}); "
                "choose another with --host or --port"
            ) from error
        self._server = create_server(
            app,
            map=self._sockets,
            sockets=[listening],
            threads=THREADS,
            connection_limit=1000,
            channel_timeout=30,
            cleanup_interval=10,
            max_request_body_size=_MAX_BODY,
            asyncore_use_poll=True,
            ident=None,
        )
        self._server.channel_class = _Channel
        name = f"[{host.strip('[]')}]" if family == socket.AF_INET6 else host
        self.url = f"http://{name}:{listening.getsockname()[1]}"

    def stop(self) -> None:
        """Make `run` finish what it has and return. From any thread or signal handler."""
        self._stopping.set()
        self._server.pull_trigger()

    def run(self) -> None:
        """Serve until `stop`, then answer every request that was accepted."""
        while not self._stopping.is_set():
            self._turn(1.0)
        waiting = select.poll()
        waiting.register(self._server.socket, select.POLLIN)
        while waiting.poll(0):  # whom the kernel let in and nobody has greeted yet
            self._turn(0)
        self._server.del_channel(self._sockets)
        self._server.socket.close()
        self._turn(0)  # what they have sent so far, so that they count as busy
        deadline = time.monotonic() + self._grace
        while self._busy() and time.monotonic() < deadline:
            self._turn(0.05)
        self._server.task_dispatcher.shutdown(timeout=0.5)
        wasyncore.close_all(self._sockets, ignore_all=True)

    def _turn(self, timeout: float) -> None:
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._sockets, count=1)

    def _busy(self) -> bool:
        """Whether a request has been begun, is being answered, or its answer being sent."""
        return any(
            channel.request is not None or channel.requests or channel.total_outbufs_len
            for channel in list(self._sockets.values())
            if isinstance(channel, HTTPChannel)
        )
