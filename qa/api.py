"""The HTTP interface: POST /ask, and whether the server lives and is ready."""

from collections.abc import Callable
from typing import Any

from flask import Request as FlaskRequest
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel
from pydantic_core import from_json
from werkzeug.exceptions import RequestEntityTooLarge

from qa import records
from qa.answerer import Answerer
from qa.problems import MEDIA_TYPE, FieldError, Problem, Refused
from qa.schemas import AskRequest, AskResponse, Status, to_json

AskNow = Callable[[str, int, records.Mode, bool, int | None], records.Response]
"""Answers a question with at most so many passages, ranked so, read or not, in so many
milliseconds or what the server allows; or refuses."""

MAX_BODY = 64 * 1024


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


_NOT_READY = _problem_response(
    "No index that can be served, too many questions at once, or out of time before it was begun"
)


_EVERYWHERE: dict[int | str, type[BaseModel] | dict[Any, Any] | None] = {
    400: _problem_response("Not a request that can be answered; where it is a field, it is named"),
    401: _problem_response("No token of the server, where it asks for one"),
    403: _problem_response("Sent by a page of another place"),
    429: _problem_response("Too many requests of one client"),
}
"""What every route may say but /livez, which asks for no token."""


def create_api(
    current: Callable[[], Answerer], ask_now: AskNow, problem: Callable[[], str | None]
) -> APIBlueprint:
    """The blueprint.

    Args:
        current: gives the answerer to use, or raises why there is none.
        ask_now: answers a question, or refuses.
        problem: gives why the newest index is not the one that is served; None where it is.
    """
    api = APIBlueprint("api", __name__)

    @api.post(
        "/ask",
        summary="Ask a question",
        responses={
            **_EVERYWHERE,
            200: AskResponse,
            413: _problem_response(f"The body is longer than {MAX_BODY} bytes"),
            415: _problem_response("The body is not declared as JSON"),
            503: _NOT_READY,
        },
    )
    def ask(body: AskRequest) -> Response:
        answered = ask_now(body.question, body.limit, body.mode, body.answer, body.timeout_ms)
        response = Response(to_json(answered, explain=body.explain), mimetype="application/json")
        response.headers["Server-Timing"] = _server_timing(answered.timings)
        return response

    @api.get("/livez", summary="Is the server up?", responses={200: Status})
    def livez() -> Response:
        return Response(
            Status(status="ok").model_dump_json(exclude_none=True), mimetype="application/json"
        )

    @api.get(
        "/readyz",
        summary="Is there an index to ask?",
        responses={**_EVERYWHERE, 200: Status, 503: _NOT_READY},
    )
    def readyz() -> Response:
        current()
        status = Status(status="ok", problem=problem())
        return Response(status.model_dump_json(exclude_none=True), mimetype="application/json")

    return api


def _server_timing(timings: records.Timings) -> str:
    """The stages as browsers' own tools show them (W3C Server Timing), in milliseconds."""
    stages = {
        "embed": timings.embed,
        "search": timings.search,
        "fetch": timings.fetch,
        "read": timings.read,
    }
    return ", ".join(f"{name};dur={took:.3f}" for name, took in stages.items())
