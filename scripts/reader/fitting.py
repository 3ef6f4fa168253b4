"""What was asked and read → what the reader's scores mean: its calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

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

_ORDERS = (0.0, 0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1)
_PRIORS = (0.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0)
_ENOUGH = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0)
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
    modes = {mode: _weights(every, mode, absent) for mode in MODES}
    enough = _enough(every, modes["hybrid"], at_once)
    fitted = Calibration(name, 0.0, enough, modes)
    return Calibration(name, _threshold(every, fitted, absent), enough, modes)


def _weights(every: Sequence[Asked], mode: Mode, absent: float) -> Weights:
    present = [entry for entry in every if entry.present]
    order = max(_ORDERS, key=lambda order: reciprocal(present, mode, order))
    prior = max(_PRIORS, key=lambda prior: open_f1(present, mode, prior))
    known, right, weight = [], [], []
    for entry in every:
        made = guess(entry.found[mode], prior)
        said_so = f1_of(made.text, entry.answer) >= RIGHT
        if made.evidence is None or (not entry.present and said_so):
            continue  # the words of the answer, by chance: neither right nor wrong
        known.append(made.evidence)
        right.append(entry.present and said_so)
        weight.append(absent if not entry.present else 1 - absent)
    answer = _logistic(known, right, weight)
    known, right, weight = [], [], []
    for entry in every:
        for place in range(len(entry.found[mode])):
            known.append(passage_evidence(entry.found[mode], place))
            right.append(entry.right[mode][place])
            weight.append(absent if not entry.present else 1 - absent)
    return Weights(order, prior, answer, _logistic(known, right, weight))


def guess(found: Sequence[ReadHit], prior: float) -> Guess:
    """The best answer in what was read."""
    said = answers(claims(found, prior))
    if not said:
        return Guess(None, "")
    best = said[0]
    hit = next(entry.hit for entry in found if entry.hit.passage is best.best.passage)
    return Guess(evidence(best, said, hit), best.best.text)


def ranked(entry: Asked, mode: Mode, order: float) -> list[bool]:
    """Whether each hit is right, in the order that a weight gives."""
    right = {
        e.hit.passage.id: held for e, held in zip(entry.found[mode], entry.right[mode], strict=True)
    }
    weights = Weights(order, 0.0, _NO_WEIGHT, _NO_WEIGHT)
    return [right[hit.passage.id] for hit in reordered(entry.found[mode], weights)]


def reciprocal(every: Sequence[Asked], mode: Mode, order: float) -> float:
    """Mean of 1 / rank of the first right hit."""
    lists = (ranked(entry, mode, order) for entry in every)
    return float(np.mean([1 / (1 + held.index(True)) if any(held) else 0.0 for held in lists]))


def open_f1(every: Sequence[Asked], mode: Mode, prior: float) -> float:
    return float(np.mean([f1_of(guess(e.found[mode], prior).text, e.answer) for e in every]))


def open_exact(every: Sequence[Asked], mode: Mode, prior: float) -> float:
    texts = ((guess(e.found[mode], prior).text, e.answer) for e in every)
    return float(np.mean([normalised(text) == normalised(answer) for text, answer in texts]))


def early(every: Sequence[Asked], enough: float, at_once: int) -> list[Asked]:
    """The same, had reading stopped early."""
    return [
        Asked(
            answer=entry.answer,
            present=entry.present,
            found={m: tuple(stopped(found, enough, at_once)) for m, found in entry.found.items()},
            right=entry.right,
        )
        for entry in every
    ]


def _enough(every: Sequence[Asked], weights: Weights, at_once: int) -> float:
    """The lowest score at which stopping costs next to nothing."""
    present = [entry for entry in every if entry.present]

    def worth(some: Sequence[Asked]) -> tuple[float, float]:
        return (
            reciprocal(some, "hybrid", weights.order),
            open_f1(some, "hybrid", weights.prior),
        )

    full = worth(present)
    for enough in _ENOUGH:
        some = worth(early(present, enough, at_once))
        if all(less >= most - _LOSS for less, most in zip(some, full, strict=True)):
            return enough
    return _NEVER


def _threshold(every: Sequence[Asked], fitted: Calibration, absent: float) -> float:
    """The lowest at which `PRECISION` of the answers given are right, in mode hybrid."""
    confidence, right, weight = judged(every, fitted, "hybrid", absent)
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
