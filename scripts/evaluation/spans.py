"""How much of what answers is in the passages retrieved, and how little else.

As in Smith and Troynikov, "Evaluating chunking strategies for retrieval" (2024), counted in
characters.
"""

from collections.abc import Iterable, Sequence

from scripts.evaluation.records import Coverage, Located, Target

Ranges = list[tuple[int, int]]


def coverage(targets: Sequence[Target], passages: Sequence[Located]) -> Coverage:
    """Recall, precision and intersection over union of passages with the targets' spans.

    With f the characters of the spans that are in at least one passage, a those of all the
    spans, and r the sum of the passages' lengths: f / a, f / r and f / (r + a - f). A
    character that two passages share counts once in f and twice in r, so overlap has its
    price, and passages of other documents count in r alone. 0 each for no passages.
    """
    found = wanted = 0
    for document in {target.document_id for target in targets}:
        spans = union(s for t in targets if t.document_id == document for s in t.spans)
        retrieved = union((p.start, p.end) for p in passages if p.document_id == document)
        found += length(intersection(spans, retrieved))
        wanted += length(spans)
    taken = sum(passage.end - passage.start for passage in passages)
    if not taken:
        return Coverage(0.0, 0.0, 0.0)
    return Coverage(found / wanted, found / taken, found / (taken + wanted - found))


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same places as disjoint ranges [start, end), ascending."""
    merged: Ranges = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def intersection(some: Ranges, others: Ranges) -> Ranges:
    """The places that are in both of two lists of disjoint ranges."""
    pairs = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return [(start, end) for start, end in pairs if start < end]


def length(ranges: Ranges) -> int:
    """Characters in disjoint ranges."""
    return sum(end - start for start, end in ranges)
