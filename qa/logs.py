"""What the server logs: one JSON object a line, without tokens, and questions where asked for."""

import json
import logging
import time
import traceback
from datetime import UTC, datetime

from flask import Flask, Response, g, request

from qa.problems import ARRIVED

log = logging.getLogger("citewell")

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class JsonLines(logging.Formatter):
    """A record as a JSON object in ASCII: time, level, message, and what it has of its own.

    Of an error it has the type and where it was raised; what it says may quote a question,
    and stands there where questions are logged.
    """

    def __init__(self, questions: bool = False) -> None:
        super().__init__()
        self._questions = questions

    def format(self, record: logging.LogRecord) -> str:
        # waitress puts addresses into what it says, which hold questions
        ours = self._questions or not record.name.startswith("waitress")
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": record.process,
            "message": record.getMessage() if ours else str(record.msg),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            line["error"] = type(error).__name__
            line["trace"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ]
            if self._questions:
                line["detail"] = str(error)
        return json.dumps(line)


def show(questions: bool) -> None:
    """Log to stderr, warnings included."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(questions))
    logging.basicConfig(handlers=[handler])
    logging.captureWarnings(True)
    log.setLevel(logging.INFO)


def log_requests(app: Flask, questions: bool) -> None:
    """A line for each request of `app`, with its question where those are logged.

    Register it before whatever may refuse one.
    """

    @app.before_request
    def begin() -> None:
        g.began = request.environ.get(ARRIVED) or time.monotonic()

    @app.after_request
    def end(response: Response) -> Response:
        if log.isEnabledFor(logging.INFO):
            more = {"question": g.get("question")} if questions else {}
            log_request(
                method=request.method if request.method in _METHODS else "other",
                path=route(),
                status=response.status_code,
                ms=round((time.monotonic() - g.began) * 1e3, 2),
                token=g.get("token"),
                **more,
            )
        return response


def log_request(**fields: object) -> None:
    log.info("request", extra={"fields": fields})


def route() -> str | None:
    """The path of a request with what varies in it left out; None where there is no such."""
    # not the path itself, into which some write a question or a token
    return None if request.url_rule is None else str(request.url_rule)
