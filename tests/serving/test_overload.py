"""More questions than can be answered: some are, the others are told at once."""

import http.client
import select
import statistics
import threading
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest

from qa.answerer import Answerer
from qa.app import create_app
from qa.server import Server, listen
from tests import load
from tests.test_server import held_up, running

CAPACITY = 17  # of one process: one is answered, sixteen wait


def readable(
    clients: list[http.client.HTTPConnection], number: int
) -> list[http.client.HTTPConnection]:
    """Those that have been sent something, once they are so many."""
    sockets = {client.sock: client for client in clients}
    deadline = time.monotonic() + 30
    while len(found := select.select(list(sockets), [], [], 1)[0]) < number:
        assert time.monotonic() < deadline, f"{len(found)} of {number} were answered"
    return [sockets[found_one] for found_one in found]


def test_at_four_times_capacity_each_is_answered_or_refused_meanwhile(answerer: Answerer) -> None:
    slow, inside, go_on = held_up(answerer)
    server = Server(create_app(slow), listen("127.0.0.1", 0))
    with running(server):
        clients = [load.connect(server.port) for _ in range(4 * CAPACITY)]
        load.send(clients[0])
        assert inside.wait(30)  # and held, while the others come
        assert load.get(server.port, "/livez").body == {"status": "ok"}
        for client in clients[1:]:
            load.send(client)
        refused = readable(clients, 3 * CAPACITY)
        replies = [load.read(client) for client in refused]
        assert {(reply.status, reply.retry_after) for reply in replies} == {(503, "1")}
        assert {reply.body["detail"] for reply in replies} == {
            "too many questions at once; try again in a moment"
        }
        assert load.get(server.port, "/livez").body == {"status": "ok"}
        go_on.set()
        admitted = [load.read(client) for client in clients if client not in refused]
        assert [reply.status for reply in admitted] == [200] * CAPACITY
        with closing(load.connect(server.port)) as connection:
            assert load.ask(connection).status == 200
        for client in clients:
            client.close()


@pytest.mark.deep
def test_what_overload_costs(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints it: two workers whose questions take 20 ms, clients that ask on for 5 s each."""
    took: dict[tuple[str, int], list[float]] = defaultdict(list)
    with load.served(index, seconds=0.02) as (_, port):
        for times in (1, 4):
            threads = [
                threading.Thread(target=_ask_on, args=(port, took, f"{times} × capacity"))
                for _ in range(times * 2 * CAPACITY)
            ]
            threads.append(
                threading.Thread(target=_live_on, args=(port, took, f"{times} × /livez"))
            )
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        with closing(load.connect(port)) as connection:
            began = time.monotonic()
            assert load.ask(connection).status == 200
            took["afterwards", 200].append(time.monotonic() - began)
    with capsys.disabled():
        for (name, status), seconds in sorted(took.items()):
            milliseconds = sorted(1e3 * second for second in seconds)
            p99 = milliseconds[int(len(milliseconds) * 0.99)]
            p50 = statistics.median(milliseconds)
            figures = f"{len(seconds)}, p50 {p50:.0f} ms, p99 {p99:.0f} ms"
            print(f"\n{name}: {status} {figures}", end="")  # noqa: T201
    assert {status for _, status in took} == {200, 503}


def _ask_on(port: int, took: dict[tuple[str, int], list[float]], name: str) -> None:
    with closing(load.connect(port)) as connection:
        until = time.monotonic() + 5
        while (began := time.monotonic()) < until:
            reply = load.ask(connection)
            took[name, reply.status].append(time.monotonic() - began)
            assert (reply.status == 503) is (reply.retry_after == "1")
            time.sleep(1 if reply.status == 503 else 0)


def _live_on(port: int, took: dict[tuple[str, int], list[float]], name: str) -> None:
    until = time.monotonic() + 5
    while (began := time.monotonic()) < until:
        assert load.get(port, "/livez").status == 200
        took[name, 200].append(time.monotonic() - began)
        time.sleep(0.02)
