"""Which sentence of each passage to mark: the one with the question's rarest words."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from index.sentences import sentences

_WORD = re.compile(r"\w+")

# Words that ask, and words that any sentence may have
_EMPTY = frozenset(
    "a an and are at be been by can could did do does for from had has have how i in is it its "
    "many me much my of on or our tell that the their there these this to was we were what "
    "when where which who whom whose why will with would you your".split()
)

# "trading", "traded" and "trades" begin alike; a stemmer would cost more than this is worth
_STEM = 5


def best_sentences(
    question: str, passages: Sequence[str], begins: Sequence[int]
) -> list[tuple[tuple[int, int], ...]]:
    """The sentence of each passage that shares most with the question.

    A shared word weighs more the fewer of the passages it occurs in. Of equals the first.

    Args:
        begins: for each passage, the offset of what may be marked, after its heading.

    Returns:
        For each passage, in order, a tuple of at most one (start, end) into it; () where
        nothing is shared.
    """
    asked = _stems(question)
    bodies = [passage[begin:] for passage, begin in zip(passages, begins, strict=True)]
    found = [_stems(body) & asked for body in bodies]
    frequency = Counter(stem for stems in found for stem in stems)
    weight = {stem: math.log((len(passages) + 1) / n) for stem, n in frequency.items()}
    marked: list[tuple[tuple[int, int], ...]] = []
    for body, begin, shared in zip(bodies, begins, found, strict=True):
        best, best_score = None, 0.0
        for start, end in sentences(body) if shared else ():
            score = sum(weight[stem] for stem in _stems(body[start:end]) & shared)
            if score > best_score:
                best, best_score = (begin + start, begin + end), score
        marked.append((best,) if best else ())
    return marked


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.casefold()) if word not in _EMPTY}
