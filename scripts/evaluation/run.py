"""The product's own path: a set's documents are indexed, and its questions are asked."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from index.build import build
from index.chunker import Chunking
from index.embedders import Embedder, Precision, open_embedder
from qa.answerer import Answerer
from qa.records import Mode, Response
from scripts.evaluation import sets
from scripts.evaluation.cache import CachedEmbedder
from scripts.evaluation.calibration import calibrations
from scripts.evaluation.judging import judge, limit
from scripts.evaluation.metrics import estimates, gains, ndcg, recall, reciprocal_rank
from scripts.evaluation.records import (
    CoverageEstimate,
    EvaluationSet,
    ModeResult,
    Outcome,
    SetResult,
)

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class Answering(Protocol):
    """What answers questions: `qa.answerer.Answerer`."""

    def ask(self, question: str, limit: int, mode: Mode) -> Response: ...


@dataclass(frozen=True, slots=True)
class Task:
    """One set to evaluate, whole in one process.

    Attributes:
        data: the folder of what others wrote.
        var: the folder for what is built.
        model, precision: of the embeddings.
        sample: how many questions, None for all.
    """

    name: str
    modes: tuple[Mode, ...]
    data: Path
    var: Path
    model: str
    precision: Precision
    sample: int | None


def run(task: Task) -> SetResult:
    """Make a set, index it and ask it in every mode."""
    made = sets.make(task.name, task.data, task.var, task.sample)
    with open_cached(task.var, task.model, task.precision) as embedder:
        return evaluate(made, task.var / task.name / "index", embedder, task.modes)


def open_cached(var: Path, model: str, precision: Precision = "int8") -> CachedEmbedder:
    embedder = open_embedder(model, var / "models", precision, may_export=True)
    return CachedEmbedder(var / "vectors.db", embedder)


def evaluate(
    made: EvaluationSet,
    index: Path,
    embedder: Embedder,
    modes: Sequence[Mode],
    chunking: Chunking | None = None,
) -> SetResult:
    """Bring the set's index up to date and ask all its questions in every mode."""
    report = build(made.documents, index, embedder, chunking)
    answerer = Answerer.open(index, embedder)
    return SetResult(
        name=made.name,
        rule=made.rule,
        documents=report.documents,
        passages=report.passages,
        questions=len(made.questions),
        modes=tuple(summary(mode, outcomes(made, answerer, mode), made) for mode in modes),
    )


def outcomes(made: EvaluationSet, answerer: Answering, mode: Mode) -> list[Outcome]:
    """What comes back for each question, in order."""
    most = limit(made.rule)
    return [
        judge(question, answerer.ask(question.text, most, mode).hits, made)
        for question in made.questions
    ]


def summary(mode: Mode, outcomes: Sequence[Outcome], made: EvaluationSet) -> ModeResult:
    """What outcomes, at least one, come to."""
    found, targets = gains(outcomes)
    columns = [
        recall(found, targets, 1),
        recall(found, targets, 5),
        reciprocal_rank(found),
        ndcg(found, targets),
    ]
    at_1, at_5, mrr, gain = estimates(np.stack(columns, axis=1))
    covered = [outcome.coverage for outcome in outcomes if outcome.coverage]
    rows = [(entry.recall, entry.precision, entry.iou) for entry in covered]
    return ModeResult(
        mode=mode,
        recall_at_1=at_1,
        recall_at_5=at_5,
        mrr_at_10=mrr,
        ndcg_at_10=gain,
        coverage=CoverageEstimate(*estimates(np.array(rows))) if rows else None,
        calibrations=calibrations(outcomes) if made.calibrated else (),
    )


def each(
    work: Callable[[TaskT], ResultT],
    tasks: Sequence[TaskT],
    processes: int,
    done: Callable[[ResultT], None],
) -> list[ResultT]:
    """`work` of every task, in their order; `done` is told of each one in that order."""
    results = []
    if processes == 1 or len(tasks) == 1:
        for task in tasks:
            results.append(work(task))
            done(results[-1])
        return results
    # spawned, since a model's threads don't survive a fork
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for result in pool.map(work, tasks):
            results.append(result)
            done(result)
    return results
