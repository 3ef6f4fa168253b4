"""Calibration, fitted to questions made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from qa.readers import ReadText, Span
from qa.readers.calibration import UNFITTED
from qa.reading import ReadHit, read
from scripts.reader import fitting
from scripts.reader.asking import MODES, Asked, stopped
from tests.evaluation.fakes import hit
from tests.fakes import ListedReader

_PLACES = 4


def read_hit(number: int, text: str, fused: float, score: float) -> ReadHit:
    made = hit(f"{number}.txt", end=len(text), text=text)
    made = replace(
        made,
        passage=replace(made.passage, id=number),
        scores=replace(made.scores, fused=fused),
    )
    return ReadHit(made, 0, Span(0, len(text), score), read=True)


def question(scores: list[float], right: int | None) -> Asked:
    """Hits in order, each saying a word of its own; the one numbered `right` is the answer."""
    words = ["tram", "bus", "boat", "sled"]
    hits = tuple(
        read_hit(number, words[number], 0.5 - number / 100, score)
        for number, score in enumerate(scores)
    )
    held = tuple(number == right for number in range(len(scores)))
    return Asked(
        answer="" if right is None else words[right],
        present=right is not None,
        found=dict.fromkeys(MODES, hits),
        right=dict.fromkeys(MODES, held),
    )


@pytest.fixture(scope="module")
def every() -> list[Asked]:
    """The reader finds the right one of four nearly always, and is unsure where there is none."""
    lot = np.random.default_rng(0)
    made = []
    for _ in range(150):
        right = int(lot.integers(_PLACES))
        scores = lot.normal(-3, 2, _PLACES)
        absent = scores.copy()
        scores[right] = lot.normal(4, 3)
        made += [question(scores.tolist(), right), question(absent.tolist(), None)]
    return made


def test_a_reader_that_knows_better_reorders_and_answers(every: list[Asked]) -> None:
    fitted = fitting.fit(every, absent=0.2, at_once=2, name="by hand")
    weights = fitted.modes["hybrid"]
    present = [entry for entry in every if entry.present]
    before, after = (
        fitting.reciprocal(present, "hybrid", w) for w in (replace(weights, order=0.0), weights)
    )
    assert before < 0.6 < 0.9 < after
    assert fitting.open_f1(present, "hybrid", weights.prior) > 0.85
    assert fitting.open_exact(present, "hybrid", weights.prior) > 0.85
    assert fitted.fitted_to == "by hand"


def test_the_threshold_gives_the_precision_that_is_asked_for(every: list[Asked]) -> None:
    fitted = fitting.fit(every, absent=0.1, at_once=2, name="")
    sure, right, weight = fitting.judged(every, fitted, "hybrid", fitting.UNANSWERABLE)
    answered = sure >= fitted.threshold - 5e-4  # it is rounded
    assert (weight * right)[answered].sum() / weight[answered].sum() >= fitting.PRECISION - 0.01
    assert answered.mean() > 0.4
    confident, unsure = sure[right == 1].mean(), sure[right == 0].mean()
    assert confident > unsure + 0.3


def test_reading_stops_early_only_where_that_costs_nothing(every: list[Asked]) -> None:
    fitted = fitting.fit(every, absent=0.2, at_once=2, name="")
    weights = fitted.modes["hybrid"]
    present = [entry for entry in every if entry.present]
    some = fitting.early(present, fitted, 2)
    full, less = (fitting.reciprocal(e, "hybrid", weights) for e in (present, some))
    assert less >= full - 0.002  # for what is out of reach, and for what is enough


@pytest.mark.parametrize("reach", [0.005, 0.01, 9.0])
@pytest.mark.parametrize("enough", [-9.0, 1.5, 9.0])
def test_stopping_is_as_the_product_stops(enough: float, reach: float) -> None:
    asked = question([1.0, -1.0, 2.0, 3.0], 3)
    found = asked.found["hybrid"]
    words = {"tram": 1.0, "bus": -1.0, "boat": 2.0, "sled": 3.0}
    modes = {mode: replace(UNFITTED.modes[mode], reach=reach) for mode in MODES}
    reader = ListedReader(words, replace(UNFITTED, enough=enough, modes=modes), at_once=1)
    hits = [entry.hit for entry in found]
    product = read("?", hits, lambda h: (ReadText("", h.passage.text), 0), reader, "hybrid")
    assert stopped(found, reach, enough, 1) == product


def test_words_of_the_answer_where_nothing_answers_teach_nothing(every: list[Asked]) -> None:
    lucky = replace(question([9.0, -9.0, -9.0, -9.0], None), answer="tram")
    without = fitting.fit(every, absent=0.2, at_once=2, name="")
    beside = fitting.fit([*every, *[lucky] * 50], absent=0.2, at_once=2, name="")
    assert beside.modes["hybrid"].answer == pytest.approx(without.modes["hybrid"].answer, abs=0.01)
