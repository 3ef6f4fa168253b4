"""Which sentence of each passage to mark: the one with the question's rarest words."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from index.sentences import sentences

_WORD = re.compile(r"\w+")

# "trading", "traded" and "trades" begin alike; a stemmer would cost more than this is worth
_STEM = 5


def best_sentences(question: str, passages: Sequence[str]) -> list[tuple[tuple[int, int], ...]]:
    """The sentence of each passage that shares most with the question.

    A shared word weighs more the fewer of the passages it occurs in.

    Returns:
        For each passage, in order, a tuple of at most one (start, end) into it; () where
        nothing is shared.
    """
    asked = _stems(question)
    found = [_stems(passage) & asked for passage in passages]
    frequency = Counter(stem for stems in found for stem in stems)
    weight = {stem: math.log((len(passages) + 1) / n) for stem, n in frequency.items()}
    marked: list[tuple[tuple[int, int], ...]] = []
    for passage, shared in zip(passages, found, strict=True):
        best, best_score = None, 0.0
        for start, end in sentences(passage) if shared else ():
            score = sum(weight[stem] for stem in _stems(passage[start:end]) & shared)
            if score > best_score:
                best, best_score = (start, end), score
        marked.append((best,) if best else ())
    return marked


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.casefold())}
