"""The processes of those that are compared, one for each, alive through all rounds."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from index.embedders.bundled import bundled_folder
from scripts.benchmark.peers.venvs import REQUIREMENTS, python
from scripts.benchmark.processes import ROOT, BenchmarkProblem, environment

OURS = "ours"
NAMES = (OURS, *REQUIREMENTS)
LIMIT = 5


@dataclass(frozen=True, slots=True)
class Order:
    """What to index, as files that a worker can read."""

    texts: Path
    documents: Path
    passages: int


class Worker:
    """One that is compared."""

    def __init__(self, name: str, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.name = name
        self.folder = folder
        self._process = process
        self._hear()

    def embed(self, order: Order) -> float:
        """Passages embedded in a second."""
        return order.passages / float(self._tell("embed", **self._paths(order))["seconds"])

    def index(self, order: Order) -> float:
        """Passages indexed in a second, from nothing."""
        return order.passages / float(self._tell("index", **self._paths(order))["seconds"])

    def ask(self, questions: Sequence[str], mode: str) -> float:
        """Median of the milliseconds that a question takes.

        Raises:
            BenchmarkProblem: not every question was given its five passages.
        """
        answer = self._tell("ask", questions=questions, mode=mode, limit=LIMIT)
        if answer["found"] != LIMIT * len(questions):
            raise BenchmarkProblem(
                f"{self.name} found {answer['found']} passages for {len(questions)} questions"
            )
        milliseconds: list[float] = answer["milliseconds"]
        return median(milliseconds)

    def _paths(self, order: Order) -> dict[str, str]:
        return {
            "texts": str(order.texts),
            "documents": str(order.documents),
            "folder": str(self.folder),
        }

    def _tell(self, do: str, **more: Any) -> dict[str, Any]:
        assert self._process.stdin is not None  # noqa: S101 - see `working`
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - see `working`
        line = self._process.stdout.readline()
        if not line:
            raise BenchmarkProblem(f"{self.name} has ended; see {self.folder}.log")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def working(venvs: Path, var: Path) -> Iterator[dict[str, Worker]]:
    """All workers by name, each with its model loaded and a folder below `var`."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(_worker(name, venvs, var)) for name in NAMES}


@contextmanager
def _worker(name: str, venvs: Path, var: Path) -> Iterator[Worker]:
    folder = var / name
    folder.mkdir(parents=True, exist_ok=True)
    interpreter = sys.executable if name == OURS else python(venvs, name)
    given = str(folder / "models") if name == OURS else str(bundled_folder())
    with Path(f"{folder}.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [interpreter, "-m", f"scripts.benchmark.peers.{name}", given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=ROOT,
            env=environment(),
        )
        try:
            yield Worker(name, process, folder)
        finally:
            process.kill()
            process.wait()
