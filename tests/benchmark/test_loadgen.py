"""The load generator against a server whose answers are written down."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.benchmark import loadgen, wire
from scripts.benchmark.plan import Load, Plan

OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"
BROKEN = "HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n"
CLOSED = ""


@contextmanager
def answering(*answers: str) -> Iterator[tuple[int, list[str]]]:
    """A port whose requests get these answers, one after another, and what it is sent."""
    asked: list[str] = []
    left = iter(answers)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in left:
            connection = listening.accept()[0]
            with connection:
                while True:
                    request = connection.recv(65536)
                    if not request:
                        break
                    asked.append(request.decode())
                    if answer == CLOSED:
                        break
                    connection.sendall(answer.encode())
                    answer = next(left, CLOSED)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listening:
        yield listening.getsockname()[1], asked


def drive(*answers: str, requests: int = 1, warm_up: int = 0) -> tuple[Load, list[str]]:
    with answering(*answers) as (port, asked):
        sent = tuple(wire.search(f"q{number}") for number in range(requests))
        return loadgen.drive(Plan(port, 1, sent, warm_up=warm_up, seconds=10)), asked


def test_every_request_is_sent_once_and_the_warm_up_is_not_counted() -> None:
    load, asked = drive(OK, OK, OK, requests=3, warm_up=1)
    assert asked == [wire.search(f"q{number}") for number in range(3)]
    assert (len(load.latencies), load.refused, load.failed) == (2, 0, {})


def test_a_refused_request_is_asked_again_and_counted_apart() -> None:
    load, asked = drive(BUSY, OK, OK, requests=2)
    assert asked == [wire.search("q0"), wire.search("q0"), wire.search("q1")]
    assert (len(load.latencies), load.refused, load.failed) == (2, 1, {})


def test_another_status_and_a_closed_connection_are_failures() -> None:
    load, asked = drive(BROKEN, CLOSED, OK, requests=3)
    assert asked == [wire.search(f"q{number}") for number in range(3)]
    assert load.failed == {"500": 1, "ConnectionResetError": 1}
    assert len(load.latencies) == 1


def test_a_connection_that_is_to_be_closed_is_no_failure() -> None:
    leave = OK.replace("Content-Length", "Connection: close\r\nContent-Length")
    # what would be next on the old connection is never asked for
    load, asked = drive(leave, BROKEN, OK, requests=2)
    assert asked == [wire.search("q0"), wire.search("q1")]
    assert (len(load.latencies), load.failed) == (2, {})


def test_an_answer_may_come_in_pieces() -> None:
    with answering(OK) as (port, _):
        client = loadgen._Client(port)
        client.send(wire.search("?").encode())
        while (answer := client.receive()) is None:
            pass
        assert answer == (200, b"http/1.1 200 ok\r\ncontent-length: 2")
        client.close()


def test_a_request_says_how_long_it_is_in_bytes() -> None:
    head, body = wire.ask("où?", limit=3, mode="words").split("\r\n\r\n")
    assert f"Content-Length: {len(body.encode())}" in head
    assert json.loads(body) == {"question": "où?", "limit": 3, "mode": "words", "answer": False}
