"""The rounds: everyone does the same work in each, in an order that turns round."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from scripts.benchmark.figures import percentile, ratios, spread
from scripts.benchmark.levels import Questions, take
from scripts.benchmark.peers.records import Row
from scripts.benchmark.peers.workers import OURS, Order, Worker
from scripts.benchmark.plan import Plan
from scripts.benchmark.processes import Server, load

NameT = TypeVar("NameT")

# Who is asked how. Only citewell and txtai rank by words as well.
_ASKED = {
    "citewell, hybrid": (OURS, "hybrid"),
    "citewell, meaning alone": (OURS, "meaning"),
    "encode + FAISS": ("encode_faiss", "meaning"),
    "txtai, hybrid": ("txtai_hybrid", "hybrid"),
    "Haystack, in memory": ("haystack_memory", "meaning"),
}
_NAMED = {
    OURS: "citewell",
    "encode_faiss": "encode + FAISS",
    "txtai_hybrid": "txtai, hybrid",
    "haystack_memory": "Haystack, in memory",
}
_WARM_UP = 20


def orders(names: Sequence[NameT], rounds: int) -> Iterator[list[NameT]]:
    """Each name comes first in turn, and every second round runs backwards."""
    for number in range(rounds):
        start = number % len(names)
        turned = [*names[start:], *names[:start]]
        yield turned[::-1] if number % 2 else turned


def _measure(
    names: Sequence[str], rounds: int, one: Callable[[str, int], float]
) -> dict[str, list[float]]:
    """`one` of each name and round."""
    measured: dict[str, list[float]] = {name: [] for name in names}
    for number, order in enumerate(orders(names, rounds)):
        for name in order:
            measured[name].append(one(name, number))
    return measured


def _rows(measured: Mapping[str, Sequence[float]], *, rates: bool = False) -> tuple[Row, ...]:
    """Beside the first."""
    ours = next(iter(measured.values()))
    return tuple(
        Row(name, spread(values), ratios(ours, values) if rates else ratios(values, ours))
        for name, values in measured.items()
    )


def embed(workers: Mapping[str, Worker], order: Order, rounds: int) -> tuple[Row, ...]:
    """Passages/s of the embedding alone; the model of each has been used before."""
    measured = _measure([*workers], rounds, lambda name, _: workers[name].embed(order))
    return _rows({_NAMED[name]: values for name, values in measured.items()}, rates=True)


def build(workers: Mapping[str, Worker], order: Order, rounds: int) -> tuple[Row, ...]:
    """Passages/s from nothing. citewell also reads files and cuts them; the others are given
    the passages."""
    measured = _measure([*workers], rounds, lambda name, _: workers[name].index(order))
    return _rows({_NAMED[name]: values for name, values in measured.items()}, rates=True)


def ask(
    workers: Mapping[str, Worker], questions: Questions, rounds: int, count: int
) -> tuple[Row, ...]:
    """Median latency in one process; the same questions for all in a round."""
    asked = [take(questions, count) for _ in range(rounds)]
    warm_up = take(questions, _WARM_UP)
    for worker, mode in _ASKED.values():
        workers[worker].ask(warm_up, mode)

    def one(name: str, number: int) -> float:
        worker, mode = _ASKED[name]
        return workers[worker].ask(asked[number], mode)

    return _rows(_measure([*_ASKED], rounds, one))


def over_http(
    servers: Mapping[str, tuple[Server, Callable[[str], str]]],
    questions: Questions,
    rounds: int,
    count: int,
) -> tuple[Row, ...]:
    """Median latency with one client. A server comes with how it is asked."""
    asked = [take(questions, count + _WARM_UP) for _ in range(rounds)]

    def one(name: str, number: int) -> float:
        server, request = servers[name]
        requests = tuple(request(question) for question in asked[number])
        seen = load(Plan(server.port, 1, requests, _WARM_UP))
        return percentile(seen.latencies, 50)

    return _rows(_measure([*servers], rounds, one))
