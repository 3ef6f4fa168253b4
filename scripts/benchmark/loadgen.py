"""Closed-loop load over HTTP/1.1 with keep-alive, from a process of its own.

    python -m scripts.benchmark.loadgen < plan.json

One loop over raw sockets, and requests that are bytes already: threads of an HTTP library
would take a good part of two cores from the server that is measured. The standard library
only. Stops by itself, at the latest when the plan's time is over.
"""

import heapq
import json
import re
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict
from itertools import cycle, islice

from scripts.benchmark.plan import Load, Plan

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)")
_CLOSE = b"\r\nconnection: close"
_RETRY = re.compile(rb"\r\nretry-after: *(\d+)")
_RECEIVE = 1 << 18
_LONGEST_RETRY = 2.0


class _Client:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.began = 0.0
        self.refused: bytes | None = None
        self.request = b""
        self.buffer = bytearray()
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self.socket.close()

    def send(self, request: bytes) -> None:
        self.buffer.clear()
        self.request = request
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """Status and head of the answer, in lower case; None while there is more to come.

        Raises:
            OSError: the connection is closed.
        """
        some = self.socket.recv(_RECEIVE)
        if not some:
            raise ConnectionResetError("closed")
        self.buffer += some
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self.buffer[:end]).lower()
        length = _LENGTH.search(head)
        if length is None:
            raise ConnectionError("no content-length")
        if len(self.buffer) < end + 4 + int(length[1]):
            return None
        return int(head[9:12]), head


class _Run:
    """The requests on the way, and what has come back."""

    def __init__(self, clients: list[_Client], until_closed: bool) -> None:
        self._clients = clients
        self._selector = selectors.DefaultSelector()
        for client in clients:
            self._selector.register(client.socket, selectors.EVENT_READ, client)
        self._stopped = False
        if until_closed:
            self._selector.register(sys.stdin, selectors.EVENT_READ, None)
        self._latencies: list[float] = []
        self._refused = 0
        self._failed: Counter[str] = Counter()
        self._on_the_way = 0
        self._told_to_wait: list[tuple[float, int, _Client]] = []

    def drive(self, requests: Iterator[bytes], seconds: float) -> Load:
        self._requests = requests
        self._last = began = time.perf_counter()
        for client in self._clients:
            self._next(client)
        while self._on_the_way or self._told_to_wait:
            now = time.perf_counter()
            if now - began > seconds:
                self._failed["no answer in time"] += self._on_the_way
                break
            while self._told_to_wait and self._told_to_wait[0][0] <= now:
                self._next(heapq.heappop(self._told_to_wait)[2])
            wait = self._told_to_wait[0][0] - now if self._told_to_wait else 1.0
            for key, _ in self._selector.select(min(wait, 1.0)):
                if key.data is None:
                    self._stopped = True
                    self._selector.unregister(sys.stdin)
                else:
                    self._receive(key.data)
        return Load(
            tuple(self._latencies),
            self._refused,
            dict(self._failed),
            self._last - began,
        )

    def _next(self, client: _Client) -> None:
        request = client.refused or next(self._requests, None)
        client.refused = None
        if request is None or self._stopped:
            return
        try:
            client.send(request)
            self._on_the_way += 1
        except OSError as error:
            self._again(client, error)

    def _receive(self, client: _Client) -> None:
        try:
            answer = client.receive()
        except OSError as error:
            self._on_the_way -= 1
            self._again(client, error)
            return
        if answer is None:
            return
        done = time.perf_counter()
        self._on_the_way -= 1
        status, head = answer
        if _CLOSE in head:  # as HTTP asks: the next request goes over another connection
            self._reconnect(client)
        if status == 200:
            self._latencies.append((done - client.began) * 1e3)
            self._last = done
            self._next(client)
        elif status == 503:
            self._refused += 1
            client.refused = client.request
            told = _RETRY.search(head)
            pause = min(float(told[1]), _LONGEST_RETRY) if told else 0.0
            heapq.heappush(self._told_to_wait, (done + pause, id(client), client))
        else:
            self._failed[str(status)] += 1
            self._next(client)

    def _again(self, client: _Client, error: OSError) -> None:
        """A failed request is not sent again; its client goes on with the next."""
        self._failed[type(error).__name__] += 1
        self._reconnect(client)
        heapq.heappush(self._told_to_wait, (time.perf_counter(), id(client), client))

    def _reconnect(self, client: _Client) -> None:
        self._selector.unregister(client.socket)
        client.close()
        client.connect()
        self._selector.register(client.socket, selectors.EVENT_READ, client)


def drive(plan: Plan) -> Load:
    """Warm up, then ask.

    Raises:
        OSError: nobody listens there.
    """
    requests = [request.encode() for request in plan.requests]
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(_Client(plan.port))) for _ in range(plan.clients)]
        _Run(clients, until_closed=False).drive(islice(requests, plan.warm_up), plan.seconds)
        rest = requests[plan.warm_up :]
        counted = cycle(rest) if plan.until_closed else iter(rest)
        return _Run(clients, plan.until_closed).drive(counted, plan.seconds)


if __name__ == "__main__":
    print(json.dumps(asdict(drive(Plan(**json.loads(sys.stdin.readline()))))))
