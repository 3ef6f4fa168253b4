"""Weights, the bonus of openings, and the law of confidence."""

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.ranking import confidence, opening_bonus, weights
from qa.records import Mode

MODES: tuple[Mode, ...] = get_args(Mode)
SCORES = st.floats(-1, 1)


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_is_a_convex_combination(mode: Mode) -> None:
    meaning, words = weights(mode)
    assert meaning + words == 1
    assert min(meaning, words) >= 0


def test_a_mode_of_one_ranking_takes_all_from_it() -> None:
    assert weights("meaning") == (1, 0)
    assert weights("words") == (0, 1)


def test_the_vaguer_the_question_the_more_an_opening_is_worth() -> None:
    assert opening_bonus("meaning", np.array([0.1, 0.4])) == 0
    assert opening_bonus("meaning", np.array([0.1, 0.2])) == pytest.approx(0.075)
    assert opening_bonus("meaning", np.array([-0.3])) == pytest.approx(0.15)  # no more than all
    assert opening_bonus("hybrid", np.array([0.2])) == pytest.approx(0.5 * 0.075)


def test_openings_are_worth_nothing_by_words_and_in_an_empty_index() -> None:
    assert opening_bonus("words", np.zeros(3)) == 0
    assert opening_bonus("hybrid", np.empty(0)) == 0


@given(st.sampled_from(MODES), SCORES, st.floats(0, 1), SCORES)
def test_confidence_is_a_probability(mode: Mode, meaning: float, words: float, lead: float) -> None:
    assert 0 < confidence(mode, meaning, words, lead) < 1


@given(st.sampled_from(MODES), SCORES, st.floats(0, 1), SCORES, st.floats(0.001, 1))
def test_a_greater_lead_makes_no_less_sure(
    mode: Mode, meaning: float, words: float, lead: float, more: float
) -> None:
    before = confidence(mode, meaning, words, lead)
    assert confidence(mode, meaning, words, lead + more) >= before


def test_confidence_is_the_logistic_of_its_features() -> None:
    logit = math.log(1 / confidence("hybrid", 0.0, 0.0, 0.0) - 1)
    with_lead = math.log(1 / confidence("hybrid", 0.0, 0.0, 0.1) - 1)
    twice = math.log(1 / confidence("hybrid", 0.0, 0.0, 0.2) - 1)
    assert logit - with_lead == pytest.approx(with_lead - twice)
