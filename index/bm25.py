"""BM25 of a question's terms in passages: Robertson and Zaragoza 2009, "The Probabilistic
Relevance Framework", with the idf of Lucene, which is never negative.

The sum is divided by the most that any passage could reach, which makes scores of
different questions comparable: 0 is none of the words, near 1 all of them, side by side.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.forward import Hashes, Terms, hashed
from index.terms import pairs, words

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

# Passages are short and of much the same length: how often a word is repeated in one, and
# how long it is, says little. Chosen on SQuAD dev (docs/retrieval.md).
_K1 = 0.6
_B = 0.5

# What neighbouring pairs of terms may give of the score; the rest is the single terms'.
_PAIRS = 0.2

# What is left of a term's weight for each typing error it was found by.
_PER_ERROR = 0.7


@dataclass(frozen=True, slots=True)
class AskedTerm:
    """One term of a question.

    Attributes:
        word: as it was written.
        matches: (term, weight) of the index's terms that count as it: itself, or those
            spelt like it where the index does not know it; () where there are none. The
            weight is the idf, less for typing errors. Those spelt like it share the idf of
            the most common, or else the rarest slip would count more than the nearest.
        most: the most that it can give. A word that the index does not know can give
            nothing, and counts as a rare one that every passage lacks.
    """

    word: str
    matches: tuple[tuple[str, float], ...]
    most: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in the terms of one index. `pairs` holds (pair, idf) of those it knows."""

    terms: tuple[AskedTerm, ...]
    pairs: tuple[tuple[str, float], ...]

    def weights(self) -> dict[str, float]:
        """What to look for, with a factor that it counts beside its idf."""
        weights = {pair: _PAIRS for pair, _ in self.pairs}
        for term in self.terms:
            weights |= {match: weight / term.most for match, weight in term.matches}
        return weights


def ask(
    question: str,
    count: int,
    frequency: Callable[[str], int],
    alike: Callable[[str], list[tuple[str, int]]],
) -> Asked:
    """A question in the terms of an index.

    Args:
        count: passages in the index.
        frequency: how many of them hold a term or a pair.
        alike: terms spelt like one that none holds, with the number of typing errors.
    """

    def idf(held: int) -> float:
        return math.log(1 + (count - held + 0.5) / (held + 0.5))

    found = list(words(question))
    first: dict[str, str] = {}
    for word, term in found:
        first.setdefault(term, word)
    held = {term: frequency(term) for term in first}
    terms = []
    for term, word in first.items():
        near = [(term, 0)] if held[term] else alike(term)
        worth = idf(max((held.get(match) or frequency(match) for match, _ in near), default=0))
        matches = tuple((match, worth * _PER_ERROR**wrong) for match, wrong in near)
        most = max((weight for _, weight in matches), default=worth)
        terms.append(AskedTerm(word, matches, most))
    known = tuple(
        (pair, idf(times))
        for pair in dict.fromkeys(pairs([term for _, term in found]))
        if all(held[term] for term in pair.split("_")) and (times := frequency(pair))
    )
    return Asked(tuple(terms), known)


def score(asked: Asked, passages: Terms, mean_length: float) -> Floats:
    """How much of the question each passage holds.

    Args:
        passages: the terms of n passages; one without any scores 0.
        mean_length: terms in a passage of the index, on average.

    Returns:
        (n,) float64 in [0, 1), higher is better; 0 where no word of the question is known.
    """
    scores = np.zeros(len(passages))
    known = {match: None for term in asked.terms for match, _ in term.matches}
    number = {term: at for at, term in enumerate(known)}
    looked_for = np.array([hashed(term) for term in known], np.uint32)
    # `which` of them stands at which place of all terms, and in which passage
    which, at = np.nonzero(passages.hashes == looked_for[:, None])
    if not len(at):
        return scores
    row = np.searchsorted(passages.starts, at, "right") - 1
    lengths = np.diff(passages.starts)
    damping = _K1 * (1 - _B + _B * lengths / max(mean_length, 1.0))

    of_terms = _saturated(which, row, len(number), damping)
    most_of_terms = sum(term.most for term in asked.terms)
    for term in asked.terms:
        best = np.zeros(len(passages))  # of words spelt alike the best counts
        for match, weight in term.matches:
            np.maximum(best, weight * of_terms[number[match]], out=best)
        scores += (1 - _PAIRS) / most_of_terms * best

    if asked.pairs:
        pair_of = np.full((len(number), len(number) + 1), -1)
        for place, (pair, _) in enumerate(asked.pairs):
            one, other = pair.split("_")
            pair_of[number[one], number[other]] = place
        following = np.full(len(passages.hashes) + 1, -1)  # -1 is the last column: no pair
        following[at - 1] = which
        following[passages.starts[1:] - 1] = -1  # what follows stands in the next passage
        pair = pair_of[which, following[at]]
        held = pair >= 0
        of_pairs = _saturated(pair[held], row[held], len(asked.pairs), damping)
        most_of_pairs = sum(weight for _, weight in asked.pairs)
        for (_, weight), counted in zip(asked.pairs, of_pairs, strict=True):
            scores += _PAIRS * weight / most_of_pairs * counted
    return scores


def _saturated(which: Places, row: Places, kinds: int, damping: Floats) -> Floats:
    """(kinds, n): how often each kind occurs in each of n passages, f, as f / (f + damping)."""
    times = np.bincount(which * len(damping) + row, minlength=kinds * len(damping))
    times = times.reshape(kinds, len(damping))
    saturated: Floats = times / (times + damping)
    return saturated


def matched(asked: Asked, passage: Hashes) -> tuple[str, ...]:
    """The question's words that a passage holds, as they were written, in order."""
    held = set(passage.tolist())
    return tuple(
        term.word for term in asked.terms if any(hashed(match) in held for match, _ in term.matches)
    )
