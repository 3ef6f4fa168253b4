"""Held-out questions asked as the product asks them, and what a reader finds in each hit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np

from index.embedders import Embedder
from qa.answerer import Answerer
from qa.readers import Reader, ReadText, Span
from qa.reading import DEPTH, ReadHit
from qa.records import Mode
from scripts.evaluation.records import EvaluationSet, Question
from scripts.reader.articles import OTHER, SQUAD, ambiguous, index_of, indexed
from scripts.reader.preparing import answer_texts

HELD_OUT = ("held-out-a", "held-out-b")
MODES: tuple[Mode, ...] = get_args(Mode)
_SEED = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, with the answer in the index or without.

    Attributes:
        answer: the words marked as the answer.
        present: whether its article is in the index that was asked.
        found: by mode, the hits, all read.
        right: by mode, of each hit whether it holds the marked span whole.
    """

    answer: str
    present: bool
    found: Mapping[Mode, tuple[ReadHit, ...]]
    right: Mapping[Mode, tuple[bool, ...]]


class _Remembered:
    """Reads each passage once for a question, whichever ways to rank find it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[ReadText, Span | None] = {}

    def read(self, question: str, texts: Sequence[ReadText]) -> list[Span | None]:
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        self._known.update(zip(new, self._reader.read(question, new), strict=True))
        return [self._known[text] for text in texts]


def asked(
    data: Path, var: Path, embedder: Embedder, reader: Reader, questions: int
) -> Iterator[Asked]:
    """Ask so many questions of each held-out half, of the half that answers and of the other.

    Ambiguous ones are left out, since what is marked is then a guess.
    """
    made = {part: indexed(part, data, var, embedder) for part in HELD_OUT}
    answerers = {part: Answerer.open(index_of(part, var), embedder) for part in HELD_OUT}
    doubtful = ambiguous(data / SQUAD)
    for part in HELD_OUT:
        chosen = _some(made[part], doubtful, questions)
        texts = answer_texts(made[part], chosen)
        for question, answer in zip(chosen, texts, strict=True):
            remembered = _Remembered(reader)
            for side in (part, OTHER[part]):
                found = {
                    mode: _read(question.text, answerers[side], mode, remembered) for mode in MODES
                }
                yield Asked(
                    answer=answer,
                    present=side == part,
                    found=found,
                    right={
                        mode: tuple(side == part and _holds(hit, question) for hit in hits)
                        for mode, hits in found.items()
                    },
                )


def _some(made: EvaluationSet, doubtful: frozenset[str], count: int) -> list[Question]:
    clear = [question for question in made.questions if question.id not in doubtful]
    lot = np.random.default_rng(_SEED).permutation(len(clear))[:count]
    return [clear[number] for number in sorted(lot.tolist())]


def _read(
    question: str, answerer: Answerer, mode: Mode, reader: _Remembered
) -> tuple[ReadHit, ...]:
    hits = answerer.ask(question, DEPTH, mode, answer=False).hits
    texts = [answerer.text_of(hit) for hit in hits]
    spans = reader.read(question, [text for text, _ in texts])
    return tuple(
        ReadHit(hit, offset, span, read=True)
        for hit, (_, offset), span in zip(hits, texts, spans, strict=True)
    )


def _holds(entry: ReadHit, question: Question) -> bool:
    passage, target = entry.hit.passage, question.targets[0]
    return passage.document_id == target.document_id and any(
        passage.start <= start and end <= passage.end for start, end in target.spans
    )


def stopped(found: Sequence[ReadHit], reach: float, enough: float, at_once: int) -> list[ReadHit]:
    """What would have been found had reading stopped, as `qa.reading.read` stops."""
    read = 0
    while read < len(found):
        behind = found[0].hit.scores.fused - found[read].hit.scores.fused
        best = max((e.span.score for e in found[:read] if e.span), default=-np.inf)
        if read and (best >= enough or behind > reach):
            break
        read += at_once
    return [e if n < read else replace(e, span=None, read=False) for n, e in enumerate(found)]
