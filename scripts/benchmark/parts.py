"""Building, starting and serving, measured."""

import json
import shutil
import time
from itertools import repeat
from pathlib import Path

from scripts.benchmark.asker import Asker
from scripts.benchmark.figures import spread
from scripts.benchmark.levels import Questions, ask_all, level
from scripts.benchmark.memory import memory
from scripts.benchmark.plan import Load
from scripts.benchmark.processes import (
    CITEWELL,
    index_command,
    module,
    run,
    serve_command,
    serving,
    timed,
)
from scripts.benchmark.records import Built, Rate, Serving, Starts

CLIENTS = (1, 4, 16, 64)
READING_CLIENTS = (1, 4)
ALL = 1 << 62


def whole_build(documents: Path, index: Path, most_embedded: int = ALL) -> Built:
    """Bring an index up to date in a process of its own."""
    printed = run(module("indexing", str(documents), str(index), str(most_embedded)))
    return Built(**json.loads(printed))


def forget(index: Path) -> None:
    """Delete an index, all but the model's export: that is made once, by the first build."""
    if index.is_dir():
        for path in index.iterdir():
            if path.is_file():
                path.unlink()
            elif path.name != "models":
                shutil.rmtree(path)


def carry_export(there: Path, here: Path) -> None:
    """Give an index the model's export that another has, or its first build would make it."""
    shutil.copytree(there / "models", here / "models", dirs_exist_ok=True)


def build_rate(documents: Path, index: Path, rounds: int) -> Rate:
    """Build a folder from nothing, again and again."""
    passages = whole_build(documents, index).passages  # leaves the export behind
    rates = []
    for _ in range(rounds):
        forget(index)
        rates.append(passages / timed(index_command(documents, index)))
    return Rate(passages, spread(rates))


def starts(index: Path, log: Path, questions: Questions, rounds: int) -> Starts:
    """Both starts in turns."""
    serve, ask = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        with serving(serve_command(index), log) as server:
            Asker(server).ask(next(questions))
            serve.append(time.perf_counter() - began)
        command = [CITEWELL, "ask", "--index", str(index), "--", next(questions)]
        ask.append(timed(command))
    return Starts(spread(serve), spread(ask))


def serve_load(index: Path, log: Path, questions: Questions, rounds: int, count: int) -> Serving:
    """`count` questions for every number of clients in every round, the numbers in turns."""
    with serving(module("trivial"), log.with_suffix(".trivial")) as trivial:
        generator = tuple(
            level(clients, [ask_all(trivial, clients, repeat("?"), count)]) for clients in CLIENTS
        )
    with serving(serve_command(index), log) as server:
        Asker(server).ask(next(questions))
        fresh = memory(server.pid)
        loads: dict[int, list[Load]] = {clients: [] for clients in CLIENTS}
        for number in range(rounds):
            for clients in CLIENTS if number % 2 == 0 else reversed(CLIENTS):
                loads[clients].append(ask_all(server, clients, questions, count))
        levels = tuple(level(clients, loads[clients]) for clients in CLIENTS)
        loaded = memory(server.pid)
        reading = tuple(
            level(
                clients,
                [ask_all(server, clients, questions, count, answer=True) for _ in range(rounds)],
            )
            for clients in READING_CLIENTS
        )
        return Serving(generator, levels, reading, fresh, loaded)
