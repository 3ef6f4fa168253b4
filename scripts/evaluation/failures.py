"""The questions whose passage was missed, and what came instead."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from index.records import Document
from qa.records import Mode
from scripts.evaluation.judging import limit, place, ranks
from scripts.evaluation.records import EvaluationSet, Target
from scripts.evaluation.run import Answering

_SHOWN = 200
_BEFORE = 60  # characters shown before a span


class Readable(Answering, Protocol):
    """What also gives the documents that it answers from."""

    def document(self, document_id: str) -> Document | None: ...


@dataclass(frozen=True, slots=True)
class Failure:
    """A question whose first target isn't where it should be.

    Attributes:
        rank: where it stands instead, None where it isn't within `DEPTH`.
        came, came_from: text and document of the first hit, "" where there was none.
        right, right_from: text around the first target, and its document.
    """

    question: str
    rank: int | None
    came: str
    came_from: str
    right: str
    right_from: str


def failures(made: EvaluationSet, answerer: Readable, mode: Mode, rank: int) -> Iterator[Failure]:
    """The questions, in their order, with nothing found within the first `rank`."""
    for question in made.questions:
        hits = answerer.ask(question.text, limit(made.rule), mode).hits
        found = ranks(question, [place(hit, question, made.rule) for hit in hits], made.rule)
        if found and found[0] <= rank:
            continue
        target = question.targets[0]
        yield Failure(
            question=question.text,
            rank=found[0] if found else None,
            came=_short(hits[0].passage.text) if hits else "",
            came_from=hits[0].passage.document_id if hits else "",
            right=_short(_around(target, answerer.document(target.document_id))),
            right_from=target.document_id,
        )


def text(failure: Failure) -> str:
    """A failure as a few lines."""
    place = f"at rank {failure.rank}" if failure.rank else "not in the first ten"
    return (
        f"? {failure.question}\n"
        f"  right, {place} ({failure.right_from}): {failure.right}\n"
        f"  came first ({failure.came_from}): {failure.came}"
    )


def _around(target: Target, document: Document | None) -> str:
    if document is None:
        return ""
    start = max(0, target.spans[0][0] - _BEFORE) if target.spans else 0
    return document.text[start:]


def _short(words: str) -> str:
    return " ".join(words[:_SHOWN].split())
