"""Hits → the exact answer in them, or none; and a better order of the hits."""

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from qa.claims import Claim, Said, answers
from qa.readers import Reader, ReadText, Span
from qa.readers.calibration import Evidence, Weights, probability
from qa.records import Answer, Hit, Mode, Reading

# Best hits that are read. On two cores two are read at a time, in about 13 ms.
DEPTH = 6

# No further hits are read after so long. It keeps a machine that is busy from answering ever
# later, and is far from what reading takes on one that isn't: on that, what is read, and so
# what is answered, depends on the question alone.
BUDGET_SECONDS = 0.25


# Of an English sentence that asks, or asks for, something.
_ASKING = frozenset("who whom whose what which when where why how whether".split())
_BEGINS_ASKING = frozenset(
    "am are can could did do does had has have is may might must shall should was were will would "
    "define describe explain find give list name show tell".split()
)


def asks(question: str) -> bool:
    """Whether there is anything to answer: not in a statement, closed by a full stop.

    The reader was trained on questions. Of a claim it makes a question of its own, and orders
    passages worse than retrieval does (nDCG@10 of SciFact's claims .737 → .725).
    """
    if not question.endswith("."):
        return True
    words = re.findall(r"\w+", question.lower())
    # further in they join clauses: "a center which …"; second after a preposition: "in which …"
    return not words or words[0] in _BEGINS_ASKING or not _ASKING.isdisjoint(words[:2])


@dataclass(frozen=True, slots=True)
class ReadHit:
    """A hit, and what a reader found in it.

    Attributes:
        offset: where the text that was read, its body, begins in the document.
        span: into the body; None where nothing was found, or where it was not read.
        read: whether it was.
    """

    hit: Hit
    offset: int
    span: Span | None
    read: bool


def read(
    question: str,
    hits: Sequence[Hit],
    text_of: Callable[[Hit], tuple[ReadText, int]],
    reader: Reader,
    mode: Mode,
    budget: float = BUDGET_SECONDS,
) -> list[ReadHit]:
    """Read hits, best first, until it has been enough.

    At least the first few are read, `reader.at_once`; then as many more until one has a score
    that the reader's calibration calls enough, until those that come are too far behind the
    first to matter, or until the budget is spent.

    Args:
        hits: best first; no more than `DEPTH` of them are read.
        text_of: a hit as it is read, and where its body begins in the document.
        mode: how they were ranked.
        budget: seconds.

    Returns:
        all hits, in order.
    """
    began = time.perf_counter()
    found = list[ReadHit]()
    most = hits[:DEPTH]
    for first in range(0, len(most), reader.at_once):
        group = most[first : first + reader.at_once]
        spent = time.perf_counter() - began >= budget
        if found and (spent or _is_enough(found, group[0], reader, mode)):
            break
        texts = [text_of(hit) for hit in group]
        spans = reader.read(question, [text for text, _ in texts])
        for hit, (_, offset), span in zip(group, texts, spans, strict=True):
            found.append(ReadHit(hit, offset, span, read=True))
    return found + [ReadHit(hit, 0, None, read=False) for hit in hits[len(found) :]]


def _is_enough(found: Sequence[ReadHit], following: Hit, reader: Reader, mode: Mode) -> bool:
    """Whether, after what was found, what follows need not be read."""
    best = max((entry.span.score for entry in found if entry.span), default=-math.inf)
    behind = found[0].hit.scores.fused - following.scores.fused
    calibration = reader.calibration
    return best >= calibration.enough or behind > calibration.modes[mode].reach


def unfinished(found: Sequence[ReadHit], reader: Reader, mode: Mode) -> bool:
    """Whether reading ended for want of time: neither all nor enough was read."""
    rest = [entry.hit for entry in found[:DEPTH] if not entry.read]
    return bool(rest) and not _is_enough(found, rest[0], reader, mode)


def claims(found: Sequence[ReadHit], prior: float) -> list[Claim]:
    """What was found in each hit, in order.

    Args:
        prior: see `qa.readers.calibration.Weights`.
    """
    made = []
    for entry in found:
        if entry.span is None:
            continue
        passage = entry.hit.passage
        start, end = entry.offset + entry.span.start, entry.offset + entry.span.end
        made.append(
            Claim(
                passage=passage,
                start=start,
                end=end,
                text=passage.text[start - passage.start : end - passage.start],
                score=entry.span.score,
                worth=entry.span.score + prior * entry.hit.scores.fused,
            )
        )
    return made


def evidence(said: Said, every: Sequence[Said], hit: Hit) -> Evidence:
    """What is known of an answer, of all that are said; `hit` is of its best claim."""
    margin = _margin(said, every)
    return Evidence(
        score=said.score,
        margin=said.worth if margin is None else margin,  # ahead of "no answer"
        meaning=hit.scores.meaning or 0.0,
        words=hit.scores.words or 0.0,
        lead=hit.scores.lead,
    )


def _margin(said: Said, every: Sequence[Said]) -> float | None:
    others = [other.worth for other in every if said.differs(other)]
    return said.worth - max(others) if others else None


def answered(
    found: Sequence[ReadHit], reader: Reader, mode: Mode, threshold: float | None
) -> tuple[Reading, tuple[Claim, ...]]:
    """The best answer in what was read, and all claims that say it.

    Args:
        threshold: None for the reader's own.
    """
    calibration = reader.calibration
    weights = calibration.modes[mode]
    every = answers(claims(found, weights.prior))
    if threshold is None:
        threshold = calibration.threshold
    read_hits = sum(entry.read for entry in found)
    if not every:
        return Reading(reader.model, read_hits, None, 0.0, None, 0, threshold), ()
    said, claim = every[0], every[0].best
    hit = next(entry.hit for entry in found if entry.hit.passage is claim.passage)
    guess = Answer(
        text=claim.text,
        confidence=probability(weights.answer, evidence(said, every, hit)),
        passage_id=claim.passage.id,
        document_id=claim.passage.document_id,
        title=hit.title,
        heading=claim.passage.heading,
        page=claim.passage.page,
        start=claim.start,
        end=claim.end,
    )
    reading = Reading(
        model=reader.model,
        read=read_hits,
        guess=guess,
        score=said.score,
        margin=_margin(said, every),
        support=len(said.claims),
        threshold=threshold,
    )
    return reading, said.claims


def reordered(found: Sequence[ReadHit], weights: Weights) -> tuple[Hit, ...]:
    """The hits by what reader and retriever say of them, best first.

    What was not read stays behind what was. Where the reader doesn't order, hits keep their
    places and their confidence.
    """
    scores = [_score(entry) for entry in found]
    heard = max((score for score in scores if score is not None), default=-math.inf)
    if not weights.order or heard < weights.order_from or not any(e.read for e in found):
        return tuple(
            replace(entry.hit, scores=replace(entry.hit.scores, reader=score))
            for entry, score in zip(found, scores, strict=True)
        )
    least = min((score for score in scores if score is not None), default=0.0)
    worth = [weights.order * (least if score is None else score) for score in scores]
    fused = [entry.hit.scores.fused + more for entry, more in zip(found, worth, strict=True)]
    made = []
    for place, (entry, score) in enumerate(zip(found, scores, strict=True)):
        hit = entry.hit
        others = [n for n, e in enumerate(found) if not e.hit.passage.overlaps(hit.passage)]
        changed = replace(
            hit.scores,
            reader=score,
            fused=fused[place],
            lead=fused[place] - max((fused[n] for n in others), default=0.0),
            parts=replace(hit.scores.parts, reader=worth[place]),
        )
        confidence = hit.confidence
        if score is not None:
            known = passage_evidence(found, place)
            confidence = probability(weights.passage, known)
        made.append(replace(hit, scores=changed, confidence=confidence))
    return tuple(sorted(made, key=lambda hit: -hit.scores.fused))


def passage_evidence(found: Sequence[ReadHit], place: int) -> Evidence:
    """What is known of a passage that was read, as the one that answers."""
    hit, score = found[place].hit, _score(found[place]) or 0.0
    others = [
        other.span.score
        for other in found
        if other.span and not other.hit.passage.overlaps(hit.passage)
    ]
    return Evidence(
        score=score,
        margin=score - max(others) if others else score,
        meaning=hit.scores.meaning or 0.0,
        words=hit.scores.words or 0.0,
        lead=hit.scores.lead,
    )


def _score(entry: ReadHit) -> float | None:
    return entry.span.score if entry.span else None


def marked(hits: Sequence[Hit], said: Sequence[Claim]) -> tuple[Hit, ...]:
    """The hits with the answer marked in those that hold it, in place of a sentence."""
    return tuple(_marked(hit, said) for hit in hits)


def _marked(hit: Hit, said: Sequence[Claim]) -> Hit:
    p = hit.passage
    marks = sorted(
        (max(claim.start, p.start) - p.start, min(claim.end, p.end) - p.start)
        for claim in said
        if claim.passage.document_id == p.document_id
        and claim.start < p.end
        and p.start < claim.end
    )
    return replace(hit, highlights=tuple(marks)) if marks else hit
