"""The server put together: in one process, or in several under a supervisor."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from wsgiref.types import WSGIApplication

from index.embedders import Embedder
from qa.readers import Reader
from qa.settings import LOOPBACK_HOSTS, Settings, exports, is_loopback

OpenModels = Callable[[Settings], tuple[Embedder, Reader | None]]


def _open_models(settings: Settings) -> tuple[Embedder, Reader | None]:
    from index.embedders import open_embedder
    from qa.readers import open_reader

    embedder = open_embedder(settings.model, exports(settings.index), settings.precision)
    return embedder, open_reader(settings.reader)


def serve(
    settings: Settings,
    worker: Sequence[str],
    announce: Callable[[str], None],
    open_models: OpenModels = _open_models,
) -> None:
    """Serve until SIGINT or SIGTERM; the second of them ends everything at once.

    Args:
        worker: the command of a worker, to which the number of a descriptor is added; it
            calls `work` with that.
        announce: told the address once it answers.
        open_models: embedder and reader, where this process answers itself.

    Raises:
        SettingsError: the address cannot be listened on.
        CitewellError: the model cannot be loaded; or a worker ended before it was ready.
    """
    from qa.server import Server, listen, url_of

    listening = listen(settings.host, settings.port)
    url = url_of(listening, settings.host)
    if settings.workers > 1 and hasattr(socket, "send_fds"):
        from qa.supervisor import Supervisor

        def start(theirs: socket.socket) -> subprocess.Popen[bytes]:
            number = theirs.fileno()
            # in a group of its own, to which a terminal sends no Ctrl-C
            return subprocess.Popen(  # noqa: S603 - the program itself
                [*worker, str(number)], pass_fds=[number], process_group=0
            )

        supervisor = Supervisor(listening, start, settings.workers, lambda: announce(url))
        _on_signals(supervisor.stop, supervisor.kill)
        supervisor.run()
        return
    app, stop = _application(settings, open_models)
    server = Server(app, listening)
    _on_signals(server.stop)
    announce(url)
    server.run()
    stop.set()


def work(settings: Settings, descriptor: int, open_models: OpenModels = _open_models) -> None:
    """Serve the connections that come over a Unix socket, until it ends."""
    from qa.server import Server
    from qa.supervisor import READY, READY_ALONE

    for number in (signal.SIGINT, signal.SIGTERM):  # which some send to all of a service
        signal.signal(number, signal.SIG_IGN)
    source = socket.socket(fileno=descriptor)
    app, stop = _application(settings, open_models)
    server = Server(app, source)
    # torch takes hundreds of megabytes in each process, and all cores by itself
    with suppress(OSError):  # it has ended meanwhile, which the server sees, too
        source.send(READY_ALONE if "torch" in sys.modules else READY)
    server.run()
    stop.set()


def _application(
    settings: Settings, open_models: OpenModels
) -> tuple[WSGIApplication, threading.Event]:
    """The application, and what ends its looking for new snapshots."""
    from qa.access import Access
    from qa.app import create_app
    from qa.limiting import limiter
    from qa.live import Live

    embedder, reader = open_models(settings)
    live = Live(settings.index, embedder, reader, settings.threshold)
    live.refresh()
    stop = threading.Event()
    live.watch(stop)
    others_reach_it = not is_loopback(settings.host)
    hosts = [*LOOPBACK_HOSTS, settings.host.strip("[]").lower(), *settings.hosts]
    if others_reach_it:
        hosts.append(socket.gethostname().lower())
    access = Access(
        tokens=settings.tokens,
        hosts=tuple(hosts),
        any_address=others_reach_it,
        admit=limiter(settings.rate, settings.workers) if settings.rate else None,
        origins=settings.origins,
        log_questions=settings.log_questions,
    )
    return create_app(live, access, settings.timeout, lambda: live.problem), stop


def _on_signals(stop: Callable[[], None], kill: Callable[[], None] = lambda: None) -> None:
    """Stop in order when asked to; at once, after `kill`, when asked twice."""
    asked = threading.Event()

    def on_signal(number: int, _: object) -> None:
        if asked.is_set():
            kill()
            os._exit(128 + number)
        asked.set()
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
