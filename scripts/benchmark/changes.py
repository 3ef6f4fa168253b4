"""New snapshots under a server: how soon it answers from them, and what its clients notice."""

import time
from pathlib import Path

from scripts.benchmark import corpus, wire
from scripts.benchmark.asker import Asker
from scripts.benchmark.figures import spread
from scripts.benchmark.levels import Questions, ask_all, level, take
from scripts.benchmark.memory import memory
from scripts.benchmark.plan import Load, Plan
from scripts.benchmark.processes import (
    BenchmarkProblem,
    Server,
    beside,
    index_command,
    loading,
    serve_command,
    serving,
    timed,
)
from scripts.benchmark.records import Rebuilds, Swaps

_CLIENTS = 8
_LOOK_EVERY_SECONDS = 0.02
_TAKEN_OVER_SECONDS = 900.0
_ALL_SECONDS = 7200.0


def rebuilds(index: Path, documents: Path, log: Path, rounds: int) -> Rebuilds:
    """Both in turns, under a server that is only asked which snapshot it has."""
    changed, unchanged = [], []
    with serving(serve_command(index), log) as server:
        for number in range(rounds):
            corpus.change(documents, number)
            changed.append(_swap(server, documents, index))
            unchanged.append(timed(index_command(documents, index)))
    return Rebuilds(spread(changed), spread(unchanged))


def swaps(
    index: Path, documents: Path, log: Path, questions: Questions, count: int, times: int
) -> Swaps:
    """Change a file, index, wait for the new snapshot, `times` times while clients ask."""
    asked = wire.asks(take(questions, count))
    with serving(serve_command(index), log) as server:
        quiet = ask_all(server, _CLIENTS, questions, count)
        before = memory(server.pid)
        busy: list[Load] = []
        plan = Plan(server.port, _CLIENTS, asked, seconds=_ALL_SECONDS, until_closed=True)
        with loading(plan, busy):
            for number in range(times):
                corpus.change(documents, 1000 + number)
                _swap(server, documents, index)
        after = memory(server.pid)
    return Swaps(times, level(_CLIENTS, [quiet]), level(_CLIENTS, busy), before, after)


def _swap(server: Server, documents: Path, index: Path) -> float:
    """Seconds from the start of `citewell index` until an answer names the new snapshot."""
    asker = Asker(server)
    before = asker.snapshot()
    began = time.perf_counter()
    with beside(index_command(documents, index)):
        while asker.snapshot() == before:
            time.sleep(_LOOK_EVERY_SECONDS)
            if time.perf_counter() - began > _TAKEN_OVER_SECONDS:
                raise BenchmarkProblem("the server does not take the new snapshot over")
        return time.perf_counter() - began  # the command may still be tidying up
