"""Candidates → the list: best first, no text twice, no document in every place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from index.forward import Hashes
from index.library import StoredPassage
from index.terms import terms
from qa.records import Parts

# Neighbouring passages share text, so the second says little that the first did not. What is
# taken off for each better one; more than this loses answers on SQuAD dev (docs/retrieval.md).
_NEIGHBOUR = 0.05

# Share of terms that two passages must have in common to count as one text in two places.
_SAME_TEXT = 0.9

_TELLING = frozenset("not no never none nor without".split())


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may be shown.

    Attributes:
        stored: the passage, and its document's title.
        terms: (t,) its terms, those of title and headings before those of its text.
        meaning, words: its scores; None where the mode has none.
        parts: what they come to.
    """

    stored: StoredPassage
    terms: Hashes = field(compare=False)  # which the passage says already
    meaning: float | None
    words: float | None
    parts: Parts

    @property
    def fused(self) -> float:
        return self.parts.total

    @property
    def at_most(self) -> float:
        """The score before anything is taken off."""
        return self.parts.meaning + self.parts.words + self.parts.opening


@dataclass(frozen=True, slots=True)
class Chosen:
    """A candidate with a place in the list, and those that say the same elsewhere."""

    candidate: Candidate
    same: tuple[StoredPassage, ...]


def select(batches: Iterable[Sequence[Candidate]], limit: int) -> list[Chosen]:
    """The best candidates, best first, at most `limit`.

    A candidate that overlaps better ones is lowered for each; one that says the same as a
    better one in another place is named with it and takes no place of its own. Ties stay
    in the order given.

    Args:
        batches: candidates, descending by `at_most`. A batch is asked for only where one of
            its candidates may stand among the first, so that most are never read.
    """
    coming = iter(batches)
    bound = inf  # no candidate still to come scores higher
    waiting: list[Candidate] = []
    chosen: list[Candidate] = []
    said: list[_Said] = []
    same: list[tuple[StoredPassage, ...]] = []
    while len(chosen) <= limit:
        while bound > -inf and (not waiting or waiting[0].fused < bound):
            batch = next(coming, None)
            if batch is None:
                bound = -inf
                break
            bound = batch[-1].at_most if batch else bound
            waiting += [_lowered(candidate, chosen) for candidate in batch]
            waiting.sort(key=_by_score)
        if not waiting:
            break
        best = waiting.pop(0)
        says = _Said.by(best)
        twin = next((n for n, other in enumerate(said) if other.same_as(says)), None)
        if twin is not None:
            same[twin] += (best.stored,)
            continue
        chosen.append(best)
        said.append(says)
        same.append(())
        neighbours = [at for at, other in enumerate(waiting) if overlap(best, other)]
        if neighbours:
            for at in neighbours:
                waiting[at] = _lowered(waiting[at], [best])
            waiting.sort(key=_by_score)
    # one more was looked for, so that the last has all that say the same
    return [Chosen(*entry) for entry in zip(chosen[:limit], same, strict=False)]


def _by_score(candidate: Candidate) -> float:
    return -candidate.fused


def overlap(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates share text of one document."""
    return one.stored.passage.overlaps(other.stored.passage)


def _lowered(candidate: Candidate, by: Sequence[Candidate]) -> Candidate:
    neighbours = sum(overlap(candidate, other) for other in by)
    if not neighbours:
        return candidate
    parts = candidate.parts
    lower = replace(parts, neighbour=parts.neighbour - neighbours * _NEIGHBOUR)
    return replace(candidate, parts=lower)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a passage says, to be compared.

    Attributes:
        terms: of its text.
        in_head: how many terms its title and headings have.
    """

    stored: StoredPassage
    terms: frozenset[int]
    in_head: int

    @classmethod
    def by(cls, candidate: Candidate) -> "_Said":
        sentences = candidate.stored.sentences
        in_head = sentences[0].first if sentences else len(candidate.terms)
        return cls(candidate.stored, frozenset(candidate.terms[in_head:].tolist()), in_head)

    def same_as(self, other: "_Said") -> bool:
        """Whether both say the same, but for a few words that tell nothing apart.

        Numbers and negations do: two months' reports may differ in nothing else.
        """
        if self.stored.passage.text == other.stored.passage.text:
            return True
        # most differ in so much that their words need not be looked at
        apart_from_heads = max(len(self.terms), len(other.terms)) - self.in_head - other.in_head
        if len(self.terms & other.terms) < _SAME_TEXT * apart_from_heads:
            return False
        (a, head), (b, other_head) = self._words(), other._words()
        a, b = a - other_head, b - head
        if not a or not b or len(a & b) < _SAME_TEXT * len(a | b):
            return False
        return not any(term in _TELLING or any(map(str.isdigit, term)) for term in a ^ b)

    def _words(self) -> tuple[frozenset[str], frozenset[str]]:
        """The terms that its title and headings do not have, and those that they have."""
        passage = self.stored.passage
        head = frozenset(terms(" ".join((self.stored.title, *passage.heading))))
        return frozenset(terms(passage.text)) - head, head
