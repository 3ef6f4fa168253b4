"""Ranks → recall, reciprocal rank and nDCG, and how sure their means are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scripts.evaluation.records import DEPTH, Estimate, Outcome

Values = NDArray[np.float64]

_RESAMPLES = 1000
_AT_ONCE = 50  # resamples in memory together: of 10,000 questions, 4 MB for each metric
_INTERVAL = (2.5, 97.5)


def gains(outcomes: Sequence[Outcome]) -> tuple[Values, NDArray[np.int64]]:
    """(n, DEPTH) 1 where a target was found at that rank, else 0; (n,) targets to find."""
    found = np.zeros((len(outcomes), DEPTH))
    for row, outcome in enumerate(outcomes):
        for rank in outcome.ranks:
            found[row, rank - 1] = 1
    return found, np.array([outcome.targets for outcome in outcomes], np.int64)


def recall(found: Values, targets: NDArray[np.int64], k: int) -> Values:
    """(n,) share of each question's targets that is within the first k."""
    share: Values = found[:, :k].sum(axis=1) / targets
    return share


def reciprocal_rank(found: Values) -> Values:
    """(n,) 1 / rank of the first find; 0 where nothing is found within DEPTH."""
    ranks = found.argmax(axis=1) + 1
    reciprocal: Values = found.max(axis=1) / ranks
    return reciprocal


def ndcg(found: Values, targets: NDArray[np.int64]) -> Values:
    """(n,) discounted gain within DEPTH over that of a ranking with every target in front."""
    discounts = 1 / np.log2(np.arange(DEPTH) + 2)
    ideal = discounts.cumsum()[np.minimum(targets, DEPTH) - 1]
    share: Values = found @ discounts / ideal
    return share


def auroc(positive: NDArray[np.floating], negative: NDArray[np.floating]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    below = np.searchsorted(np.sort(negative), positive, side="left")
    up_to = np.searchsorted(np.sort(negative), positive, side="right")
    return float((below + up_to).mean() / 2 / len(negative))


def estimates(values: Values, seed: int = 0) -> list[Estimate]:
    """Means of the columns, each with the percentile bootstrap's 95% interval over the rows.

    The same rows are drawn for every column, and the same for the same seed.

    Args:
        values: (n, m), a row for each question, n at least 1.

    Returns:
        m estimates.
    """
    rng = np.random.default_rng(seed)
    count = len(values)
    means = np.concatenate(
        [
            values[rng.integers(count, size=(_AT_ONCE, count))].mean(axis=1)
            for _ in range(_RESAMPLES // _AT_ONCE)
        ]
    )
    lows, highs = np.percentile(means, _INTERVAL, axis=0)
    return [
        # where all rows are alike, rounding alone would put the mean outside
        Estimate(mean, min(low, mean), max(high, mean))
        for mean, low, high in zip(
            values.mean(axis=0).tolist(), lows.tolist(), highs.tolist(), strict=True
        )
    ]
