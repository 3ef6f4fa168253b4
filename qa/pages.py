"""The web pages: the search page, and a document with a passage marked in it."""

from collections.abc import Callable

from flask import Blueprint, Response, make_response, render_template, request

from index.errors import CitewellError, QuestionError
from qa.answerer import Answerer

EXAMPLES = (
    "who leads the center?",
    "when was trading banned?",
    "what did the football club launch?",
)


def create_pages(current: Callable[[], Answerer]) -> Blueprint:
    """The blueprint.

    Args:
        current: gives the answerer to use, or raises why there is none.
    """
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def search() -> Response:
        question = request.args.get("q", "")
        response, error, status = None, None, 200
        if question.strip():
            try:
                response = current().ask(question)
            except CitewellError as problem:
                error, status = str(problem), 400 if isinstance(problem, QuestionError) else 503
        page = render_template(
            "search.html", question=question, response=response, error=error, examples=EXAMPLES
        )
        return make_response(page, status)

    @pages.get("/documents/<path:document_id>")
    def document(document_id: str) -> Response:
        found = current().document(document_id)
        if found is None:
            return make_response(render_template("missing.html", document_id=document_id), 404)
        start = request.args.get("start", 0, type=int)
        end = request.args.get("end", 0, type=int)
        marked = 0 <= start < end <= len(found.text)
        page = render_template(
            "document.html", document=found, start=start if marked else 0, end=end if marked else 0
        )
        return make_response(page)

    return pages
