"""How good answers are: exact match, F1, what confidence is worth, and when none is given."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.readers.normalisation import f1_of, normalised
from scripts.evaluation.calibration import calibrate
from scripts.evaluation.metrics import auroc, estimates
from scripts.evaluation.records import Estimate, Judged

RIGHT = 0.5
"""Least F1 with a marked answer of an answer that counts as right."""

_COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Answered:
    """The best answer to one question, given or not.

    Attributes:
        text: "" where there was nothing to read.
        sure: the higher, the surer; what abstention goes by.
        given: whether it was sure enough to be given.
        marked: what people marked; () for a question without an answer.
    """

    text: str
    sure: float
    given: bool
    marked: tuple[str, ...]

    @property
    def exact(self) -> float:
        """1 where it is one of the marked answers, by SQuAD's normalisation."""
        return float(any(normalised(self.text) == normalised(text) for text in self.marked))

    @property
    def f1(self) -> float:
        """With the marked answer that is most like it; 0 without any."""
        return max((f1_of(self.text, text) for text in self.marked), default=0.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured; `count` is of what."""

    name: str
    value: Estimate
    count: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the surest share of the questions, the share whose answer is not right."""

    share: float
    risk: float


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """What was measured on one set.

    Attributes:
        risks: ascending by share; () where it isn't measured.
    """

    name: str
    figures: tuple[Figure, ...]
    risks: tuple[Coverage, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerResults:
    """A whole run; attributes as of `records.Results`."""

    made_at: str
    model: str
    reader: str
    sample: int | None
    sets: tuple[AnswerResult, ...]


def best_guesses(every: Sequence[Answered]) -> tuple[Figure, ...]:
    """Exact match and F1 of the best answer, sure or not, of questions that have one."""
    values = np.array([(entry.exact, entry.f1) for entry in every])
    exact, f1 = estimates(values)
    return Figure("EM", exact, len(every)), Figure("F1", f1, len(every))


def with_nulls(every: Sequence[Answered]) -> tuple[Figure, ...]:
    """Exact match and F1 where giving none is right of a question without an answer, and wrong
    of any other, as the evaluation of SQuAD 2.0 has it (Rajpurkar et al. 2018)."""
    values = np.array([_official(entry) for entry in every])
    exact, f1 = estimates(values)
    return Figure("EM, nulls count", exact, len(every)), Figure("F1, nulls count", f1, len(every))


def _official(entry: Answered) -> tuple[float, float]:
    if not entry.given or not entry.marked:
        right = float(not entry.given and not entry.marked)
        return right, right
    return entry.exact, entry.f1


def told_apart(answerable: Sequence[Answered], others: Sequence[Answered]) -> Figure:
    """AUROC: the chance that an answerable question's answer is surer than another's."""
    high, low = (np.array([entry.sure for entry in some]) for some in (answerable, others))
    value = auroc(high, low)
    return Figure("AUROC", Estimate(value, value, value), len(answerable) + len(others))


def calibration_errors(every: Sequence[Answered]) -> tuple[Figure, ...]:
    """Expected calibration errors of `sure` as the probability that an answer is right."""
    figures = []
    for name, values in (
        (f"ECE, right from F1 {RIGHT}", [entry.f1 >= RIGHT for entry in every]),
        ("ECE, right if exact", [entry.exact == 1 for entry in every]),
    ):
        judged = [Judged(entry.sure, right) for entry, right in zip(every, values, strict=True)]
        error = calibrate("answers", judged).error
        figures.append(Figure(name, Estimate(error, error, error), len(every)))
    return tuple(figures)


def given(every: Sequence[Answered]) -> tuple[Figure, ...]:
    """How many are answered at the threshold, and how many of those rightly."""
    (share,) = estimates(np.array([[float(entry.given)] for entry in every]))
    figures = [Figure("answered", share, len(every))]
    some = [[float(entry.f1 >= RIGHT)] for entry in every if entry.given]
    if some:
        figures.append(Figure("right, of those", estimates(np.array(some))[0], len(some)))
    return tuple(figures)


def risks(every: Sequence[Answered]) -> tuple[Coverage, ...]:
    """Risk of the surest shares (El-Yaniv and Wiener 2010): how many answers aren't right."""
    order = np.argsort([-entry.sure for entry in every], kind="stable")
    wrong = np.array([entry.f1 < RIGHT for entry in every], np.float64)[order]
    counts = [max(1, round(share * len(every))) for share in _COVERAGES]
    return tuple(
        Coverage(share, float(wrong[:count].mean()))
        for share, count in zip(_COVERAGES, counts, strict=True)
    )
