"""Clients that stall keep no one waiting, and are not kept for ever."""

import socket
import time
from contextlib import closing
from pathlib import Path

from qa.answerer import Answerer
from qa.app import create_app
from qa.server import Server, listen
from tests import load
from tests.test_server import running


def test_twelve_stalled_in_headers_and_twelve_in_bodies_change_nothing(index: Path) -> None:
    with load.served(index) as (_, port), closing(load.connect(port)) as connection:
        before = load.ask(connection)
        clients = load.stalled(port, 12)
        replies = [load.ask(connection) for _ in range(10)]
        for _ in range(4):  # each of the workers, also over connections that are new
            with closing(load.connect(port)) as other:
                replies.append(load.ask(other))
        assert {reply.status for reply in [before, *replies]} == {200}
        assert all(
            {**reply.body, "took_ms": 0} == {**before.body, "took_ms": 0} for reply in replies
        )
        for client in clients:
            client.close()


def test_who_stalls_or_sends_byte_by_byte_is_hung_up_on(answerer: Answerer) -> None:
    server = Server(create_app(lambda: answerer), listen("127.0.0.1", 0), grace=0.2, patience=1)
    with running(server) as connection:
        connection.connect()
        assert load.ask(connection).status == 200
        clients = load.stalled(server.port, 2)
        dripping = clients.pop()
        deadline = time.monotonic() + 20
        while not _hung_up(dripping):
            assert time.monotonic() < deadline, "it is still listened to"
            time.sleep(0.1)
        for client in clients:
            assert client.recv(1) == b""
            client.close()
        dripping.close()
        with closing(load.connect(server.port)) as other:
            assert load.ask(other).status == 200


def _hung_up(client: socket.socket) -> bool:
    """Whether the server takes no further byte of a body."""
    try:
        client.sendall(b" ")
    except ConnectionError:
        return True
    return False
