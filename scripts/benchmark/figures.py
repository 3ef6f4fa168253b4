"""What many measurements come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """What the rounds of a run gave; `values` are in the order they were measured."""

    median: float
    low: float
    high: float
    values: tuple[float, ...]


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(median(values), min(values), max(values), tuple(values))


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that at least `percent` in a hundred do not exceed (nearest rank).

    Always one that was measured; of at least one value.
    """
    ordered = sorted(values)
    rank = -(-percent * len(ordered) // 100)  # rounded up
    return ordered[max(rank, 1) - 1]


def ratios(theirs: Sequence[float], ours: Sequence[float]) -> Spread:
    """Round by round, so that what slowed a whole round down cancels out."""
    return spread([their / our for their, our in zip(theirs, ours, strict=True)])
