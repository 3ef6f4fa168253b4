"""How well a reader does on articles that it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.readers.normalisation import f1_of, normalised
from scripts.evaluation.metrics import auroc
from scripts.reader.encoding import Encoded, Example, Layout
from scripts.reader.mining import DEPTH, GOLD
from scripts.reader.model import Reader
from scripts.reader.reading import Read, read, words

_SEED = 0
_NULL_DEPTH = 5  # hits that are read to tell whether there is an answer


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares in [0, 1].

    Attributes:
        exact, f1: of the answer in the passage that holds it, by SQuAD's own rules.
        asked: of how many questions.
        first: right passages put first, of the retriever's `DEPTH`; by the reader's score.
        first_before: as the retriever has them.
        reciprocal, reciprocal_before: means of 1 / rank of the first right passage, likewise.
        open_f1: of the answer from the passages found, by the reader's score alone.
        auroc: of the best score among hits with the answer's article in the index, against
            the same questions without it.
        retrieved: of how many questions the last seven are.
    """

    exact: float
    f1: float
    asked: int
    first: float
    first_before: float
    reciprocal: float
    reciprocal_before: float
    open_f1: float
    auroc: float
    retrieved: int


def measure(
    reader: Reader, encoded: Encoded, layout: Layout, asked: int, retrieved: int
) -> Figures:
    """Figures of a sample that is the same every time.

    Every other question is read with title and headings in front, the others without: there
    are documents of both kinds.

    Args:
        asked, retrieved: questions read in the right passage, and in what was found; at most
            as many as there are. The second are the first of the first.
    """
    given = sample(encoded, asked)
    questions = [example.question for example in given]
    exact, f1 = answered(encoded, given, read(reader, layout, given))
    some = questions[:retrieved]
    near_scores, texts = _found(reader, encoded, layout, some, encoded.near, DEPTH)
    right = encoded.near_kind[some] == GOLD
    order = np.argsort(-near_scores, axis=1, kind="stable")
    far_scores, _ = _found(reader, encoded, layout, some, encoded.far, _NULL_DEPTH)
    chosen = [texts[n][place] for n, place in enumerate(order[:, 0])]
    by_reader = np.take_along_axis(right, order, axis=1)
    return Figures(
        exact=float(np.mean(exact)),
        f1=float(np.mean(f1)),
        asked=len(given),
        first=float(by_reader[:, 0].mean()),
        first_before=float(right[:, 0].mean()),
        reciprocal=_reciprocal(by_reader),
        reciprocal_before=_reciprocal(right),
        open_f1=float(
            np.mean([f1_of(a, encoded.answers[q]) for a, q in zip(chosen, some, strict=True)])
        ),
        auroc=auroc(near_scores[:, :_NULL_DEPTH].max(1), far_scores.max(1)),
        retrieved=len(some),
    )


def sample(encoded: Encoded, asked: int) -> list[Example]:
    """Questions by lot, the same every time, each with the first passage that holds its answer."""
    lot = np.random.default_rng(_SEED).permutation(len(encoded.answers))[:asked]
    return [_example(question, int(encoded.gold[question, 0])) for question in lot.tolist()]


def _example(question: int, row: int) -> Example:
    return Example(question, row, front=question % 2 == 0)


def answered(
    encoded: Encoded, examples: Sequence[Example], found: Read
) -> tuple[list[float], list[float]]:
    """Exact match and F1 of each example's best span."""
    exact, f1 = [], []
    for number, example in enumerate(examples):
        text = words(encoded, example, found.tokens[number])
        answer = encoded.answers[example.question]
        exact.append(float(normalised(text) == normalised(answer)))
        f1.append(f1_of(text, answer))
    return exact, f1


def _reciprocal(right: NDArray[np.bool_]) -> float:
    return float(np.where(right.any(1), 1 / (1 + right.argmax(1)), 0.0).mean())


def _found(
    reader: Reader,
    encoded: Encoded,
    layout: Layout,
    questions: Sequence[int],
    hits: NDArray[np.int32],
    depth: int,
) -> tuple[NDArray[np.float32], list[list[str]]]:
    """Of what was found for each question: scores (n, depth) and answers.

    Where fewer were found, the score is -inf and the answer "".
    """
    places = [
        (number, place, _example(question, int(hits[question, place])))
        for number, question in enumerate(questions)
        for place in range(depth)
        if hits[question, place] >= 0
    ]
    found = read(reader, layout, [example for _, _, example in places])
    scores = np.full((len(questions), depth), -np.inf, np.float32)
    texts = [[""] * depth for _ in questions]
    for at, (number, place, example) in enumerate(places):
        scores[number, place] = found.scores[at]
        texts[number][place] = words(encoded, example, found.tokens[at])
    return scores, texts
