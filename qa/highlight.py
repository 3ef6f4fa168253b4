"""Which sentence of a passage to mark: the one that holds most of the question's words."""

from bisect import bisect_right
from math import fsum

from index.bm25 import Asked
from index.forward import Hashes, hashed
from index.library import StoredPassage


def best_sentence(
    asked: Asked, stored: StoredPassage, terms: Hashes
) -> tuple[tuple[int, int], ...]:
    """The sentence of a passage that shares most with the question.

    A shared word weighs more the fewer passages of the index hold it. Of equals the first.
    The heading that opens a passage is not marked.

    Args:
        terms: (t,) the passage's terms, in order.

    Returns:
        At most one (start, end) into the passage's text; () where nothing is shared.
    """
    weight = {hashed(match): worth for term in asked.terms for match, worth in term.matches}
    sentences = stored.sentences
    firsts = [sentence.first for sentence in sentences]
    held: list[set[int]] = [set() for _ in sentences]
    for at, term in enumerate(terms.tolist()):
        if term in weight and (before := bisect_right(firsts, at)):
            held[before - 1].add(term)
    scores = [fsum(weight[term] for term in some) for some in held]
    most = max(scores, default=0.0)
    if not most:
        return ()
    best = sentences[scores.index(most)]
    return ((best.start, best.end),)
