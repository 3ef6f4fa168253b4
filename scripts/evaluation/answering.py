"""The sets that answers are measured on. For reporting alone: nothing is chosen by them."""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from index.build import build
from index.embedders import Embedder
from qa.answerer import Answerer
from qa.readers import Reader, ReadText, open_reader
from qa.readers.normalisation import f1_of
from qa.records import Answer, Response
from scripts.evaluation import answers, sets, squad
from scripts.evaluation.answers import Answered, AnswerResult, Figure
from scripts.evaluation.files import load
from scripts.evaluation.metrics import estimates
from scripts.evaluation.records import DataProblem, Estimate, EvaluationSet
from scripts.evaluation.run import open_cached, outcomes, summary

_UNHURRIED = 3600.0  # seconds: what is read must not depend on how busy the machine is

_NULL = 0.0  # score of "no answer" in a passage that is given; nothing was fitted to it

_SEED = 0


@dataclass(frozen=True, slots=True)
class AnswerTask:
    """One set, whole in one process; attributes as of `run.Task`.

    Attributes:
        reader: as `qa.readers.open_reader` takes it.
    """

    name: str
    data: Path
    var: Path
    model: str
    reader: str
    sample: int | None


def names(data: Path) -> tuple[str, ...]:
    """What can be measured; the sample alone where `data` is no folder."""
    return tuple(_SETS) if data.is_dir() else (sets.SAMPLE,)


def measure(task: AnswerTask) -> AnswerResult:
    """
    Raises:
        DataProblem: there is no such set, or no reader.
    """
    reader = open_reader(task.reader)
    if reader is None:
        raise DataProblem(f"there is no reader {task.reader!r} to measure")
    if task.name not in names(task.data):
        raise DataProblem(f"no set {task.name!r}; there are {', '.join(names(task.data))}")
    return _SETS[task.name](task, reader)


def _squad_1(task: AnswerTask, reader: Reader) -> AnswerResult:
    every = list(_given(task.data / "squad/dev-v1.1.json", task.sample, reader))
    return AnswerResult(task.name, answers.best_guesses(every))


def _squad_2(task: AnswerTask, reader: Reader) -> AnswerResult:
    every = list(_given(task.data / "squad/dev-v2.0.json", task.sample, reader))
    answerable = [entry for entry in every if entry.marked]
    others = [entry for entry in every if not entry.marked]
    figures = (
        *answers.with_nulls(every),
        *answers.best_guesses(answerable),
        answers.told_apart(answerable, others),
    )
    return AnswerResult(task.name, figures, answers.risks(every))


def _given(path: Path, sample: int | None, reader: Reader) -> Iterator[Answered]:
    """Every question, read in its own whole paragraph without its title."""
    asked = [
        (paragraph.text, question)
        for article in squad.read(path)
        for paragraph in article.paragraphs
        for question in paragraph.asked
    ]
    for number in _lot(len(asked), sample):
        text, question = asked[number]
        (span,) = reader.read(question.text, [ReadText("", text)])
        yield Answered(
            text=text[span.start : span.end] if span else "",
            sure=span.score if span else -np.inf,
            given=span is not None and span.score > _NULL,
            marked=tuple({text[start:end]: None for start, end in question.answers}),
        )


def _lot(count: int, sample: int | None) -> list[int]:
    """`sample` numbers below `count`, in order; the same every time."""
    drawn = np.random.default_rng(_SEED).permutation(count)
    return sorted(drawn[:sample].tolist())


def _new_wiki(task: AnswerTask, reader: Reader) -> AnswerResult:
    """Every paragraph a document; every question asked of all of them."""
    articles = squad.read(task.data / sets.NEW_WIKI)
    marked = _marked(articles)
    folder = task.var / "new-wiki-paragraphs"
    made = sets.make("new-wiki-paragraphs", task.data, task.var, task.sample)
    with open_cached(task.var, task.model) as embedder:
        build(made.documents, folder / "index", embedder)
        plain, reading = _both(folder / "index", embedder, reader)
        every = [
            _answered(reading.ask(question.text, 1), marked[question.id])
            for question in made.questions
        ]
        figures = (
            *answers.best_guesses(every),
            *answers.given(every),
            *answers.calibration_errors(every),
            *_before_and_after(made, plain, reading),
        )
    return AnswerResult(task.name, figures, answers.risks(every))


def _abstention(task: AnswerTask, reader: Reader) -> AnswerResult:
    """Articles in two halves by lot; every question asked of the half with its article, and of
    the other, in which nothing answers."""
    articles = squad.read(task.data / sets.NEW_WIKI)
    lot = np.random.default_rng(_SEED).permutation(len(articles))
    halves = [[articles[n] for n in sorted(half.tolist())] for half in (lot[::2], lot[1::2])]
    marked = _marked(articles)
    present, absent = [], []
    with open_cached(task.var, task.model) as embedder:
        opened = []
        for side, half in zip("ab", halves, strict=True):
            folder = task.var / f"new-wiki-{side}"
            made = squad.article_set(folder.name, half, folder / "documents")
            build(made.documents, folder / "index", embedder)
            opened.append((made, _both(folder / "index", embedder, reader)[1]))
        each = None if task.sample is None else max(1, task.sample // 2)
        for (made, own), (_, other) in (opened, opened[::-1]):
            for question in sets.some_questions(made, each).questions:
                present.append(_answered(own.ask(question.text, 1), marked[question.id]))
                absent.append(_answered(other.ask(question.text, 1), ()))
    figures = (
        answers.told_apart(present, absent),
        *answers.best_guesses(present),
        *(replace(f, name=f"{f.name}, with its article") for f in answers.given(present)),
        replace(answers.given(absent)[0], name="answered, without"),
    )
    return AnswerResult(task.name, figures)


def _scifact(task: AnswerTask, reader: Reader) -> AnswerResult:
    made = sets.make("scifact", task.data, task.var, task.sample)
    with open_cached(task.var, task.model) as embedder:
        index = task.var / "scifact" / "index"
        build(made.documents, index, embedder)
        figures = _before_and_after(made, *_both(index, embedder, reader))
    return AnswerResult(task.name, figures)


def _sample(task: AnswerTask, reader: Reader) -> AnswerResult:
    """Right is what shares characters with the marked span, or half of its words."""
    documents = sets.ROOT / "documents"
    entries = tomllib.loads((sets.ROOT / "tests" / "questions.toml").read_text("utf-8"))["question"]
    right, guessed, nulls = [], [], []
    with open_cached(task.var, task.model) as embedder:
        index = task.var / sets.SAMPLE / "index"
        build(documents, index, embedder)
        _, reading = _both(index, embedder, reader)
        for number in _lot(len(entries), task.sample):
            entry = entries[number]
            response = reading.ask(entry["ask"])
            if "span" in entry:
                guess = response.reading.guess if response.reading else None
                text = load(documents, entry["document"]).text
                says = _says(guess, entry["document"], entry["span"], text)
                right.append([says if response.answer else 0.0])
                guessed.append([says])
            else:
                nulls.append([float(response.answer is None)])
    figures = [
        Figure(name, estimates(np.array(values))[0], len(values))
        for name, values in (
            ("answered rightly", right),
            ("guessed rightly, sure or not", guessed),
            ("null where nothing answers", nulls),
        )
        if values
    ]
    return AnswerResult(task.name, tuple(figures))


def _says(answer: Answer | None, document_id: str, span: str, text: str) -> float:
    if answer is None:
        return 0.0
    start = text.find(span)
    while start >= 0:
        end = start + len(span)
        if answer.document_id == document_id and answer.start < end and start < answer.end:
            return 1.0
        start = text.find(span, start + 1)
    return float(f1_of(answer.text, span) >= answers.RIGHT)


def _both(index: Path, embedder: Embedder, reader: Reader) -> tuple[Answerer, Answerer]:
    """Answerers without and with the reader."""
    plain = Answerer.open(index, embedder)
    return plain, Answerer.open(index, embedder, reader, budget=_UNHURRIED)


def _answered(response: Response, marked: tuple[str, ...]) -> Answered:
    guess = response.reading.guess if response.reading else None
    return Answered(
        text=guess.text if guess else "",
        sure=guess.confidence if guess else 0.0,
        given=response.answer is not None,
        marked=marked,
    )


def _marked(articles: Sequence[squad.Article]) -> dict[str, tuple[str, ...]]:
    """What people marked, by question."""
    return {
        asked.id: tuple({paragraph.text[start:end]: None for start, end in asked.answers})
        for article in articles
        for paragraph in article.paragraphs
        for asked in paragraph.asked
    }


def _before_and_after(
    made: EvaluationSet, plain: Answerer, reading: Answerer
) -> tuple[Figure, ...]:
    """What reordering does to the ranking of passages and to their confidence, in mode hybrid."""
    figures = []
    for when, answerer in (("before", plain), ("after", reading)):
        result = summary("hybrid", outcomes(made, answerer, "hybrid"), made)
        figures += [
            Figure(f"{name}, {when}", value, len(made.questions))
            for name, value in (
                ("R@1", result.recall_at_1),
                ("MRR@10", result.mrr_at_10),
                ("nDCG@10", result.ndcg_at_10),
            )
        ]
        figures += [
            Figure(
                f"ECE of the {calibration.of} passage, {when}",
                Estimate(calibration.error, calibration.error, calibration.error),
                calibration.count,
            )
            for calibration in result.calibrations[:1]
        ]
    return tuple(figures)


_SETS: dict[str, Callable[[AnswerTask, Reader], AnswerResult]] = {
    "new-wiki": _new_wiki,
    "abstention": _abstention,
    "squad-2.0": _squad_2,
    "squad-1.1": _squad_1,
    "scifact": _scifact,
    sets.SAMPLE: _sample,
}
