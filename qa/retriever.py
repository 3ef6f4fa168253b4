"""Question → hits."""

import time
from pathlib import Path

from index.embedders import Embedder
from index.store import Store
from qa.highlight import best_sentences
from qa.records import Hit, Scores, Timings

# Below this cosine the nearest passage is hardly about the question at all ("who leads the
# center?" asked of a text that calls it many names), and the order is mostly noise. Then the
# passage with which a document opens gets a bonus, more the vaguer it is: it names what the
# document is about. On SQuAD dev, where 5% of the questions are that vague, it changes R@1
# from .599 to .599 and R@5 from .841 to .843.
_VAGUE = 0.4
_OPENING_BONUS = 0.15
_VAGUE_CANDIDATES = 100


def by_meaning(
    question: str, limit: int, store: Store, embedder: Embedder
) -> tuple[tuple[Hit, ...], Timings]:
    """The passages whose embeddings are nearest to the question's, best first.

    `scores.meaning` is the cosine, in [-1, 1]; `scores.fused` differs from it only for the
    opening passages of documents, where no passage is near. At most `limit` hits; () for
    an empty index.
    """
    began = time.perf_counter()
    vector = embedder.embed_question(question)
    embedded = time.perf_counter()
    ids, cosines = store.by_meaning(vector, max(limit, _VAGUE_CANDIDATES))
    bonus = _OPENING_BONUS * max(0.0, 1 - float(cosines[0]) / _VAGUE) if len(ids) else 0.0
    if not bonus:
        ids, cosines = ids[:limit], cosines[:limit]
    searched = time.perf_counter()
    cosine = dict(zip(ids.tolist(), cosines.tolist(), strict=True))
    scored = [
        (stored, cosine[stored.passage.id] + (bonus if stored.passage.start == 0 else 0.0))
        for stored in store.fetch(ids.tolist())
    ]
    found = sorted(scored, key=lambda entry: -entry[1])[:limit]  # stable: ties stay in order
    marks = best_sentences(
        question,
        [stored.passage.text for stored, _ in found],
        [stored.passage.after((stored.title, *stored.passage.heading)[-1]) for stored, _ in found],
    )
    root = Path(store.manifest.root)
    hits = tuple(
        Hit(
            passage=stored.passage,
            title=stored.title,
            source=str(root / stored.passage.document_id),
            scores=Scores(meaning=cosine[stored.passage.id], words=None, fused=fused),
            highlights=highlights,
            confidence=None,
        )
        for (stored, fused), highlights in zip(found, marks, strict=True)
    )
    done = time.perf_counter()
    return hits, Timings(
        embed=(embedded - began) * 1e3,
        search=(searched - embedded) * 1e3,
        fetch=(done - searched) * 1e3,
    )
