"""The Flask application: its parts put together, and what holds for every request."""

import time
from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Flask, Response, g, render_template, request
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from qa import problems, records
from qa.access import EVERYONE, Access, guard
from qa.answerer import Answerer
from qa.api import MAX_BODY, JsonRequest, create_api
from qa.logs import log_requests
from qa.pages import create_pages
from qa.problems import ARRIVED, CROWDED
from qa.settings import MAX_TIMEOUT_SECONDS

VERSION = "0.1.0"

_HEADERS = {
    # nothing is loaded from elsewhere, no script or style stands inside a page
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(
    current: Callable[[], Answerer],
    access: Access = EVERYONE,
    timeout: float = MAX_TIMEOUT_SECONDS,
    problem: Callable[[], str | None] = lambda: None,
) -> Flask:
    """The application.

    Args:
        current: gives the answerer to use, or raises why there is none.
        access: whom it answers.
        timeout: seconds that a question may take at most, from its arrival.
        problem: gives why the newest index is not the one that is served; None where it is.
    """
    app = OpenAPI(
        __name__,
        info=Info(title="Citewell", version=VERSION),
        security_schemes={"token": {"type": "http", "scheme": "bearer"}},
        doc_ui=False,  # its page loads inline scripts; /docs below does not
        validation_error_status=400,
        validation_error_model=problems.Problem,
        validation_error_callback=problems.invalid,
    )
    app.request_class = JsonRequest
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
    )
    problems.register(app)
    log_requests(app, access.log_questions)
    guard(app, access)

    def ask(
        question: str, limit: int, mode: records.Mode, answer: bool, timeout_ms: int | None
    ) -> records.Response:
        g.question = question  # for the log, where questions are
        if request.environ.get(CROWDED):
            raise problems.Refused(503, "too many questions at once; try again in a moment")
        now = time.monotonic()
        may_take = timeout if timeout_ms is None else min(timeout, timeout_ms / 1e3)
        left = request.environ.get(ARRIVED, now) + may_take - now
        if left <= 0:
            raise problems.Refused(
                503,
                f"timed out: the question waited longer than the {may_take * 1e3:.0f} ms that it "
                "may take; try again in a moment, or allow more",
            )
        return current().ask(question, limit, mode, answer, left)

    app.register_api(create_api(current, ask, problem))
    app.register_blueprint(create_pages(current, ask))
    app.register_blueprint(_create_docs())

    @app.get("/openapi.json", doc_ui=False)
    def openapi() -> dict[str, object]:
        document: dict[str, object] = app.api_doc
        return document

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    return app


def _create_docs() -> Blueprint:
    """GET /docs: the interface to read and to try, without anything from elsewhere."""
    import flask_openapi3_swagger

    assets = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"
    docs = Blueprint("docs", __name__, static_folder=str(assets), static_url_path="/docs/assets")

    @docs.get("/docs")
    def page() -> str:
        return render_template("docs.html")

    return docs
