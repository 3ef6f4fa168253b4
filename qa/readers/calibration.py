"""What a reader's scores mean: how they order passages, and how sure they make one.

Fitted by `python -m scripts.calibrate_reader`, kept as one small file beside the weights.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import ModelError
from qa.records import Mode

FILE = "calibration.json"

# A score beyond these says no more; what is fitted in between need not hold outside.
_LEAST_SCORE, _MOST_SCORE, _MOST_MARGIN = -15.0, 25.0, 15.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of an answer, or of a passage as the one that answers.

    Attributes:
        score: of the reader, log-odds over "no answer".
        margin: ahead of the best that is something else; negative for what stands behind it.
        meaning, words: the passage's scores of retrieval, 0 where the mode has none.
        lead: the retriever's, see `qa.records.Scores`.
    """

    score: float
    margin: float
    meaning: float
    words: float
    lead: float

    def features(self) -> tuple[float, ...]:
        """1, then the attributes in order, the reader's within bounds."""
        return (
            1.0,
            min(max(self.score, _LEAST_SCORE), _MOST_SCORE),
            min(max(self.margin, -_MOST_MARGIN), _MOST_MARGIN),
            self.meaning,
            self.words,
            self.lead,
        )


@dataclass(frozen=True, slots=True)
class Weights:
    """Of one way to rank.

    Attributes:
        order: what a unit of the reader's score is worth in a passage's fused score.
        order_from: score that one passage at least must have, or their order stays: a reader
            that finds an answer nowhere knows nothing of which passage is nearest to one.
        reach: how far a passage's fused score may be behind the first one's for it to be read.
        prior: what a unit of a passage's fused score is worth in its answer's score.
        answer, passage: logistic regressions on `Evidence.features` of whether an answer is
            right, and whether a passage holds it.
    """

    order: float
    order_from: float
    reach: float
    prior: float
    answer: tuple[float, ...]
    passage: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Attributes:
    fitted_to: what scores it was fitted to, for people; "" where it was not fitted.
    threshold: least confidence of an answer that is given, unless another is set.
    enough: score of a passage at which no further ones are read.
    modes: weights by the way passages are ranked.
    """

    fitted_to: str
    threshold: float
    enough: float
    modes: Mapping[Mode, Weights]


def probability(coefficients: Sequence[float], evidence: Evidence) -> float:
    """In (0, 1)."""
    logit = math.fsum(c * f for c, f in zip(coefficients, evidence.features(), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


_PLAIN = Weights(
    order=0.0,
    order_from=-math.inf,
    reach=math.inf,
    prior=0.0,
    answer=(0.0, 0.5, 0.0, 0.0, 0.0, 0.0),
    passage=(0.0, 0.5, 0.0, 0.0, 0.0, 0.0),
)

UNFITTED = Calibration("", 0.5, math.inf, {"hybrid": _PLAIN, "meaning": _PLAIN, "words": _PLAIN})
"""Of a reader of which nothing is known: it does not reorder, and its score is taken at half
its word, since readers are as a rule too sure (Kamath, Jia and Liang 2020)."""


def write_calibration(calibration: Calibration, path: Path) -> None:
    path.write_text(json.dumps(asdict(calibration), indent=1) + "\n", "utf-8")


def read_calibration(path: Path) -> Calibration:
    """What `write_calibration` wrote.

    Raises:
        ModelError: the file is missing or is something else.
    """
    try:
        fields = json.loads(path.read_bytes())
        modes: dict[Mode, Weights] = {}
        for mode in UNFITTED.modes:
            own = fields["modes"][mode]
            modes[mode] = Weights(
                order=float(own["order"]),
                order_from=float(own["order_from"]),
                reach=float(own["reach"]),
                prior=float(own["prior"]),
                answer=_coefficients(own["answer"]),
                passage=_coefficients(own["passage"]),
            )
        return Calibration(
            fitted_to=str(fields["fitted_to"]),
            threshold=float(fields["threshold"]),
            enough=float(fields["enough"]),
            modes=modes,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} cannot be used: {error or type(error).__name__}; "
            "write it again with `python -m scripts.calibrate_reader`"
        ) from error


def _coefficients(values: Sequence[float]) -> tuple[float, ...]:
    found = tuple(float(value) for value in values)
    if len(found) != len(_PLAIN.answer):
        raise ValueError(f"{len(found)} coefficients where there must be {len(_PLAIN.answer)}")
    return found
