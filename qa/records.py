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
        reader: for what a reader found in it; 0 where none was asked. What was not read gets
            the least of what was.
    """

    meaning: float
    words: float
    opening: float
    heading: float
    neighbour: float
    reader: float

    @property
    def total(self) -> float:
        retrieved = self.meaning + self.words + self.opening + self.heading + self.neighbour
        return retrieved + self.reader


@dataclass(frozen=True, slots=True)
class Scores:
    """What a passage got.

    Attributes:
        meaning: cosine of passage and question, in [-1, 1]; None in mode "words".
        words: how much of the question's words it holds, in [0, 1); None in mode "meaning".
        reader: log-odds of the best answer in it over there being none; None where no reader
            has read it.
        fused: what the list is ordered by: the sum of `parts`.
        lead: how far ahead that is of the best other passage that does not share its text;
            negative for what stands behind it.
        parts: why.
    """

    meaning: float | None
    words: float | None
    reader: float | None
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
    """The exact answer: ``document.text[start:end] == text``.

    Attributes:
        confidence: probability that it is right, as calibrated.
        passage_id: of the passage that it was read in.
        title, heading, page: of the document, and of that passage.
    """

    text: str
    confidence: float
    passage_id: int
    document_id: str
    title: str
    heading: tuple[str, ...]
    page: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader made of the best passages.

    Attributes:
        model: the reader's name.
        read: passages that it read.
        guess: its best answer, however unsure; None where there was nothing to read.
        score: log-odds of the guess over "no answer", of all passages that say it.
        margin: what its score is ahead of the best other answer's; None where there is none.
        support: passages that say it, at least one where there is a guess.
        threshold: least confidence of an answer that is given.
    """

    model: str
    read: int
    guess: Answer | None
    score: float
    margin: float | None
    support: int
    threshold: float

    @property
    def answer(self) -> Answer | None:
        """The guess where it is sure enough."""
        return self.guess if self.guess and self.guess.confidence >= self.threshold else None


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
    read: float

    @property
    def total(self) -> float:
        return self.embed + self.search + self.fetch + self.read


@dataclass(frozen=True, slots=True)
class Response:
    """All there is to say to one question.

    Attributes:
        mode: how the hits are ranked; another than was asked for where that failed.
        reading: None where no reader was asked, or it failed, or there was no time left for it.
        hits: best first.
        degraded: what failed or was left out for want of time, in words; () for a whole answer.
    """

    question: str
    mode: Mode
    reading: Reading | None
    hits: tuple[Hit, ...]
    degraded: tuple[str, ...]
    index: IndexInfo
    timings: Timings

    @property
    def answer(self) -> Answer | None:
        """None where nothing answers, or no reader was asked."""
        return self.reading.answer if self.reading else None
