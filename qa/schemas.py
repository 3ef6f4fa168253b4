"""What POST /ask takes and gives, as the interface documents it."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from qa import records
from qa.answerer import DEFAULT_LIMIT, DEFAULT_MODE, MAX_LIMIT, MAX_QUESTION
from qa.settings import MAX_TIMEOUT_SECONDS

_CONTROL = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"


def _whole(value: object) -> object:
    """JSON has one kind of number: 5.0 is the integer 5, as JSON Schema has it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_WHOLE = BeforeValidator(_whole)


class AskRequest(BaseModel):
    """A question."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    question: str = Field(
        min_length=1,
        max_length=MAX_QUESTION,
        examples=["who leads the center?"],
        description="Not all space; no control characters but tab and line ends",
        # for whoever reads the interface; `clean_question` is what checks it, and says more
        json_schema_extra={"pattern": rf"^\s*[^\s{_CONTROL}][^{_CONTROL}]*$"},
    )
    limit: Annotated[int, _WHOLE] = Field(
        default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Most passages to return"
    )
    mode: records.Mode = Field(
        default=DEFAULT_MODE,
        description="How passages are ranked: by meaning, by words, or by both together",
    )
    answer: bool = Field(
        default=True,
        description="Read the best passages for the exact answer, and order them by it too",
    )
    explain: bool = Field(
        default=False,
        description="Say where the time went, and why each passage stands where it does",
    )
    timeout_ms: Annotated[int | None, _WHOLE] = Field(
        default=None,
        ge=1,
        le=MAX_TIMEOUT_SECONDS * 1000,
        description="Milliseconds from its arrival that the question may take, waiting included; "
        "what the server allows where that is less, or where this is null. Where they have "
        "passed before it is begun it is refused, later nothing more is read for an answer",
    )


class AnswerOut(BaseModel):
    """The exact answer: ``text`` is the document's text from ``start`` to ``end``."""

    text: str
    confidence: float = Field(description="Probability that it is right")
    passage: str = Field(description="`id` of the passage that it stands in")
    document: str = Field(description="`id` of the document")
    start: int
    end: int


class DocumentOut(BaseModel):
    id: str
    title: str
    source: str


class ScoresOut(BaseModel):
    """Higher is better; null where a ranking was not asked."""

    meaning: float | None = Field(description="Cosine of question and passage, in [-1, 1]")
    words: float | None = Field(description="How much of the question's words it holds, in [0, 1)")
    reader: float | None = Field(
        description="Log-odds of the best answer in it over there being none; null if not read"
    )
    fused: float = Field(description="What the passages are ordered by")


class PlaceOut(BaseModel):
    """Where the same text stands as well."""

    document: DocumentOut
    start: int
    end: int
    page: int | None


class PartsOut(BaseModel):
    """Why a passage stands where it does: what each consideration gave; the sum is `fused`."""

    meaning: float
    words: float
    opening: float = Field(description="For opening a document, where nothing is near the question")
    heading: float = Field(description="Taken off a passage that is a heading alone")
    neighbour: float = Field(description="Taken off for repeating text of better passages")
    reader: float = Field(description="For what the reader found in it; the rest is what it was")
    matched: list[str] = Field(description="Words of the question that the passage holds")


class PassageOut(BaseModel):
    """One passage. Offsets are Unicode code points."""

    rank: int
    id: str
    document: DocumentOut
    heading: list[str]
    page: int | None
    text: str
    start: int = Field(description="Where the passage starts in the document's text")
    end: int
    highlights: list[tuple[int, int]] = Field(
        description="What to mark, as offsets into this passage's text"
    )
    confidence: float = Field(
        description="Probability that it answers the question; comparable between questions"
    )
    scores: ScoresOut
    also: list[PlaceOut] = Field(description="Where nearly the same passage stands as well")
    explain: PartsOut | None = Field(default=None, description="only where asked for")


class IndexOut(BaseModel):
    """The snapshot of the index that answered."""

    snapshot: int
    built_at: str
    documents: int
    passages: int
    model: str


class ReadingOut(BaseModel):
    """What the reader made of the best passages."""

    model: str
    read: int = Field(description="Passages that it read")
    guess: AnswerOut | None = Field(description="Its best answer, however unsure")
    score: float = Field(description="Log-odds of the guess over there being no answer")
    margin: float | None = Field(description="How far that is ahead of the best other answer")
    support: int = Field(description="Passages that say it")
    threshold: float = Field(description="Least confidence of an answer that is given")


class StagesOut(BaseModel):
    """Milliseconds in each stage, and what the reader made of it."""

    embed: float
    search: float
    fetch: float
    read: float
    reader: ReadingOut | None = Field(description="null where no reader was asked")


class AskResponse(BaseModel):
    """The passages that answer a question, best first."""

    question: str
    mode: records.Mode = Field(description="How they are ranked; see `degraded`")
    answer: AnswerOut | None = Field(description="null where nothing answers")
    passages: list[PassageOut]
    degraded: list[str] = Field(
        description="What failed or was left out for want of time; empty for a whole answer"
    )
    index: IndexOut
    took_ms: float
    explain: StagesOut | None = Field(default=None, description="only where asked for")


class Status(BaseModel):
    """Whether the server lives, or is ready to answer."""

    status: Literal["ok"]
    problem: str | None = Field(
        default=None,
        description="Why the newest index cannot be served; an older one is",
    )


def to_json(response: records.Response, *, explain: bool = False) -> str:
    """A response as the API writes it."""
    answer = response.answer
    timings = response.timings
    body = AskResponse(
        question=response.question,
        mode=response.mode,
        answer=None if answer is None else _answer(answer),
        passages=[_passage(rank, hit, explain) for rank, hit in enumerate(response.hits, 1)],
        degraded=list(response.degraded),
        index=IndexOut.model_validate(response.index, from_attributes=True),
        took_ms=round(timings.total, 2),
    )
    if explain:
        body.explain = StagesOut(
            embed=round(timings.embed, 3),
            search=round(timings.search, 3),
            fetch=round(timings.fetch, 3),
            read=round(timings.read, 3),
            reader=None if response.reading is None else _reading(response.reading),
        )
    return body.model_dump_json(exclude_unset=True)


def _answer(answer: records.Answer) -> AnswerOut:
    return AnswerOut(
        text=answer.text,
        confidence=answer.confidence,
        passage=str(answer.passage_id),
        document=answer.document_id,
        start=answer.start,
        end=answer.end,
    )


def _reading(reading: records.Reading) -> ReadingOut:
    return ReadingOut(
        model=reading.model,
        read=reading.read,
        guess=None if reading.guess is None else _answer(reading.guess),
        score=reading.score,
        margin=reading.margin,
        support=reading.support,
        threshold=reading.threshold,
    )


def _passage(rank: int, hit: records.Hit, explain: bool) -> PassageOut:
    passage = hit.passage
    shown = PassageOut(
        rank=rank,
        id=str(passage.id),  # 64 bits are more than a JavaScript number holds
        document=DocumentOut(id=passage.document_id, title=hit.title, source=hit.source),
        heading=list(passage.heading),
        page=passage.page,
        text=passage.text,
        start=passage.start,
        end=passage.end,
        highlights=list(hit.highlights),
        confidence=hit.confidence,
        scores=ScoresOut.model_validate(hit.scores, from_attributes=True),
        also=[_place(place) for place in hit.also],
    )
    if explain:
        parts = hit.scores.parts
        shown.explain = PartsOut(
            meaning=parts.meaning,
            words=parts.words,
            opening=parts.opening,
            heading=parts.heading,
            neighbour=parts.neighbour,
            reader=parts.reader,
            matched=list(hit.matched),
        )
    return shown


def _place(place: records.Place) -> PlaceOut:
    return PlaceOut(
        document=DocumentOut(id=place.document_id, title=place.title, source=place.source),
        start=place.start,
        end=place.end,
        page=place.page,
    )
