"""Whether a confidence of 0.8 is right eight times in ten (Guo et al. 2017)."""

from collections.abc import Sequence

import numpy as np

from scripts.evaluation.judging import FIRST
from scripts.evaluation.records import Bin, Calibration, Judged, Outcome

BINS = 15
_WIDTH = 40


def calibrations(outcomes: Sequence[Outcome]) -> tuple[Calibration, ...]:
    """Of the first passages, and of all the first five; () where nothing was found at all."""
    first = [outcome.judged[0] for outcome in outcomes if outcome.judged]
    shown = [judged for outcome in outcomes for judged in outcome.judged[:FIRST]]
    if not first:
        return ()
    return calibrate("first", first), calibrate("first five", shown)


def calibrate(of: str, judged: Sequence[Judged]) -> Calibration:
    """Expected calibration error over bins of equal width, (0, 1/15], (1/15, 2/15], …

    0 goes to the first. The error is the mean over passages of the distance between their
    bin's mean confidence and its share of right ones. At least one passage.
    """
    confidence = np.array([entry.confidence for entry in judged])
    right = np.array([entry.right for entry in judged], np.float64)
    edges = np.linspace(0, 1, BINS + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, BINS - 1)
    bins, error = [], 0.0
    for number in range(BINS):
        inside = place == number
        count = int(inside.sum())
        low, high = float(edges[number]), float(edges[number + 1])
        if not count:
            bins.append(Bin(low, high, 0, None, None))
            continue
        stated, true = float(confidence[inside].mean()), float(right[inside].mean())
        error += count / len(judged) * abs(stated - true)
        bins.append(Bin(low, high, count, stated, true))
    return Calibration(of, len(judged), error, tuple(bins))


def diagram(calibration: Calibration) -> str:
    """The reliability diagram as lines of text: # for the share that is right, | where the
    confidence says it should end."""
    lines = [f"of the {calibration.of}: {calibration.count} passages, ECE {calibration.error:.3f}"]
    for entry in calibration.bins:
        head = f"{entry.low:.2f}-{entry.high:.2f} {entry.count:>6}"
        if entry.confidence is None or entry.right is None:
            lines.append(head)
            continue
        bar = list("#" * round(entry.right * _WIDTH) + " " * _WIDTH)[: _WIDTH + 1]
        bar[round(entry.confidence * _WIDTH)] = "|"
        said = f"says {entry.confidence:.3f} is {entry.right:.3f}"
        lines.append(f"{head}  {said}  {''.join(bar).rstrip()}")
    return "\n".join(lines)
