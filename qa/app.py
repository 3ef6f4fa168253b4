"""The Flask application: its parts put together, and what holds for every request."""

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, render_template, request
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from qa import problems, records
from qa.answerer import Answerer
from qa.api import MAX_BODY, JsonRequest, create_api
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
    token: str | None = None,
    hosts: list[str] | None = None,
    timeout: float = MAX_TIMEOUT_SECONDS,
) -> Flask:
    """The application.

    Args:
        current: gives the answerer to use, or raises why there is none.
        token: what every request but /livez must present; None asks for none.
        hosts: names under which the server may be addressed, so that a page elsewhere
            cannot reach it through a name of its own (DNS rebinding); None for any.
        timeout: seconds that a question may take at most, from its arrival.
    """
    app = OpenAPI(
        __name__,
        info=Info(title="Citewell", version=VERSION),
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

    def ask(
        question: str, limit: int, mode: records.Mode, answer: bool, timeout_ms: int | None
    ) -> records.Response:
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

    app.register_api(create_api(current, ask))
    app.register_blueprint(create_pages(current, ask))
    app.register_blueprint(_create_docs())

    @app.get("/openapi.json", doc_ui=False)
    def openapi() -> dict[str, object]:
        document: dict[str, object] = app.api_doc
        return document

    @app.before_request
    def check_access() -> None:
        # not werkzeug's TRUSTED_HOSTS, which takes no IPv6 address
        if hosts is not None and urlsplit(f"//{request.host}").hostname not in hosts:
            raise problems.Refused(400, f"this server is not called {request.host!r}")
        if token is not None and request.path != "/livez" and not _presents(token):
            raise problems.Refused(401, "present the server's token: Authorization: Bearer …")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="Citewell"'  # browsers can ask
        return response

    return app


def _presents(token: str) -> bool:
    """Whether a request brings the token, as a bearer token or as a password."""
    given = request.authorization
    if given is None:
        return False
    presented = given.token if given.type == "bearer" else given.password
    return presented is not None and secrets.compare_digest(presented.encode(), token.encode())


def _create_docs() -> Blueprint:
    """GET /docs: the interface to read and to try, without anything from elsewhere."""
    import flask_openapi3_swagger

    assets = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"
    docs = Blueprint("docs", __name__, static_folder=str(assets), static_url_path="/docs/assets")

    @docs.get("/docs")
    def page() -> str:
        return render_template("docs.html")

    return docs
