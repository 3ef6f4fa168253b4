"""Question → hits: candidates by meaning and by words, each scored on both sides, fused."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.bm25 import Asked, matched
from index.embedders import Embedder
from index.forward import Terms
from index.library import StoredPassage
from index.store import Store
from qa.highlight import best_sentence
from qa.ranking import BARE_HEADING, confidence, opening_bonus, weights
from qa.records import Hit, Mode, Parts, Place, Scores, Timings
from qa.selection import Candidate, Chosen, overlap, select

# Taken from each ranking, the same for every limit, which is 50 at most. On SQuAD dev the
# first ten are those of all passages for 98% of the questions with 30, and 99.9% with 50.
_CANDIDATES = 60

# Candidates read at once, beyond the limit: where neighbours and repetitions stand first,
# the list is filled from what comes after them.
_SPARE = 10

# A hit's lead is taken over the best that does not overlap it, which stands among these.
_AT_LEAST = 4


Ids = NDArray[np.int64]

_NONE: Ids = np.empty(0, np.int64)


def retrieve(
    question: str, limit: int, mode: Mode, store: Store, embedder: Embedder, beside: Executor
) -> tuple[tuple[Hit, ...], Timings]:
    """The passages that answer a question, best first by `scores.fused`.

    At most `limit` hits. () for an empty index, and by words where none is known. The list
    of a larger limit begins with that of a smaller one.

    Args:
        beside: finds words while the question is embedded and its nearest are found.
    """
    began = time.perf_counter()
    wording = beside.submit(_word, question, mode, store)
    vector = None if mode == "words" else embedder.embed_question(question)
    embedded = time.perf_counter()
    nearest = _nearest(vector, store)
    asked, worded = wording.result()
    found = _score(vector, nearest, asked, worded, mode, store)
    searched = time.perf_counter()
    batches = _candidates(found, mode, limit + _SPARE, store)
    chosen = select(batches, max(limit, _AT_LEAST))
    hits = _hits(chosen, limit, mode, asked, Path(store.manifest.root))
    done = time.perf_counter()
    return hits, Timings(
        embed=(embedded - began) * 1e3,
        search=(searched - embedded) * 1e3,
        fetch=(done - searched) * 1e3,
        read=0.0,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What both rankings say of the passages that either found; rows match.

    A score that the mode does not have is 0.
    """

    ids: NDArray[np.int64]
    cosines: NDArray[np.float64]
    shares: NDArray[np.float64]
    terms: Terms


def _word(question: str, mode: Mode, store: Store) -> tuple[Asked, Ids]:
    """A question's words, and the first passages by them, where the mode has those."""
    asked = store.asked(question)
    return asked, _NONE if mode == "meaning" else store.by_words(asked, _CANDIDATES)


def _nearest(vector: NDArray[np.float32] | None, store: Store) -> tuple[Ids, NDArray[np.floating]]:
    """The first passages by meaning, and their cosines; none without a vector."""
    if vector is None:
        return _NONE, np.empty(0)
    return store.by_meaning(vector, _CANDIDATES)


def _score(
    vector: NDArray[np.float32] | None,
    nearest: tuple[Ids, NDArray[np.floating]],
    asked: Asked,
    worded: Ids,
    mode: Mode,
    store: Store,
) -> _Found:
    """What either ranking found, scored by both, where the mode has them."""
    near, cosines = nearest
    ids = np.array(list(dict.fromkeys([*near.tolist(), *worded.tolist()])), np.int64)
    terms = store.terms(ids)
    zeros = np.zeros(len(ids))
    if vector is None:
        cosines = zeros
    else:
        cosines = np.concatenate([cosines, store.cosines(vector, ids[len(near) :])])
    return _Found(
        ids=ids,
        cosines=cosines.astype(np.float64),
        shares=zeros if mode == "meaning" else store.word_scores(asked, terms),
        terms=terms,
    )


def _candidates(found: _Found, mode: Mode, at_once: int, store: Store) -> Iterator[list[Candidate]]:
    """What was found, best first, read `at_once`; all at once where openings are worth more."""
    for_meaning, for_words = weights(mode)
    bonus = opening_bonus(mode, found.cosines)
    order = np.argsort(-(for_meaning * found.cosines + for_words * found.shares), kind="stable")
    step = len(order) or 1 if bonus else at_once
    for first in range(0, len(order), step):
        rows = {int(found.ids[row]): int(row) for row in order[first : first + step]}
        candidates = []
        for stored in store.fetch(list(rows)):
            row = rows[stored.passage.id]
            meaning, words = float(found.cosines[row]), float(found.shares[row])
            parts = Parts(
                meaning=for_meaning * meaning,
                words=for_words * words,
                opening=bonus if stored.passage.start == 0 else 0.0,
                heading=-BARE_HEADING if _is_heading(stored) else 0.0,
                neighbour=0.0,
                reader=0.0,
            )
            candidates.append(
                Candidate(
                    stored=stored,
                    terms=found.terms.row(row),
                    meaning=None if mode == "words" else meaning,
                    words=None if mode == "meaning" else words,
                    parts=parts,
                )
            )
        yield candidates


def _is_heading(stored: StoredPassage) -> bool:
    """Whether a passage is its heading and nothing else; what follows has headings of its own."""
    heading = (stored.title, *stored.passage.heading)[-1]
    return stored.passage.text == heading


def _hits(
    chosen: Sequence[Chosen], limit: int, mode: Mode, asked: Asked, root: Path
) -> tuple[Hit, ...]:
    leads = [_lead(chosen, rank) for rank in range(min(limit, len(chosen)))]
    shown = [entry.candidate for entry in chosen[:limit]]
    marks = [best_sentence(asked, candidate.stored, candidate.terms) for candidate in shown]
    return tuple(
        Hit(
            passage=candidate.stored.passage,
            title=candidate.stored.title,
            source=str(root / candidate.stored.passage.document_id),
            scores=Scores(
                meaning=candidate.meaning,
                words=candidate.words,
                reader=None,
                fused=candidate.fused,
                lead=lead,
                parts=candidate.parts,
            ),
            highlights=highlights,
            confidence=confidence(mode, candidate.meaning or 0.0, candidate.words or 0.0, lead),
            matched=matched(asked, candidate.terms),
            also=tuple(_place(stored, root) for stored in entry.same),
        )
        for entry, candidate, highlights, lead in zip(chosen, shown, marks, leads, strict=False)
    )


def _lead(chosen: Sequence[Chosen], rank: int) -> float:
    """How far a hit is ahead of the best other that does not overlap it; its score if none."""
    this = chosen[rank].candidate
    others = (c.candidate for n, c in enumerate(chosen) if n != rank)
    best = next((other.fused for other in others if not overlap(this, other)), 0.0)
    return this.fused - best


def _place(stored: StoredPassage, root: Path) -> Place:
    passage = stored.passage
    return Place(
        document_id=passage.document_id,
        title=stored.title,
        source=str(root / passage.document_id),
        start=passage.start,
        end=passage.end,
        page=passage.page,
    )
