"""How size, overlap and context of the passages change what is found."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

from index.chunker import Chunking
from qa.records import Mode
from scripts.evaluation import sets
from scripts.evaluation.records import CoverageEstimate, Estimate, EvaluationSet
from scripts.evaluation.run import evaluate, open_cached
from scripts.evaluation.tables import estimate, table

SIZES = (64, 128, 192)
CONTEXTS = (0, 48)


@dataclass(frozen=True, slots=True)
class SweepTask:
    """One way to cut, to be tried in one process.

    Attributes:
        articles: how many articles of new-wiki, None for all.
        sample: how many questions of each set, None for all.
    """

    chunking: Chunking
    mode: Mode
    data: Path
    var: Path
    model: str
    articles: int | None
    sample: int | None


@dataclass(frozen=True, slots=True)
class SweepRow:
    """What one way to cut comes to.

    Attributes:
        passages: of the chunking set and of the articles.
        coverage: of the chunking set's spans.
        recall_at_1, recall_at_5: of the answers' spans in the articles.
    """

    chunking: Chunking
    passages: tuple[int, int]
    coverage: CoverageEstimate
    recall_at_1: Estimate
    recall_at_5: Estimate


@dataclass(frozen=True, slots=True)
class SweepResults:
    mode: Mode
    articles: int | None
    sample: int | None
    rows: tuple[SweepRow, ...]


def ways() -> list[Chunking]:
    """Every size, without overlap and with a third, without and with context."""
    return [
        Chunking(size=size, overlap=overlap, context=context)
        for size, context in product(SIZES, CONTEXTS)
        for overlap in (0, round(size / 3))
    ]


def made(task: SweepTask) -> tuple[EvaluationSet, EvaluationSet]:
    """The chunking set and the articles, written where they aren't yet.

    Made once before there are processes, which would write the same files at the same time.
    """
    spans = sets.make("chunking", task.data, task.var, task.sample)
    if task.articles is None:
        return spans, sets.make("new-wiki-articles", task.data, task.var, task.sample)
    written = task.var / "sweep" / f"{task.articles}-articles"
    articles = sets.new_wiki_articles(task.data, written, task.articles)
    return spans, sets.some_questions(articles, task.sample)


def try_way(task: SweepTask) -> SweepRow:
    """Cut, index and ask the chunking set and the articles in one way."""
    cut = task.chunking
    index = task.var / "sweep" / f"{cut.size}-{cut.overlap}-{cut.context}"
    spans, articles = made(task)
    with open_cached(task.var, task.model) as embedder:
        of_spans = evaluate(spans, index / "chunking", embedder, (task.mode,), cut)
        # a folder for each choice of articles, or every other sweep would build it anew
        name = f"articles-{task.articles or 'all'}"
        of_articles = evaluate(articles, index / name, embedder, (task.mode,), cut)
    coverage = of_spans.modes[0].coverage
    assert coverage is not None  # noqa: S101 - the chunking set is measured so
    return SweepRow(
        chunking=cut,
        passages=(of_spans.passages, of_articles.passages),
        coverage=coverage,
        recall_at_1=of_articles.modes[0].recall_at_1,
        recall_at_5=of_articles.modes[0].recall_at_5,
    )


def sweep_table(rows: list[SweepRow]) -> str:
    head = ("size", "overlap", "context", "passages", "span recall@5", "precision@5", "IoU@5")
    return table(
        (*head, "articles R@1", "R@5"),
        [
            (
                *map(str, (row.chunking.size, row.chunking.overlap, row.chunking.context)),
                f"{row.passages[0]:,} + {row.passages[1]:,}",
                *map(estimate, (row.coverage.recall, row.coverage.precision, row.coverage.iou)),
                estimate(row.recall_at_1),
                estimate(row.recall_at_5),
            )
            for row in rows
        ],
    )
