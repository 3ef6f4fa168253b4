"""Hits → what was found, at which rank."""

from collections.abc import Sequence

from qa.records import Hit
from scripts.evaluation.records import (
    DEPTH,
    EvaluationSet,
    Judged,
    Located,
    Outcome,
    Question,
    Rule,
    Target,
)
from scripts.evaluation.spans import coverage

FIRST = 5
"""Passages that a person is shown, which coverage and confidence are measured on."""


def limit(rule: Rule) -> int:
    """How many passages to ask for, so that `DEPTH` results come of them.

    Documents are many passages long: the most that may be asked for.
    """
    return 50 if rule is Rule.DOCUMENT else DEPTH


def finds(passage: Located, target: Target, rule: Rule) -> bool:
    """Whether a passage is what was to be found. Spans that only touch it don't count."""
    if passage.document_id != target.document_id:
        return False
    if rule is Rule.DOCUMENT:
        return True
    if rule is Rule.CONTAIN:
        return any(passage.start <= start and end <= passage.end for start, end in target.spans)
    return any(passage.start < end and start < passage.end for start, end in target.spans)


def place(hit: Hit, question: Question, rule: Rule) -> Located:
    """Where a hit stands: of all the places that it names, the first that finds something.

    The same text in several documents is one hit, whichever of them the judgments know.
    """
    places: list[Located] = [hit.passage, *hit.also]
    return next(
        (p for p in places if any(finds(p, target, rule) for target in question.targets)),
        hit.passage,
    )


def results(passages: Sequence[Located], rule: Rule) -> list[Located]:
    """What is ranked, best first: for documents, the best passage of each."""
    if rule is not Rule.DOCUMENT:
        return list(passages)
    best: dict[str, Located] = {}
    for passage in passages:
        best.setdefault(passage.document_id, passage)
    return list(best.values())


def ranks(question: Question, passages: Sequence[Located], rule: Rule) -> tuple[int, ...]:
    """Ranks from 1, ascending, of the targets found within `DEPTH`, each at its best."""
    found = []
    ranked = results(passages, rule)[:DEPTH]
    for target in question.targets:
        places = (rank for rank, p in enumerate(ranked, 1) if finds(p, target, rule))
        found += [rank for rank in (next(places, 0),) if rank]
    return tuple(sorted(found))


def judge(question: Question, hits: Sequence[Hit], asked: EvaluationSet) -> Outcome:
    """What hits, best first, come to for a question. No hits find nothing and cover nothing."""
    passages = [place(hit, question, asked.rule) for hit in hits]
    judged = tuple(
        Judged(hit.confidence, any(finds(passage, t, asked.rule) for t in question.targets))
        for hit, passage in zip(hits[:FIRST], passages, strict=False)
    )
    return Outcome(
        ranks=ranks(question, passages, asked.rule),
        targets=len(question.targets),
        judged=judged,
        coverage=coverage(question.targets, passages[:FIRST]) if asked.covered else None,
    )
