"""Question → hits."""

import time
from pathlib import Path

from index.embedders import Embedder
from index.store import Store
from qa.highlight import best_sentences
from qa.records import Hit, Scores, Timings


def by_meaning(
    question: str, limit: int, store: Store, embedder: Embedder
) -> tuple[tuple[Hit, ...], Timings]:
    """The passages whose embeddings are nearest to the question's, best first.

    `scores.meaning` is the cosine, in [-1, 1]. At most `limit` hits; () for an empty index.
    """
    began = time.perf_counter()
    vector = embedder.embed_question(question)
    embedded = time.perf_counter()
    ids, cosines = store.by_meaning(vector, limit)
    searched = time.perf_counter()
    score = dict(zip(ids.tolist(), cosines.tolist(), strict=True))
    found = store.fetch(ids.tolist())
    marks = best_sentences(question, [stored.passage.text for stored in found])
    root = Path(store.manifest.root)
    hits = tuple(
        Hit(
            passage=stored.passage,
            title=stored.title,
            source=str(root / stored.passage.document_id),
            scores=Scores(
                meaning=score[stored.passage.id], words=None, fused=score[stored.passage.id]
            ),
            highlights=highlights,
            confidence=None,
        )
        for stored, highlights in zip(found, marks, strict=True)
    )
    done = time.perf_counter()
    return hits, Timings(
        embed=(embedded - began) * 1e3,
        search=(searched - embedded) * 1e3,
        fetch=(done - searched) * 1e3,
    )
