"""The server over real sockets: slow clients, refusals, and an orderly stop."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from index.build import build
from index.errors import SettingsError
from qa.answerer import Answerer
from qa.app import create_app
from qa.live import Live
from qa.server import CLOSED, HANDED, LET_GO, Server, listen
from tests.fakes import CountingEmbedder


@contextmanager
def running(server: Server) -> Iterator[http.client.HTTPConnection]:
    thread = threading.Thread(target=server.run)
    thread.start()
    port = server.port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        yield connection
    finally:
        connection.close()
        server.stop()
        thread.join(timeout=30)
        assert not thread.is_alive()


def ask(connection: http.client.HTTPConnection, body: bytes) -> tuple[int, str, dict[str, object]]:
    connection.request("POST", "/ask", body, {"content-type": "application/json"})
    reply = connection.getresponse()
    return reply.status, reply.headers["content-type"], json.loads(reply.read())


def held_up(
    answerer: Answerer,
) -> tuple[Callable[[], Answerer], threading.Event, threading.Event]:
    """What gives the answerer once the second event is set; the first says that it was asked."""
    inside, go_on = threading.Event(), threading.Event()

    def current() -> Answerer:
        inside.set()
        go_on.wait(30)
        return answerer

    return current, inside, go_on


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 30)


def test_a_question_is_answered_over_a_socket(answerer: Answerer) -> None:
    with running(Server(create_app(lambda: answerer), listen("127.0.0.1", 0))) as connection:
        status, content_type, body = ask(connection, b'{"question": "bees"}')
    assert (status, content_type, body["question"]) == (200, "application/json", "bees")


def test_stalled_clients_do_not_keep_others_waiting(answerer: Answerer) -> None:
    server = Server(create_app(lambda: answerer), listen("127.0.0.1", 0), grace=0.2)
    with running(server) as connection:
        stalled = [connect(server) for _ in range(80)]
        for number, client in enumerate(stalled):
            head = b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n"
            client.sendall(head + b"\r\n{" if number % 2 else head)
        assert ask(connection, b'{"question": "bees"}')[0] == 200
        for client in stalled:
            client.close()


@pytest.mark.parametrize("size", [70_000, 10_000_000, 20_000_000])
def test_a_body_that_is_too_long_is_a_problem_and_the_next_question_answered(
    answerer: Answerer, size: int
) -> None:
    with running(Server(create_app(lambda: answerer), listen("127.0.0.1", 0))) as connection:
        try:
            status, content_type, problem = ask(connection, b'{"question": "' + b"a" * size)
        except (ConnectionError, http.client.HTTPException):
            assert size > 16_000_000  # the server hung up on what it would never have read
        else:
            assert (status, content_type) == (413, "application/problem+json")
            assert problem["status"] == 413
        connection.close()
        assert ask(connection, b'{"question": "bees"}')[0] == 200


def test_what_is_not_http_is_answered_with_a_problem(answerer: Answerer) -> None:
    server = Server(create_app(lambda: answerer), listen("127.0.0.1", 0))
    with running(server), connect(server) as client:
        client.sendall(b"NONSENSE\r\n\r\n")
        head, _, body = b"".join(iter(lambda: client.recv(65536), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 400 Bad Request")
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == 400


def test_a_stop_answers_every_request_that_was_accepted(answerer: Answerer) -> None:
    slow, inside, go_on = held_up(answerer)
    server = Server(create_app(slow), listen("127.0.0.1", 0), waiting=100)
    thread = threading.Thread(target=server.run)
    thread.start()
    body = b'{"question": "bees"}'
    head = (
        f"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    clients = [connect(server) for _ in range(60)]  # more than there are threads
    for client in clients[:-1]:
        client.sendall(head + body)
    clients[-1].sendall(head + body[:5])  # begun, not yet whole
    assert inside.wait(30)
    server.stop()
    go_on.set()
    clients[-1].sendall(body[5:])
    for client in clients:
        reply = b"".join(iter(lambda c=client: c.recv(65536), b""))  # type: ignore[misc]
        assert reply.startswith(b"HTTP/1.1 200"), reply[:200]
        client.close()
    thread.join(timeout=30)
    assert not thread.is_alive()
    with pytest.raises(ConnectionRefusedError, match="refused"):
        connect(server)


def test_a_stop_after_the_end_changes_nothing(answerer: Answerer) -> None:
    """It comes from another thread, which cannot know."""
    server = Server(create_app(lambda: answerer), listen("127.0.0.1", 0))
    server.stop()
    server.run()
    server.stop()


def test_who_comes_when_enough_wait_is_refused_before_those_are_answered(
    answerer: Answerer,
) -> None:
    slow, inside, go_on = held_up(answerer)
    server = Server(create_app(slow), listen("127.0.0.1", 0), waiting=2)
    body = b'{"question": "bees"}'
    head = f"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()

    def statuses(clients: list[socket.socket]) -> list[bytes]:
        replies = [b"".join(iter(lambda c=c: c.recv(65536), b"")) for c in clients]  # type: ignore[misc]
        return [reply[9:12] for reply in replies]

    with running(server), ExitStack() as stack:
        clients = [stack.enter_context(connect(server)) for _ in range(5)]
        for number, client in enumerate(clients):
            client.sendall(head + body)
            if not number:
                assert inside.wait(30)  # the first is being answered, and the others wait
            else:
                wait_until(lambda n=number: waiting(server) == min(n, 2))  # type: ignore[misc]
        with connect(server) as other:  # refuses no one but those who ask
            other.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert statuses([*clients[3:], other]) == [b"503", b"503", b"200"]
        go_on.set()
        assert statuses(clients[:3]) == [b"200", b"200", b"200"]


def waiting(server: Server) -> int:
    return len(server._server.task_dispatcher.queue)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_worker_serves_what_it_is_handed_and_lets_go_when_told(answerer: Answerer) -> None:
    ours, theirs = socket.socketpair()
    server = Server(create_app(lambda: answerer), theirs)
    thread = threading.Thread(target=server.run)
    thread.start()
    with socket.create_server(("127.0.0.1", 0)) as listening, ours:
        client = http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=30)
        client.connect()
        accepted, _ = listening.accept()
        with accepted:
            socket.send_fds(ours, [HANDED], [accepted.fileno()])
        for number in range(3):
            if number == 2:
                ours.send(LET_GO)
                wait_until(lambda: server._server.let_go == 1)
            client.request(
                "POST", "/ask", b'{"question": "bees"}', {"content-type": "application/json"}
            )
            reply = client.getresponse()
            assert (reply.status, reply.will_close) == (200, number == 2)
            reply.read()
        ours.settimeout(30)
        assert ours.recv(10) == CLOSED
        client.close()
    thread.join(timeout=30)  # ours is closed
    assert not thread.is_alive()


def test_a_port_that_is_taken_is_one_clear_error(answerer: Answerer) -> None:
    app = create_app(lambda: answerer)
    first = Server(app, listen("127.0.0.1", 0))
    with (
        running(first),
        pytest.raises(SettingsError, match=r"cannot serve on 127\.0\.0\.1 port .* choose another"),
    ):
        Server(app, listen("127.0.0.1", first.port))


def test_new_snapshots_are_taken_over_without_failing_a_request(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    live, stop = Live(index, embedder), threading.Event()
    live.refresh()
    seen: list[tuple[int, int]] = []  # status and snapshot of every answer, in order

    def ask_until(snapshot: int) -> None:
        while not seen or seen[-1][1] < snapshot:
            status, _, body = ask(connection, b'{"question": "tram", "limit": 50}')
            information = body["index"]
            assert isinstance(information, dict)
            seen.append((status, information["snapshot"]))

    with running(Server(create_app(live), listen("127.0.0.1", 0))) as connection:
        watcher = live.watch(stop, every=0.01)
        for number in range(2, 6):
            asking = threading.Thread(target=ask_until, args=[number])
            asking.start()
            (documents / "tram.txt").write_text(f"The tram\n\nThe tram number {number}.")
            build(documents, index, embedder)
            asking.join(timeout=60)
            assert not asking.is_alive()
        stop.set()
        watcher.join(timeout=10)
    assert {status for status, _ in seen} == {200}
    snapshots = [snapshot for _, snapshot in seen]
    assert snapshots == sorted(snapshots)
    assert snapshots[-1] == 5
