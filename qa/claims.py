"""What single passages say → answers: one place once, and equal answers together."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from index.records import Passage
from qa.readers.normalisation import normalised


@dataclass(frozen=True, slots=True)
class Claim:
    """One passage's answer.

    Attributes:
        passage: in which it was read.
        start, end: code points into the document's text.
        text: the document's text from `start` to `end`.
        score: log-odds over "no answer", by the reader.
        worth: the same with what retrieval says of the passage, which decides between claims.
    """

    passage: Passage
    start: int
    end: int
    text: str
    score: float
    worth: float


@dataclass(frozen=True, slots=True)
class Said:
    """An answer and all claims that say it, the worthiest first.

    Attributes:
        score, worth: of the claims together. Log-odds against one "no answer" add up as the
            logarithm of the sum of odds (Clark and Gardner 2018).
    """

    claims: tuple[Claim, ...]
    score: float
    worth: float

    @property
    def best(self) -> Claim:
        return self.claims[0]

    def differs(self, other: "Said") -> bool:
        """Whether neither of two answers is part of the other, word for word."""
        a, b = (f" {_key(said.best)} " for said in (self, other))
        return a not in b and b not in a


def answers(claims: Sequence[Claim]) -> list[Said]:
    """All that is said, worthiest first; ties in the order given. [] for no claims.

    Claims whose spans share characters are one place, where the worthiest stands for the
    others, since two passages that overlap bear no witness for each other. Places that say
    the same, but for case, punctuation and articles, support each other.
    """
    together: dict[str, list[Claim]] = {}
    for claim in _places(claims):
        together.setdefault(_key(claim), []).append(claim)
    said = [
        Said(
            claims=tuple(group),
            score=_log_sum(claim.score for claim in group),
            worth=_log_sum(claim.worth for claim in group),
        )
        for group in together.values()
    ]
    return sorted(said, key=lambda entry: -entry.worth)


def _places(claims: Sequence[Claim]) -> list[Claim]:
    places: list[Claim] = []
    for claim in sorted(claims, key=lambda claim: -claim.worth):
        at = next((n for n, place in enumerate(places) if _meet(place, claim)), None)
        if at is None:
            places.append(claim)
        else:
            places[at] = _completed(places[at], claim)
    return places


def _meet(one: Claim, other: Claim) -> bool:
    same = one.passage.document_id == other.passage.document_id
    return same and one.start < other.end and other.start < one.end


def _completed(claim: Claim, by: Claim) -> Claim:
    """A claim that reaches an edge of its passage, where the text was cut, goes on as the
    other says that it does; any other stays as it is."""
    passage = claim.passage
    if claim.end == passage.end and by.end > claim.end:
        more = by.text[claim.end - by.start :]
        claim = replace(claim, end=by.end, text=claim.text + more)
    if claim.start == passage.start and by.start < claim.start:
        more = by.text[: claim.start - by.start]
        claim = replace(claim, start=by.start, text=more + claim.text)
    return claim


def _key(claim: Claim) -> str:
    return normalised(claim.text) or claim.text  # of punctuation, or an article alone


def _log_sum(logs: Iterable[float]) -> float:
    values = list(logs)
    most = max(values)
    return most + math.log(math.fsum(math.exp(value - most) for value in values))
