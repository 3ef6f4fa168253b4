"""What was asked and read → what the reader's scores mean: its calibration."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from qa.claims import answers
from qa.readers.calibration import Calibration, Evidence, Weights, probability
from qa.readers.normalisation import f1_of, normalised
from qa.reading import ReadHit, claims, evidence, passage_evidence, reordered
from qa.records import Mode
from scripts.reader.asking import MODES, Asked, stopped

RIGHT = 0.5
"""Least F1 with the marked answer of an answer that counts as right."""

PRECISION = 0.8
"""Of the answers given, how many shall be right."""

UNANSWERABLE = 0.2
"""Share of questions without an answer at which that shall still be so."""

_ORDERS = (0.0, 0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1)
_PRIORS = (0.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0)
_ENOUGH = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0)
_REACHES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
_LEAST_HEARD = (4.0, 2.0, 0.0, -1.0, -2.0, -3.0, -4.0)
_LOSS = 0.001  # of reciprocal rank and F1 that reading fewer passages may cost
_NEVER = 1e9

_NO_WEIGHT = (0.0,) * len(Evidence(0, 0, 0, 0, 0).features())


@dataclass(frozen=True, slots=True)
class Guess:
    """A reader's best answer to a question; `evidence` is None where it had none."""

    evidence: Evidence | None
    text: str


def fit(every: Sequence[Asked], absent: float, at_once: int, name: str) -> Calibration:
    """The calibration that does best on what was asked.

    Args:
        absent: what share of the questions that confidence is fitted to shall have no answer
            in the index.
        at_once: passages that are read together.
        name: of the reader's scores, for people.
    """
    modes = {mode: _scales(every, mode, at_once) for mode in MODES}
    enough = _enough(every, Calibration(name, 0.0, _NEVER, modes), at_once)
    some = early(every, Calibration(name, 0.0, enough, modes), at_once)  # as the product reads
    modes = {mode: _sure(some, mode, modes[mode], absent) for mode in MODES}
    fitted = Calibration(name, 0.0, enough, modes)
    return replace(fitted, threshold=_threshold(some, fitted))


def _scales(every: Sequence[Asked], mode: Mode, at_once: int) -> Weights:
    """What decides what is read and in which order it comes; how sure it is comes after."""
    present = [entry for entry in every if entry.present]
    order = max(_ORDERS, key=lambda order: reciprocal(present, mode, _ordering(order)))
    prior = max(_PRIORS, key=lambda prior: open_f1(present, mode, prior))
    weights = replace(_ordering(order), prior=prior)
    full = _worth(present, mode, weights)

    def costs_nothing(changed: Weights) -> bool:
        modes = {mode: changed}
        some = early(present, Calibration("", 0.0, _NEVER, modes), at_once)
        return _as_good(_worth(some, mode, changed), full)

    reaches = (replace(weights, reach=reach) for reach in _REACHES)
    weights = next(filter(costs_nothing, reaches), weights)
    heard = (replace(weights, order_from=least) for least in _LEAST_HEARD)
    return next(filter(costs_nothing, heard), weights)


def _ordering(order: float) -> Weights:
    return Weights(order, -_NEVER, _NEVER, 0.0, _NO_WEIGHT, _NO_WEIGHT)


def _worth(present: Sequence[Asked], mode: Mode, weights: Weights) -> tuple[float, float]:
    return reciprocal(present, mode, weights), open_f1(present, mode, weights.prior)


def _as_good(less: tuple[float, float], full: tuple[float, float]) -> bool:
    return all(a >= b - _LOSS for a, b in zip(less, full, strict=True))


def _sure(every: Sequence[Asked], mode: Mode, weights: Weights, absent: float) -> Weights:
    """The weights with what makes an answer and a passage sure."""
    known, right, weight = [], [], []
    for entry in every:
        made = guess(entry.found[mode], weights.prior)
        said_so = f1_of(made.text, entry.answer) >= RIGHT
        if made.evidence is None or (not entry.present and said_so):
            continue  # the words of the answer, by chance: neither right nor wrong
        known.append(made.evidence)
        right.append(entry.present and said_so)
        weight.append(absent if not entry.present else 1 - absent)
    answer = _logistic(known, right, weight)
    known, right, weight = [], [], []
    for entry in every:
        for place, found in enumerate(entry.found[mode]):
            if not found.read:
                continue
            known.append(passage_evidence(entry.found[mode], place))
            right.append(entry.right[mode][place])
            weight.append(absent if not entry.present else 1 - absent)
    return replace(weights, answer=answer, passage=_logistic(known, right, weight))


def guess(found: Sequence[ReadHit], prior: float) -> Guess:
    """The best answer in what was read."""
    said = answers(claims(found, prior))
    if not said:
        return Guess(None, "")
    best = said[0]
    hit = next(entry.hit for entry in found if entry.hit.passage is best.best.passage)
    return Guess(evidence(best, said, hit), best.best.text)


def ranked(entry: Asked, mode: Mode, weights: Weights) -> list[bool]:
    """Whether each hit is right, in the order that weights give."""
    right = {
        e.hit.passage.id: held for e, held in zip(entry.found[mode], entry.right[mode], strict=True)
    }
    return [right[hit.passage.id] for hit in reordered(entry.found[mode], weights)]


def reciprocal(every: Sequence[Asked], mode: Mode, weights: Weights) -> float:
    """Mean of 1 / rank of the first right hit."""
    lists = (ranked(entry, mode, weights) for entry in every)
    return float(np.mean([1 / (1 + held.index(True)) if any(held) else 0.0 for held in lists]))


def open_f1(every: Sequence[Asked], mode: Mode, prior: float) -> float:
    return float(np.mean([f1_of(guess(e.found[mode], prior).text, e.answer) for e in every]))


def open_exact(every: Sequence[Asked], mode: Mode, prior: float) -> float:
    texts = ((guess(e.found[mode], prior).text, e.answer) for e in every)
    return float(np.mean([normalised(text) == normalised(answer) for text, answer in texts]))


def early(every: Sequence[Asked], fitted: Calibration, at_once: int) -> list[Asked]:
    """The same in the modes that are fitted, with what the product does not read left unread."""
    return [
        replace(
            entry,
            found={
                mode: tuple(stopped(entry.found[mode], weights.reach, fitted.enough, at_once))
                for mode, weights in fitted.modes.items()
            },
        )
        for entry in every
    ]


def _enough(every: Sequence[Asked], fitted: Calibration, at_once: int) -> float:
    """The lowest score at which stopping costs next to nothing, in mode hybrid."""
    present = [entry for entry in every if entry.present]
    weights = fitted.modes["hybrid"]
    full = _worth(early(present, fitted, at_once), "hybrid", weights)
    for enough in _ENOUGH:
        some = early(present, replace(fitted, enough=enough), at_once)
        if _as_good(_worth(some, "hybrid", weights), full):
            return enough
    return _NEVER


def _threshold(every: Sequence[Asked], fitted: Calibration) -> float:
    """The lowest at which `PRECISION` of the answers given are right, in mode hybrid."""
    confidence, right, weight = judged(every, fitted, "hybrid", UNANSWERABLE)
    order = np.argsort(-confidence, kind="stable")
    given = np.cumsum(weight[order])
    precise = np.cumsum((weight * right)[order]) / given
    enough = np.flatnonzero(precise >= PRECISION)
    return float(round(confidence[order][enough[-1]], 3)) if len(enough) else 1.0


def judged(
    every: Sequence[Asked], fitted: Calibration, mode: Mode, absent: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(n,) each: confidence of the best answer, whether it is right, what it weighs."""
    weights = fitted.modes[mode]
    rows = []
    for entry in every:
        made = guess(entry.found[mode], weights.prior)
        sure = probability(weights.answer, made.evidence) if made.evidence else 0.0
        right = entry.present and f1_of(made.text, entry.answer) >= RIGHT
        rows.append((sure, right, 1 - absent if entry.present else absent))
    table = np.array(rows, np.float64)
    return table[:, 0], table[:, 1], table[:, 2]


def _logistic(
    known: Sequence[Evidence], right: Sequence[bool], weight: Sequence[float]
) -> tuple[float, ...]:
    """Constant and coefficients."""
    features = np.array([entry.features()[1:] for entry in known])
    model = LogisticRegression(C=1e6, max_iter=5000)
    model.fit(features, np.array(right), sample_weight=np.array(weight) / np.mean(weight))
    found = (model.intercept_[0], *model.coef_[0])
    return tuple(round(float(value), 4) for value in found)
