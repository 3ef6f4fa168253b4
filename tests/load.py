"""Clients of a server on this machine, many at once, and a server in processes of its own."""

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUESTION = {"question": "who leads the center?"}
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Reply:
    """`closes` is whether the server said that it closes the connection."""

    status: int
    retry_after: str | None
    closes: bool
    body: dict[str, Any]


def read(connection: http.client.HTTPConnection) -> Reply:
    reply = connection.getresponse()
    body = json.loads(reply.read())
    return Reply(reply.status, reply.headers["retry-after"], reply.will_close, body)


def send(connection: http.client.HTTPConnection, **more: object) -> None:
    body = json.dumps(QUESTION | more)
    connection.request("POST", "/ask", body, {"content-type": "application/json"})


def ask(connection: http.client.HTTPConnection, **more: object) -> Reply:
    send(connection, **more)
    return read(connection)


def get(port: int, path: str) -> Reply:
    with closing(connect(port)) as connection:
        connection.request("GET", path)
        return read(connection)


def connect(port: int) -> http.client.HTTPConnection:
    """A connection, open; it gives up after half a minute, so that no test hangs."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    return connection


def stalled(port: int, number: int) -> list[socket.socket]:
    """So many clients that stop in their headers, and as many in their bodies."""
    head = b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n"
    clients = []
    for begun in (head, head + b'\r\n{"question"'):
        for _ in range(number):
            client = socket.create_connection(("127.0.0.1", port), 30)
            client.sendall(begun)
            clients.append(client)
    return clients


@contextmanager
def served(
    index: Path, workers: int = 2, seconds: float = 0.0
) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """`citewell serve` over an index of `CountingEmbedder(WORDS)`, and its port.

    Args:
        seconds: what embedding a question takes.
    """
    command = [sys.executable, "-m", "tests.served", str(index), str(workers)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "SERVED_SECONDS": str(seconds)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
            process.stdout.close()
