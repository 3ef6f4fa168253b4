"""Workers behind one address: who gets a connection, who is replaced, and who ends."""

import logging
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from qa.server import listen
from qa.supervisor import Supervisor, WorkerFailed

# Answers whatever comes first with its own number, leaves the connection open, and says so
# when its client has left. "die" ends it.
_WORKER = """
import os, selectors, socket, sys
way = socket.socket(fileno=int(sys.argv[1]))
way.send(sys.argv[2].encode())
let_go = 0
selector = selectors.DefaultSelector()
selector.register(way, selectors.EVENT_READ)
while True:
    for key, _ in selector.select():
        if key.fileobj is way:
            message, descriptors, *_ = socket.recv_fds(way, 1, 1)
            if not message:
                sys.exit()
            if message == b"!":
                let_go += 1
                continue
            client = socket.socket(fileno=descriptors[0])
            selector.register(client, selectors.EVENT_READ)
            continue
        said = key.fileobj.recv(100)
        if said == b"die":
            os._exit(7)
        elif said:
            key.fileobj.send(b"%d" % os.getpid())
        if not said or let_go:
            let_go -= bool(said)
            selector.unregister(key.fileobj)
            key.fileobj.close()
            way.send(b"-")
"""


class _Running:
    """A supervisor in a thread."""

    def __init__(self, workers: int, script: str, ready: str) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self.ready = threading.Event()
        listening = listen("127.0.0.1", 0)
        self.port = listening.getsockname()[1]

        def start(theirs: socket.socket) -> subprocess.Popen[bytes]:
            number = theirs.fileno()
            command = [sys.executable, "-S", "-c", script, str(number), ready]
            self.started.append(subprocess.Popen(command, pass_fds=[number]))
            return self.started[-1]

        self.supervisor = Supervisor(listening, start, workers, self.ready.set)
        self.thread = threading.Thread(target=self.supervisor.run)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def wait_for(self, workers: int) -> None:
        """Until so many answer: each new connection goes to the one with the fewest."""
        seen: set[bytes] = set()
        while len(seen) < workers:
            with ExitStack() as stack:
                seen = {asked(stack.enter_context(self.connect())) for _ in range(workers)}
        while any(worker.connections for worker in self.supervisor._workers):
            time.sleep(0.005)  # until it is told that they are closed


@contextmanager
def running(workers: int, script: str = _WORKER, ready: str = "r") -> Iterator[_Running]:
    run = _Running(workers, textwrap.dedent(script), ready)
    run.thread.start()
    try:
        assert run.ready.wait(30)
        yield run
    finally:
        run.supervisor.stop()
        run.thread.join(timeout=30)
        assert not run.thread.is_alive()


def asked(client: socket.socket) -> bytes:
    client.sendall(b"who?")
    return client.recv(100)


def test_connections_are_shared_evenly() -> None:
    with running(2) as run, ExitStack() as stack:
        run.wait_for(2)
        clients = [stack.enter_context(run.connect()) for _ in range(10)]
        answers = [asked(client) for client in clients]
        assert sorted(map(answers.count, set(answers))) == [5, 5]
        assert set(answers) == {b"%d" % process.pid for process in run.started}


def test_whoever_lost_connections_gets_the_next() -> None:
    with running(2) as run, ExitStack() as stack:
        run.wait_for(2)
        clients = [stack.enter_context(run.connect()) for _ in range(8)]
        answers = [asked(client) for client in clients]
        left = answers[0]
        for client, answer in zip(clients, answers, strict=True):
            if answer == left:
                client.close()

        def next_four() -> list[bytes]:
            with ExitStack() as more:
                return [asked(more.enter_context(run.connect())) for _ in range(4)]

        # told over a socket, so not at once; those that remain open keep the other busy
        assert any(next_four() == [left] * 4 for _ in range(200))


def test_a_worker_that_dies_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    with running(2) as run, caplog.at_level(logging.ERROR, "citewell"):
        run.wait_for(2)
        with run.connect() as client:
            client.sendall(b"die")
            assert client.recv(100) == b""
        run.wait_for(2)
        assert len(run.started) == 3
    assert [record.message for record in caplog.records] == [
        "a server process ended with status 7; another takes its place"
    ]


def test_a_worker_that_joins_gets_its_share_of_the_connections_there_are() -> None:
    with running(2) as run, ExitStack() as stack:
        # the first worker is ready, the second is started by what is seen then
        clients = [stack.enter_context(run.connect()) for _ in range(6)]
        while len(run.supervisor._workers) < 2 or not run.supervisor._workers[1].ready:
            time.sleep(0.005)
        first = b"%d" % run.started[0].pid
        had = sum(asked(client) == first for client in clients)
        left = 0
        for client in clients:
            with suppress(ConnectionError):
                left += asked(client) == first
        assert (had, left) in {(6, 3), (5, 3), (4, 3), (3, 3)}


def test_a_worker_may_ask_to_be_alone() -> None:
    with running(3, ready="a") as run, ExitStack() as stack:
        answers = {asked(stack.enter_context(run.connect())) for _ in range(4)}
        assert answers == {b"%d" % process.pid for process in run.started}
        assert len(answers) == 1


def test_a_first_worker_that_does_not_come_up_ends_it_all() -> None:
    run = _Running(2, "import sys; sys.exit(5)", "")
    with pytest.raises(WorkerFailed, match="ended with status 5 before it was ready") as error:
        run.supervisor.run()
    assert error.value.status == 5
    assert len(run.started) == 1
    with pytest.raises(ConnectionRefusedError, match="refused"):
        run.connect()


def test_who_waited_when_it_was_stopped_is_still_handed_over() -> None:
    with running(1) as run:
        with run.connect() as client:
            assert asked(client) == b"%d" % run.started[0].pid
            run.supervisor.stop()
            run.thread.join(timeout=30)
        assert run.started[0].returncode == 0


def test_workers_end_where_the_supervisor_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "supervisor.py"
    script.write_text(
        "import subprocess, sys\n"
        "from qa.server import listen\n"
        "from qa.supervisor import Supervisor\n"
        "def start(theirs):\n"
        "    command = [sys.executable, '-S', '-c', sys.argv[1], str(theirs.fileno()), 'r']\n"
        "    process = subprocess.Popen(command, pass_fds=[theirs.fileno()])\n"
        "    print(process.pid, flush=True)\n"
        "    return process\n"
        "Supervisor(listen('127.0.0.1', 0), start, 1, lambda: print('ready', flush=True)).run()\n"
    )
    with subprocess.Popen(
        [sys.executable, str(script), _WORKER], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        assert [supervisor.stdout.readline().split()[0] for _ in range(2)][1] == "ready"
        supervisor.kill()
        # its end of the pipe is closed when the worker, which inherited it, has ended too
        assert supervisor.stdout.read() == ""
