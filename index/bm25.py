"""BM25 of a question's terms in passages: Robertson and Zaragoza 2009, "The Probabilistic
Relevance Framework", with the idf of Lucene, which is never negative.

The sum is divided by the most that any passage could reach, which makes scores of
different questions comparable: 0 is none of the words, near 1 all of them, side by side.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.terms import pairs, words

# Passages are short and of much the same length: how often a word is repeated in one, and
# how long it is, says little. Chosen on SQuAD dev (docs/retrieval.md).
_K1 = 0.6
_B = 0.5

# What neighbouring pairs of terms may give of the score; the rest is the single terms'.
_PAIRS = 0.2

# What is left of a term's weight for each typing error it was found by.
_PER_ERROR = 0.7

# Every term stands between spaces of its own, so that str.count sees each of them.
_GAP = "  "


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


def joined(terms: Sequence[str]) -> str:
    """Terms as one string, in the form that `score` reads."""
    return f" {_GAP.join(terms)} "


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
    terms = []
    for term, word in first.items():
        near = [(term, 0)] if frequency(term) else alike(term)
        worth = idf(max((frequency(match) for match, _ in near), default=0))
        matches = tuple((match, worth * _PER_ERROR**wrong) for match, wrong in near)
        most = max((weight for _, weight in matches), default=worth)
        terms.append(AskedTerm(word, matches, most))
    known = ((pair, frequency(pair)) for pair in dict.fromkeys(pairs([t for _, t in found])))
    return Asked(tuple(terms), tuple((pair, idf(held)) for pair, held in known if held))


def score(asked: Asked, passages: Sequence[str], mean_length: float) -> NDArray[np.float64]:
    """How much of the question each passage holds.

    Args:
        passages: terms of each, as `joined` gives them; "" scores 0.
        mean_length: terms in a passage of the index, on average.

    Returns:
        (n,) float64 in [0, 1), higher is better; 0 where no word of the question is known.
    """
    most_of_terms = sum(term.most for term in asked.terms)
    most_of_pairs = sum(weight for _, weight in asked.pairs)
    terms = [
        [
            (match, f" {match} ", (1 - _PAIRS) * weight / most_of_terms)
            for match, weight in t.matches
        ]
        for t in asked.terms
    ]
    pairs = [
        ({*pair.split("_")}, f" {pair.replace('_', _GAP)} ", _PAIRS * weight / most_of_pairs)
        for pair, weight in asked.pairs
    ]
    scores = np.zeros(len(passages))
    for row, passage in enumerate(passages):
        length = (passage.count(_GAP) + 1) / max(mean_length, 1.0)
        damping = _K1 * (1 - _B + _B * length)
        held: set[str] = set()
        total = 0.0
        for matches in terms:
            best = 0.0
            for term, looked_for, most in matches:
                if times := passage.count(looked_for):
                    held.add(term)
                    best = max(best, most * times / (times + damping))
            total += best
        for both, looked_for, most in pairs:
            if both <= held:  # which spares most of the counting
                times = passage.count(looked_for)
                total += most * times / (times + damping)
        scores[row] = total
    return scores


def matched(asked: Asked, passage: str) -> tuple[str, ...]:
    """The question's words that a passage holds, as they were written, in order."""
    return tuple(
        term.word
        for term in asked.terms
        if any(f" {match} " in passage for match, _ in term.matches)
    )
