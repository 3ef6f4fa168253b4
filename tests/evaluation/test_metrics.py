"""Recall, reciprocal rank and nDCG: by hand, by their laws, and against trec_eval."""

import math
import platform
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.evaluation.metrics import estimates, gains, ndcg, recall, reciprocal_rank
from scripts.evaluation.records import Outcome


def outcome(*ranks: int, targets: int = 1) -> Outcome:
    return Outcome(ranks, targets, (), None)


# One found first, one found third, one missed; then two of three targets, at 2 and 6.
FOUR = [outcome(1), outcome(3), outcome(), outcome(2, 6, targets=3)]


def test_metrics_are_what_a_hand_computes() -> None:
    found, targets = gains(FOUR)
    assert recall(found, targets, 1).tolist() == [1, 0, 0, 0]
    assert recall(found, targets, 5) == pytest.approx([1, 1, 0, 1 / 3])
    assert recall(found, targets, 10) == pytest.approx([1, 1, 0, 2 / 3])
    assert reciprocal_rank(found) == pytest.approx([1, 1 / 3, 0, 1 / 2])
    best = 1 + 1 / math.log2(3) + 1 / 2
    both = 1 / math.log2(3) + 1 / math.log2(7)
    assert ndcg(found, targets) == pytest.approx([1, 1 / 2, 0, both / best])


@pytest.mark.parametrize("targets", [1, 3, 10, 12])
def test_a_perfect_ranking_gives_1(targets: int) -> None:
    found, wanted = gains([outcome(*range(1, min(targets, 10) + 1), targets=targets)])
    assert ndcg(found, wanted) == pytest.approx([1])
    assert reciprocal_rank(found).tolist() == [1]
    assert recall(found, wanted, 10) == pytest.approx([min(targets, 10) / targets])


ANY_OUTCOME = st.sets(st.integers(1, 10), max_size=10).flatmap(
    lambda ranks: st.integers(max(1, len(ranks)), 15).map(
        lambda targets: outcome(*sorted(ranks), targets=targets)
    )
)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) == ("linux", "aarch64"),
    reason="pytrec-eval-terrier has no wheel for Linux on ARM",
)
@given(st.lists(ANY_OUTCOME, min_size=1, max_size=8))
def test_metrics_agree_with_trec_eval(outcomes: list[Outcome]) -> None:
    import pytrec_eval

    run = {
        str(number): {f"{rank:02}": 100.0 - rank for rank in range(1, 11)}
        for number in range(len(outcomes))
    }
    judgments = {
        str(number): {f"{rank:02}": 1 for rank in entry.ranks}
        | {f"missed {extra}": 1 for extra in range(entry.targets - len(entry.ranks))}
        for number, entry in enumerate(outcomes)
    }
    measures = {"recall.1,5", "recip_rank", "ndcg_cut.10"}
    theirs = pytrec_eval.RelevanceEvaluator(judgments, measures).evaluate(run)
    found, targets = gains(outcomes)
    ours = {
        "recall_1": recall(found, targets, 1),
        "recall_5": recall(found, targets, 5),
        "recip_rank": reciprocal_rank(found),
        "ndcg_cut_10": ndcg(found, targets),
    }
    for name, values in ours.items():
        expected = [theirs[str(number)][name] for number in range(len(outcomes))]
        assert values == pytest.approx(expected, abs=1e-9), name


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_an_interval_holds_its_mean_and_is_the_same_every_time(values: list[float]) -> None:
    column = np.array(values)[:, None]
    (made,) = estimates(column)
    assert made.low <= made.mean <= made.high
    assert made.mean == pytest.approx(np.mean(values))
    assert estimates(column) == [made]


def test_an_interval_is_as_wide_as_the_binomial_says() -> None:
    """Of 400 questions 100 found: a standard error of sqrt(.25 * .75 / 400) = .0217."""
    column = np.repeat([1.0, 0.0], [100, 300])[:, None]
    (made,) = estimates(column)
    assert made.low == pytest.approx(0.25 - 1.96 * 0.02165, abs=0.005)
    assert made.high == pytest.approx(0.25 + 1.96 * 0.02165, abs=0.005)


def test_columns_are_estimated_each_for_itself() -> None:
    values = np.stack([np.ones(20), np.zeros(20)], axis=1)
    ones, zeros = estimates(values)
    assert (ones.low, ones.mean, ones.high) == (1, 1, 1)
    assert (zeros.low, zeros.mean, zeros.high) == (0, 0, 0)
