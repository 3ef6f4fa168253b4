"""Hours of mixed traffic in minutes, and what the server's processes hold before and after."""

import os
import random
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from index.build import build
from tests import load
from tests.conftest import WORDS
from tests.fakes import CountingEmbedder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# A worker that has served thousands of requests may hold so much more than at the beginning.
_MARGIN = 1.05


@dataclass(frozen=True, slots=True)
class Held:
    """By all processes of a server: bytes of their own (not files'), descriptors, threads."""

    memory: int
    descriptors: int
    threads: int


def held(pid: int) -> Held:
    processes = [pid, *children(pid)]
    memory = descriptors = threads = 0
    for process in processes:
        folder = Path(f"/proc/{process}")
        rollup = (folder / "smaps_rollup").read_text()
        memory += 1024 * int(rollup.partition("Anonymous:")[2].split()[0])
        descriptors += len(os.listdir(folder / "fd"))  # noqa: PTH208
        threads += len(os.listdir(folder / "task"))  # noqa: PTH208
    return Held(memory, descriptors, threads)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class _Traffic:
    """Clients of every kind, each in a thread; counts what was answered, by status."""

    def __init__(self, port: int) -> None:
        self.statuses: dict[int, int] = {}
        self.stop = threading.Event()
        self._port = port
        self._lock = threading.Lock()
        kinds = (self._ask, self._ask, self._look, self._leave)
        self._threads = [threading.Thread(target=self._on, args=[kind]) for kind in kinds]

    def __enter__(self) -> "_Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(60)

    def _on(self, kind: Callable[[random.Random], None]) -> None:
        chance = random.Random(1)  # noqa: S311
        while not self.stop.is_set():
            kind(chance)
            time.sleep(0.002)

    def _count(self, status: int) -> None:
        with self._lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1

    def _ask(self, chance: random.Random) -> None:
        with closing(load.connect(self._port)) as connection:
            for _ in range(20):
                asked = {
                    "question": " ".join(chance.choices(WORDS, k=3)),
                    "mode": chance.choice(["hybrid", "meaning", "words"]),
                    "limit": chance.choice([1, 5, 50, 99]),  # the last is refused
                    "explain": chance.choice([True, False]),
                }
                reply = load.ask(connection, **asked)
                self._count(reply.status)
                if reply.closes:
                    return

    def _look(self, chance: random.Random) -> None:
        path = chance.choice(["/", "/?q=tram", "/documents/tram.txt", "/nothing", "/openapi.json"])
        with closing(load.connect(self._port)) as connection:
            connection.request("GET", path)
            reply = connection.getresponse()
            reply.read()
            self._count(reply.status)

    def _leave(self, chance: random.Random) -> None:
        """Leave in the middle of a request, or of its answer."""
        path = b"/docs/assets/js/swagger-ui-bundle.js"
        request = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self._port), 30) as client:
            client.sendall(request[: chance.randrange(1, 2 * len(request))])
        time.sleep(0.02)


def soak(
    documents: Path, index: Path, seconds: float, workers: int
) -> tuple[list[Held], dict[int, int], int]:
    """What is held at the end of each tenth of the time, the statuses, and how many swaps."""
    with load.served(index, workers) as (server, port):
        began, swaps, seen = time.monotonic(), 0, list[Held]()
        with _Traffic(port) as traffic:
            while (now := time.monotonic() - began) < seconds:
                swaps += 1
                (documents / "tram.txt").write_text(f"The tram\n\nThe tram number {swaps} is new.")
                build(documents, index, CountingEmbedder(WORDS))
                time.sleep(min(1.0, seconds / 20))
                if now >= seconds * (len(seen) + 1) / 10:
                    seen.append(held(server.pid))
        snapshot = 0
        while snapshot <= swaps:
            with closing(load.connect(port)) as connection:
                snapshot = load.ask(connection).body["index"]["snapshot"]
        return seen, traffic.statuses, swaps


def test_traffic_and_swaps_leave_no_descriptor_or_thread_behind(
    documents: Path, index: Path
) -> None:
    seen, statuses, swaps = soak(documents, index, 8, workers=1)
    assert statuses.keys() <= {200, 400, 404, 503}
    assert swaps > 4
    _assert_none_left(seen[2:5], seen[-3:])


@pytest.mark.deep
def test_hours_of_traffic_and_swaps_leave_nothing_behind(
    documents: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SOAK_SECONDS of the environment, two minutes otherwise."""
    seconds = float(os.environ.get("SOAK_SECONDS", "120"))
    seen, statuses, swaps = soak(documents, index, seconds, workers=2)
    third = len(seen) // 3
    early, late = seen[third : 2 * third], seen[-third:]
    with capsys.disabled():
        print(f"\n{swaps} swaps, answered {statuses}")  # noqa: T201
        for sample in seen:
            print(f"  {sample.memory / 1e6:.1f} MB, {sample}")  # noqa: T201
    assert statuses.keys() <= {200, 400, 404, 503}
    assert _median(late, "memory") <= _MARGIN * _median(early, "memory")
    _assert_none_left(early, late)


def _assert_none_left(early: list[Held], late: list[Held]) -> None:
    """Of what is just being opened or closed, the least is what stays."""
    assert _least(late, "descriptors") <= _least(early, "descriptors") + 2
    assert _least(late, "threads") <= _least(early, "threads") + 2


def _median(samples: list[Held], what: str) -> float:
    return statistics.median(getattr(sample, what) for sample in samples)


def _least(samples: list[Held], what: str) -> int:
    return min(getattr(sample, what) for sample in samples)
