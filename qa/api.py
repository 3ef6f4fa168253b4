"""The HTTP interface: POST /ask, and whether the server lives and is ready."""

from collections.abc import Callable
from typing import Any, Literal

from flask import Request as FlaskRequest
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json
from werkzeug.exceptions import RequestEntityTooLarge

from qa import records
from qa.answerer import DEFAULT_LIMIT, DEFAULT_MODE, MAX_LIMIT, MAX_QUESTION, Answerer
from qa.problems import MEDIA_TYPE, FieldError, Problem, Refused

MAX_BODY = 64 * 1024


class AskRequest(BaseModel):
    """A question."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    question: str = Field(min_length=1, max_length=MAX_QUESTION, examples=["who leads the center?"])
    limit: int = Field(
        default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Most passages to return"
    )
    mode: records.Mode = Field(
        default=DEFAULT_MODE,
        description="How passages are ranked: by meaning, by words, or by both together",
    )
    answer: bool = Field(
        default=True, description="Look for the exact answer; none is given yet, either way"
    )
    explain: bool = Field(
        default=False,
        description="Say where the time went, and why each passage stands where it does",
    )


class AnswerOut(BaseModel):
    """The exact answer: ``text`` is the document's text from ``start`` to ``end``."""

    text: str
    confidence: float
    passage: str
    document: str
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


class StagesOut(BaseModel):
    """Milliseconds in each stage."""

    embed: float
    search: float
    fetch: float


class AskResponse(BaseModel):
    """The passages that answer a question, best first."""

    question: str
    mode: records.Mode
    answer: AnswerOut | None = Field(description="null where nothing answers; always, for now")
    passages: list[PassageOut]
    index: IndexOut
    took_ms: float
    explain: StagesOut | None = Field(default=None, description="only where asked for")


class Status(BaseModel):
    """Whether the server lives, or is ready to answer."""

    status: Literal["ok"]


class JsonRequest(FlaskRequest):
    """A request whose JSON is read strictly, with a reason where it cannot be."""

    def get_json(self, *_: Any, **__: Any) -> Any:
        """The body.

        Raises:
            Refused: 415 where it is not declared as JSON, 413 where it is too long, 400
                where it is not a JSON object by the rules of RFC 8259: UTF-8, no NaN, no
                lone surrogate, and nested no deeper than the parser goes.
        """
        if not self.is_json:
            raise Refused(415, "send the question as JSON, with content-type: application/json")
        try:
            body = self.get_data()
        except RequestEntityTooLarge:
            raise Refused(413, f"the body is longer than {MAX_BODY} bytes; shorten it") from None
        if not body.strip():
            raise _not_a_question('the body is empty; send {"question": "…"}')
        try:
            value = from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise _not_a_question(f"not valid JSON: {error}") from None
        if not isinstance(value, dict):
            raise _not_a_question('not a JSON object; send {"question": "…"}')
        return value


def _not_a_question(message: str) -> Refused:
    return Refused(400, message, [FieldError(field="", message=message)])


def _problem_response(description: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


_NOT_READY = _problem_response("No index that can be served, or too many questions at once")


def create_api(
    current: Callable[[], Answerer], ask_now: Callable[[str, int, records.Mode], records.Response]
) -> APIBlueprint:
    """The blueprint.

    Args:
        current: gives the answerer to use, or raises why there is none.
        ask_now: answers a question with at most so many passages, or refuses.
    """
    api = APIBlueprint("api", __name__)

    @api.post(
        "/ask",
        summary="Ask a question",
        responses={
            200: AskResponse,
            400: _problem_response("The body is not a question; the field is named"),
            413: _problem_response(f"The body is longer than {MAX_BODY} bytes"),
            415: _problem_response("The body is not declared as JSON"),
            503: _NOT_READY,
        },
    )
    def ask(body: AskRequest) -> Response:
        answered = ask_now(body.question, body.limit, body.mode)
        response = Response(to_json(answered, explain=body.explain), mimetype="application/json")
        response.headers["Server-Timing"] = _server_timing(answered.timings)
        return response

    @api.get("/livez", summary="Is the server up?", responses={200: Status})
    def livez() -> Response:
        return Response(Status(status="ok").model_dump_json(), mimetype="application/json")

    @api.get(
        "/readyz", summary="Is there an index to ask?", responses={200: Status, 503: _NOT_READY}
    )
    def readyz() -> Response:
        current()
        return Response(Status(status="ok").model_dump_json(), mimetype="application/json")

    return api


def to_json(response: records.Response, *, explain: bool = False) -> str:
    """A response as the API writes it."""
    answer = response.answer
    timings = response.timings
    body = AskResponse(
        question=response.question,
        mode=response.mode,
        answer=None if answer is None else _answer(answer),
        passages=[_passage(rank, hit, explain) for rank, hit in enumerate(response.hits, 1)],
        index=IndexOut.model_validate(response.index, from_attributes=True),
        took_ms=round(timings.total, 2),
    )
    if explain:
        body.explain = StagesOut(
            embed=round(timings.embed, 3),
            search=round(timings.search, 3),
            fetch=round(timings.fetch, 3),
        )
    return body.model_dump_json(exclude_unset=True)


def _server_timing(timings: records.Timings) -> str:
    """The stages as browsers' own tools show them (W3C Server Timing), in milliseconds."""
    stages = {"embed": timings.embed, "search": timings.search, "fetch": timings.fetch}
    return ", ".join(f"{name};dur={took:.3f}" for name, took in stages.items())


def _answer(answer: records.Answer) -> AnswerOut:
    return AnswerOut(
        text=answer.text,
        confidence=answer.confidence,
        passage=str(answer.passage_id),
        document=answer.document_id,
        start=answer.start,
        end=answer.end,
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
