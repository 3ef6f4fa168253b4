"""What an answered question is made of. Scores are floats, higher is better."""

from dataclasses import dataclass
from typing import Literal

from index.records import Passage

Mode = Literal["hybrid", "meaning", "words"]
"""How passages are ranked: by both, by the embeddings alone, by the words alone."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What each consideration put into, or took from, a fused score.

    Attributes:
        meaning, words: of the two rankings.
        opening: for opening a document, where nothing is near the question.
        heading: taken off a passage that is a heading alone; never above 0.
        neighbour: taken off for repeating text of better hits; never above 0.
    """

    meaning: float
    words: float
    opening: float
    heading: float
    neighbour: float

    @property
    def total(self) -> float:
        return self.meaning + self.words + self.opening + self.heading + self.neighbour


@dataclass(frozen=True, slots=True)
class Scores:
    """What a passage got.

    Attributes:
        meaning: cosine of passage and question, in [-1, 1]; None in mode "words".
        words: how much of the question's words it holds, in [0, 1); None in mode "meaning".
        fused: what the list is ordered by: the sum of `parts`.
        lead: how far ahead that is of the best other passage that does not share its text;
            negative for what stands behind it.
        parts: why.
    """

    meaning: float | None
    words: float | None
    fused: float
    lead: float
    parts: Parts


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands: ``document.text[start:end]``. `page` is None without pages."""

    document_id: str
    title: str
    source: str
    start: int
    end: int
    page: int | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One passage that was found.

    Attributes:
        passage: where it stands and what it says.
        title, source: of its document.
        scores: why it stands where it does in the list.
        highlights: (start, end) into ``passage.text`` of what answers best; may be ().
        confidence: probability that it answers the question, as calibrated.
        matched: words of the question that it holds, as they were written.
        also: where else nearly the same passage stands, best first.
    """

    passage: Passage
    title: str
    source: str
    scores: Scores
    highlights: tuple[tuple[int, int], ...]
    confidence: float
    matched: tuple[str, ...]
    also: tuple[Place, ...]


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
    mode: Mode
    answer: Answer | None
    hits: tuple[Hit, ...]
    index: IndexInfo
    timings: Timings
