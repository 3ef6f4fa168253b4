"""Errors as problem+json (RFC 9457): what is wrong, where, and what to do."""

import math
import re
from collections.abc import Sequence

from flask import Flask, Response, request
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException, default_exceptions

from index.errors import CitewellError, IndexProblem, QuestionError

MEDIA_TYPE = "application/problem+json"

RETRY_SECONDS = 1

CROWDED = "citewell.crowded"
"""Key in a request's environment: whether too many wait already, so that it is refused."""

ARRIVED = "citewell.arrived"
"""Key in a request's environment: when it began to wait, by `time.monotonic`."""


class FieldError(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description="Name of the field, empty for the body as a whole")
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str = Field(description="The HTTP status in words", examples=["Bad Request"])
    status: int = Field(examples=[400])
    detail: str = Field(description="What is wrong and what to do", examples=["question is empty"])
    errors: list[FieldError] = Field(default=[], description="The same, field by field")


class Refused(Exception):
    """Ends a request with a problem. Raised where the request is understood.

    `retry` is in how many seconds it may be sent again.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[FieldError] = (),
        retry: float = RETRY_SECONDS,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.retry = status, detail, errors, retry


def problem(
    status: int,
    detail: str,
    errors: Sequence[FieldError] = (),
    retry: float = RETRY_SECONDS,
) -> Response:
    """The response for a problem; `retry` as of `Refused`."""
    body = Problem(
        title=default_exceptions[status]().name, status=status, detail=detail, errors=list(errors)
    )
    response = Response(body.model_dump_json(), status, mimetype=MEDIA_TYPE)
    if status in {429, 503}:
        response.headers["Retry-After"] = str(max(1, math.ceil(retry)))
    return response


def invalid(error: ValidationError) -> Response:
    """The response for a body that is JSON but not a question; every wrong field is named."""
    errors = [
        FieldError(field=".".join(map(str, entry["loc"])), message=entry["msg"])
        for entry in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    detail = "; ".join(f"{e.field or 'body'}: {e.message}" for e in errors)
    return problem(400, detail, errors)


def prefers_html() -> bool:
    """Whether the client is a browser that shows a page, and not a program that reads JSON."""
    accepts = request.accept_mimetypes
    return accepts["text/html"] > max(accepts[MEDIA_TYPE], accepts["application/json"])


def register(app: Flask) -> None:
    """Answer every error of `app` with a problem."""

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return problem(error.status, error.detail, error.errors, error.retry)

    @app.errorhandler(CitewellError)
    def citewell_error(error: CitewellError) -> Response:
        match error:
            case QuestionError():
                field = re.match(r"question|limit", str(error))
                name = field.group() if field else ""
                return problem(400, str(error), [FieldError(field=name, message=str(error))])
            case IndexProblem():
                return problem(503, str(error))
            case _:
                app.logger.error("%s failed: %s", request.endpoint, error)
                return problem(500, str(error))

    @app.errorhandler(HTTPException)
    def http_exception(error: HTTPException) -> Response:
        if isinstance(error.response, Response):  # made by abort(response)
            return error.response
        response = problem(error.code or 500, error.description or error.name)
        for name, value in error.get_headers(request.environ):
            if name not in {"Content-Type", "Content-Length"}:
                response.headers[name] = value  # Allow, WWW-Authenticate
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        app.logger.exception("%s failed", request.endpoint)
        return problem(500, "the server failed to answer; its log says why")
