"""Which sentence of each passage to mark: the one that holds most of the question's words."""

from collections.abc import Sequence

from index.bm25 import Asked
from index.library import StoredPassage
from index.sentences import sentences
from index.terms import terms


def best_sentences(
    asked: Asked, passages: Sequence[StoredPassage]
) -> list[tuple[tuple[int, int], ...]]:
    """The sentence of each passage that shares most with the question.

    A shared word weighs more the fewer passages of the index hold it. Of equals the first.
    The heading that opens a passage is not marked.

    Returns:
        For each passage, in order, a tuple of at most one (start, end) into it; () where
        nothing is shared.
    """
    weight = {match: worth for term in asked.terms for match, worth in term.matches}
    marked: list[tuple[tuple[int, int], ...]] = []
    for stored in passages:
        passage = stored.passage
        begin = passage.after((stored.title, *passage.heading)[-1])
        body = passage.text[begin:]
        best, best_score = None, 0.0
        for start, end in sentences(body) if weight else ():
            score = sum(weight.get(term, 0.0) for term in set(terms(body[start:end])))
            if score > best_score:
                best, best_score = (begin + start, begin + end), score
        marked.append((best,) if best else ())
    return marked
