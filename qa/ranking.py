"""What the two rankings gave → one score for each passage, and how sure that makes one."""

import math

import numpy as np
from numpy.typing import NDArray

from qa.records import Mode

Floats = NDArray[np.float64]

# A convex combination (Bruch, Gai and Ingber 2022, "An Analysis of Fusion Functions for
# Hybrid Retrieval"). Both scores have bounds of their own that mean the same for every
# question, so they are not normalised by what else was found: a passage keeps its score
# whatever stands beside it. The weight lies between the best of SQuAD dev, whose questions
# were written by people who had the passage before them, and of the sample questions, whose
# askers had not (docs/retrieval.md).
MEANING_WEIGHT = 0.5

# Below this cosine the nearest passage is hardly about the question at all ("who leads the
# center?" asked of a text that calls it many names), and the order is mostly noise. Then the
# passage with which a document opens gets a bonus, more the vaguer it is: it names what the
# document is about.
_VAGUE = 0.4
_OPENING_BONUS = 0.15

# A heading alone is near every question about what stands below it, and answers none.
BARE_HEADING = 0.1

# Logistic regression on (1, meaning, words, lead); see `confidence`. Fitted on SQuAD dev by
# scripts/calibrate.py; a score that a mode does not have counts as 0.
_CALIBRATION: dict[Mode, tuple[float, float, float, float]] = {
    "hybrid": (-1.35, 0.20, 2.09, 16.45),
    "meaning": (-2.23, 2.55, 0.00, 17.99),
    "words": (-1.46, 0.00, 2.08, 13.08),
}


def weights(mode: Mode) -> tuple[float, float]:
    """What a cosine and a word score count in a mode."""
    match mode:
        case "hybrid":
            return MEANING_WEIGHT, 1 - MEANING_WEIGHT
        case "meaning":
            return 1.0, 0.0
        case "words":
            return 0.0, 1.0


def opening_bonus(mode: Mode, cosines: Floats) -> float:
    """What opening a document is worth, given the cosines (n,) of all that was found."""
    if mode == "words" or not len(cosines):
        return 0.0
    vagueness = max(0.0, 1 - float(cosines.max()) / _VAGUE)
    return weights(mode)[0] * _OPENING_BONUS * min(vagueness, 1.0)


def confidence(mode: Mode, meaning: float, words: float, lead: float) -> float:
    """Probability in (0, 1) that a passage answers the question.

    Args:
        meaning, words: its scores, 0 where the mode has none.
        lead: its fused score less that of the best other hit; negative for all but the first.
    """
    constant, of_meaning, of_words, of_lead = _CALIBRATION[mode]
    logit = constant + of_meaning * meaning + of_words * words + of_lead * lead
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
