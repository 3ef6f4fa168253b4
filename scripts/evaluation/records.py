"""What is asked, what came back, and what it comes to."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from qa.records import Mode

DEPTH = 10
"""Ranks that are looked at."""


class DataProblem(Exception):
    """A data set is not what its reader expects; the message says where."""


class Rule(StrEnum):
    """What counts as finding a target.

    DOCUMENT: any passage of its document. Passages of one document are one result, at the
    best of their ranks.
    OVERLAP: a passage that shares at least one character with one of its spans.
    CONTAIN: a passage that holds one of its spans whole.
    """

    DOCUMENT = "document"
    OVERLAP = "overlap"
    CONTAIN = "contain"


class Located(Protocol):
    """A stretch of a document: a passage, or another place where it stands."""

    @property
    def document_id(self) -> str: ...

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to find, and what it is found by.

    `spans` are (start, end) code points into the text of the document as loaded, any one of
    which will do; () where the document itself is what is to be found.
    """

    document_id: str
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the things that answer it, at least one."""

    id: str
    text: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """A folder of documents and the questions asked about it.

    Attributes:
        covered: whether it is measured how much of the spans is retrieved, and how little else.
        calibrated: whether confidence is compared with what is right.
    """

    name: str
    documents: Path
    rule: Rule
    questions: tuple[Question, ...]
    covered: bool = False
    calibrated: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the first five passages, in characters, each in [0, 1]; see `spans.coverage`."""

    recall: float
    precision: float
    iou: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A passage's stated probability of being right, and whether it is."""

    confidence: float
    right: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back for one question.

    Attributes:
        ranks: for each target found within `DEPTH` its rank from 1, ascending.
        targets: how many there are to find.
        judged: of the first five passages, in order.
        coverage: None where the set isn't measured so.
    """

    ranks: tuple[int, ...]
    targets: int
    judged: tuple[Judged, ...]
    coverage: Coverage | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over questions, and the 95% interval of it under resampling of the questions."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CoverageEstimate:
    recall: Estimate
    precision: Estimate
    iou: Estimate


@dataclass(frozen=True, slots=True)
class Bin:
    """Passages whose confidence is in (low, high]; the means are None where there are none."""

    low: float
    high: float
    count: int
    confidence: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far confidence is from the share that is right.

    Attributes:
        of: which passages, "first" or "first five".
        error: expected calibration error in [0, 1], 0 is best.
        bins: of equal width, ascending.
    """

    of: str
    count: int
    error: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class ModeResult:
    """What one way of ranking comes to on one set; what isn't measured there is None and ()."""

    mode: Mode
    recall_at_1: Estimate
    recall_at_5: Estimate
    mrr_at_10: Estimate
    ndcg_at_10: Estimate
    coverage: CoverageEstimate | None
    calibrations: tuple[Calibration, ...]


@dataclass(frozen=True, slots=True)
class SetResult:
    name: str
    rule: Rule
    documents: int
    passages: int
    questions: int
    modes: tuple[ModeResult, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run. `made_at` is ISO 8601, UTC; `sample` is None where all questions were asked."""

    made_at: str
    model: str
    precision: str
    fingerprint: str
    sample: int | None
    sets: tuple[SetResult, ...]
