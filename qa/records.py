"""What an answered question is made of. Scores are floats, higher is better."""

from dataclasses import dataclass

from index.records import Passage


@dataclass(frozen=True, slots=True)
class Scores:
    """What each ranking gave a passage; None where that ranking was not asked.

    `fused` is what the list is ordered by.
    """

    meaning: float | None
    words: float | None
    fused: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One passage that was found.

    Attributes:
        passage: where it stands and what it says.
        title, source: of its document.
        scores: why it stands where it does in the list.
        highlights: (start, end) into ``passage.text`` of what answers best; may be ().
        confidence: probability that it answers the question, None until one is calibrated.
    """

    passage: Passage
    title: str
    source: str
    scores: Scores
    highlights: tuple[tuple[int, int], ...]
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The exact answer: ``document.text[start:end] == text``."""

    text: str
    confidence: float
    passage_id: int
    document_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """Which snapshot of the index answered. `built_at` is ISO 8601, UTC."""

    snapshot: int
    built_at: str
    documents: int
    passages: int
    model: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds spent in each stage."""

    embed: float
    search: float
    fetch: float

    @property
    def total(self) -> float:
        return self.embed + self.search + self.fetch


@dataclass(frozen=True, slots=True)
class Response:
    """All there is to say to one question. `hits` are best first."""

    question: str
    mode: str
    answer: Answer | None
    hits: tuple[Hit, ...]
    index: IndexInfo
    timings: Timings
