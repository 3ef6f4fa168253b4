"""Which passages answer each question, and which only look as if they did."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embedders import Embedder
from index.errors import QuestionError
from qa.answerer import Answerer
from qa.readers.normalisation import normalised
from qa.records import Hit
from scripts.evaluation.records import Question
from scripts.reader.articles import CutPassage

DEPTH = 10
"""Hits that are kept of each question asked."""

MOST_GOLD = 3
"""Passages that may hold one span, since neighbours overlap."""

NONE, NEGATIVE, GOLD, HOLDS_TEXT = -1, 0, 1, 2
"""Kinds of a hit: there is none; it can't answer; it holds the span; it holds its words
elsewhere, so that it is neither right nor wrong."""

Ask = Callable[[str], Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class Mined:
    """One part's questions and passages; n questions, rows are places in a list of passages.

    Attributes:
        questions, answers: n texts.
        passages: of this part. Rows of `far` are places in the other part's.
        gold: (n, MOST_GOLD) int32 rows of the passages that hold the span whole, -1 after them.
        spans: (n, MOST_GOLD, 2) int32, the span in the body of each, in code points.
        near: (n, DEPTH) int32 rows, what the retriever finds in this part, best first.
        far: (n, DEPTH) int32 rows, what it finds where the question's article is not.
        near_kind, far_kind: (n, DEPTH) int8, see `NONE`.
        near_score, far_score: (n, DEPTH) float32, fused scores, 0 where there is no hit.
    """

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    passages: tuple[CutPassage, ...]
    gold: NDArray[np.int32]
    spans: NDArray[np.int32]
    near: NDArray[np.int32]
    near_kind: NDArray[np.int8]
    near_score: NDArray[np.float32]
    far: NDArray[np.int32]
    far_kind: NDArray[np.int8]
    far_score: NDArray[np.float32]


class Held:
    """Passages by place and by what they hold."""

    def __init__(self, passages: Sequence[CutPassage]) -> None:
        self.passages = tuple(passages)
        self._texts = [f" {normalised(passage.body)} " for passage in passages]
        self._rows = {
            (passage.document_id, passage.start, passage.end): row
            for row, passage in enumerate(passages)
        }
        self._of_document = defaultdict(list)
        for row, passage in enumerate(passages):
            self._of_document[passage.document_id].append(row)

    def row(self, hit: Hit) -> int:
        return self._rows[hit.passage.document_id, hit.passage.start, hit.passage.end]

    def holds(self, row: int, answer: str) -> bool:
        """Whether the normalised answer is in a passage, as whole words."""
        return f" {answer} " in self._texts[row]

    def gold(self, document_id: str, span: tuple[int, int]) -> list[tuple[int, int, int]]:
        """(row, start, end) of the passages that hold a span whole, in their bodies."""
        start, end = span
        return [
            (row, start - passage.offset, end - passage.offset)
            for row in self._of_document[document_id]
            if (passage := self.passages[row]).offset <= start and end <= passage.end
        ]


def mine(
    questions: Sequence[Question],
    answers: Sequence[str],
    near: tuple[Held, Ask],
    far: tuple[Held, Ask],
    progress: Callable[[int], None],
) -> Mined:
    """Ask every question of the part with its article and of the one without.

    A question is left out whose span no passage holds whole, whose answer is nothing but
    articles and punctuation, or that the product refuses.

    Args:
        near, far: the passages of either part, and how its index is asked for `DEPTH` hits.
        progress: told how many questions are done.
    """
    rows = []
    for number, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        progress(number)
        target, plain = question.targets[0], normalised(answer)
        gold = near[0].gold(target.document_id, target.spans[0])[:MOST_GOLD]
        if not gold or not plain:
            continue
        try:
            here, there = near[1](question.text), far[1](question.text)
        except QuestionError:
            continue
        golden = frozenset(row for row, _, _ in gold)
        found = _kinds(near[0], here, golden, plain), _kinds(far[0], there, frozenset(), plain)
        rows.append(_Row(question.text, answer, gold, *found))
    gold_rows = np.full((len(rows), MOST_GOLD), -1, np.int32)
    spans = np.zeros((len(rows), MOST_GOLD, 2), np.int32)
    for number, found_row in enumerate(rows):
        for place, (row, start, end) in enumerate(found_row.gold):
            gold_rows[number, place], spans[number, place] = row, (start, end)
    near_hits, near_kind, near_score = _filled([row.near for row in rows])
    far_hits, far_kind, far_score = _filled([row.far for row in rows])
    return Mined(
        questions=tuple(row.question for row in rows),
        answers=tuple(row.answer for row in rows),
        passages=near[0].passages,
        gold=gold_rows,
        spans=spans,
        near=near_hits,
        near_kind=near_kind,
        near_score=near_score,
        far=far_hits,
        far_kind=far_kind,
        far_score=far_score,
    )


_Found = list[tuple[int, int, float]]  # row, kind and score of each hit


@dataclass(frozen=True, slots=True)
class _Row:
    question: str
    answer: str
    gold: list[tuple[int, int, int]]
    near: _Found
    far: _Found


def _kinds(held: Held, hits: Iterable[Hit], golden: frozenset[int], answer: str) -> _Found:
    found = []
    for hit in hits:
        row = held.row(hit)
        other = HOLDS_TEXT if held.holds(row, answer) else NEGATIVE
        found.append((row, GOLD if row in golden else other, hit.scores.fused))
    return found


def _filled(
    found: Sequence[_Found],
) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.float32]]:
    rows = np.full((len(found), DEPTH), -1, np.int32)
    kinds = np.full((len(found), DEPTH), NONE, np.int8)
    scores = np.zeros((len(found), DEPTH), np.float32)
    for number, hits in enumerate(found):
        for place, (row, kind, score) in enumerate(hits):
            rows[number, place], kinds[number, place] = row, kind
            scores[number, place] = score
    return rows, kinds, scores


def asking(index: Path, embedder: Embedder) -> Ask:
    """How the product itself is asked for the first `DEPTH` hits."""
    answerer = Answerer.open(index, embedder)
    return lambda question: answerer.ask(question, DEPTH, "hybrid").hits


_ARRAYS = (
    *("gold", "spans", "near", "near_kind", "near_score"),
    *("far", "far_kind", "far_score"),
)


def save(mined: Mined, folder: Path) -> None:
    """Texts as JSON and numbers as npz; the latter, written last, says that all is there."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "questions": mined.questions,
        "answers": mined.answers,
        "passages": [asdict(passage) for passage in mined.passages],
    }
    (folder / "mined.json").write_text(json.dumps(texts), "utf-8")
    draft = folder / "draft.npz"
    np.savez_compressed(draft, **{name: getattr(mined, name) for name in _ARRAYS})
    draft.replace(folder / "mined.npz")


def load(folder: Path) -> Mined:
    """What `save` wrote.

    Raises:
        FileNotFoundError: nothing has been mined there.
    """
    with np.load(folder / "mined.npz", allow_pickle=False) as arrays:
        numbers = {name: arrays[name] for name in _ARRAYS}
    texts = json.loads((folder / "mined.json").read_text("utf-8"))
    return Mined(
        questions=tuple(texts["questions"]),
        answers=tuple(texts["answers"]),
        passages=tuple(CutPassage(**passage) for passage in texts["passages"]),
        **numbers,
    )
