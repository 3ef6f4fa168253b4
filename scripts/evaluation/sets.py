"""The sets by their names."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from scripts.evaluation import chunking, sample, scifact, squad
from scripts.evaluation.records import DataProblem, EvaluationSet

ROOT = Path(__file__).parents[2]

NEW_WIKI = "squadshifts/new_wiki_v1.0.json"
_SQUAD_DEV = "squad/dev-v1.1.json"
_QUESTIONS_SEED = 0

# Name → how the set is made of the folder of data and the folder of documents to write.
_MAKERS: dict[str, Callable[[str, Path, Path], EvaluationSet]] = {
    "squad-dev-paragraphs": lambda name, data, folder: squad.paragraph_set(
        name, squad.read(data / _SQUAD_DEV), folder
    ),
    "new-wiki-paragraphs": lambda name, data, folder: squad.paragraph_set(
        name, squad.read(data / NEW_WIKI), folder
    ),
    "squad-dev-articles": lambda name, data, folder: squad.article_set(
        name, squad.read(data / _SQUAD_DEV), folder
    ),
    "new-wiki-articles": lambda name, data, folder: squad.article_set(
        name, squad.read(data / NEW_WIKI), folder
    ),
    "scifact": lambda name, data, folder: scifact.beir_set(name, data / "scifact", "test", folder),
    "chunking": lambda name, data, folder: chunking.chunking_set(name, data / "chunking", folder),
}

SAMPLE = "sample"


def names(data: Path) -> tuple[str, ...]:
    """The sets that can be made, the longest first; the sample alone where `data` is no folder."""
    return (*_MAKERS, SAMPLE) if data.is_dir() else (SAMPLE,)


def check(name: str, data: Path) -> None:
    """
    Raises:
        DataProblem: there is no set of that name.
    """
    if name not in names(data):
        known = ", ".join(names(data))
        raise DataProblem(f"no set {name!r}; with QA_DATA={data} there are {known}")


def make(name: str, data: Path, var: Path, count: int | None = None) -> EvaluationSet:
    """The set of that name, its documents written below `var` where they aren't yet.

    Args:
        data: folder of what others wrote, laid out as its README says.
        count: ask that many questions only, drawn by lot; None for all.

    Raises:
        DataProblem: there is no such set, or it isn't as expected.
    """
    check(name, data)
    if name == SAMPLE:
        made = sample.sample_set(name, ROOT / "documents", ROOT / "tests" / "questions.toml")
    else:
        made = _MAKERS[name](name, data, var / name / "documents")
    return some_questions(made, count)


def new_wiki_articles(data: Path, folder: Path, count: int) -> EvaluationSet:
    """The set of that name of `count` of its articles, drawn by lot."""
    articles = squad.some(squad.read(data / NEW_WIKI), count)
    return squad.article_set("new-wiki-articles", articles, folder)


def some_questions(made: EvaluationSet, count: int | None) -> EvaluationSet:
    """The set with `count` of its questions, in their order; the same lot every time."""
    if count is None or count >= len(made.questions):
        return made
    rng = np.random.default_rng(_QUESTIONS_SEED)
    chosen = rng.choice(len(made.questions), count, replace=False)
    return replace(made, questions=tuple(made.questions[n] for n in sorted(chosen.tolist())))
