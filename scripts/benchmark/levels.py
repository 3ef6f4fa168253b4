"""Questions in numbers, and what the answers come to."""

from collections.abc import Iterator, Sequence
from itertools import islice

from scripts.benchmark import wire
from scripts.benchmark.figures import percentile, spread
from scripts.benchmark.plan import Load, Plan
from scripts.benchmark.processes import BenchmarkProblem, Server, load
from scripts.benchmark.records import Level

_WARM_UP = 50

Questions = Iterator[str]
"""Each is asked once in a run."""


def take(questions: Questions, count: int) -> list[str]:
    """
    Raises:
        BenchmarkProblem: there are not so many left.
    """
    taken = [*islice(questions, count)]
    if len(taken) < count:
        raise BenchmarkProblem("there are not so many questions; lower --questions or --rounds")
    return taken


def ask_all(
    server: Server, clients: int, questions: Questions, count: int, *, answer: bool = False
) -> Load:
    """Warm up, then ask the next `count` questions with so many clients.

    Args:
        answer: whether passages are read for the exact answer.
    """
    asked = wire.asks(take(questions, count + _WARM_UP), answer=answer)
    return load(Plan(server.port, clients, asked, warm_up=_WARM_UP))


def level(clients: int, loads: Sequence[Load]) -> Level:
    """What the rounds of one number of clients come to.

    Raises:
        BenchmarkProblem: a round had no answer at all.
    """
    if not all(one.latencies for one in loads):
        raise BenchmarkProblem(f"no answer with {clients} clients: {[one.failed for one in loads]}")
    return Level(
        clients=clients,
        p50=spread([percentile(one.latencies, 50) for one in loads]),
        p95=spread([percentile(one.latencies, 95) for one in loads]),
        p99=spread([percentile(one.latencies, 99) for one in loads]),
        per_second=spread([len(one.latencies) / one.seconds for one in loads]),
        answered=sum(len(one.latencies) for one in loads),
        refused=sum(one.refused for one in loads),
        failed=sum(sum(one.failed.values()) for one in loads),
    )
