"""The web pages: the search page, and a document with a passage marked in it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request, url_for

from index.errors import CitewellError, QuestionError
from index.records import Document
from qa.answerer import MAX_QUESTION, Answerer
from qa.problems import Refused, prefers_html
from qa.records import Hit, IndexInfo

# Asked of the sample documents; shown where nothing has been asked yet.
EXAMPLES = (
    "who leads the center?",
    "when was trading banned?",
    "what did the football club launch?",
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that is shown in one way. The pieces of a text join to the text."""

    text: str
    marked: bool
    heading: bool = False
    page: int | None = None  # the page that begins here


@dataclass(frozen=True, slots=True)
class Found:
    """A hit as the page shows it. `path` is the title and the headings below it."""

    rank: int
    path: tuple[str, ...]
    document_id: str
    page: int | None
    score: float
    link: str
    pieces: tuple[Piece, ...]


def create_pages(current: Callable[[], Answerer]) -> Blueprint:
    """The blueprint.

    Args:
        current: gives the answerer to use, or raises why there is none.
    """
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def search() -> Response:
        question = request.args.get("q", "")
        response = error = None
        info: IndexInfo | None = None
        status = 200
        try:
            answerer = current()
            info = answerer.info
            response = answerer.ask(question) if question.strip() else None
        except CitewellError as problem:
            error, status = str(problem), 400 if isinstance(problem, QuestionError) else 503
        page = render_template(
            "search.html",
            question=question,
            response=response,
            found=[
                _found(rank, hit, question)
                for rank, hit in enumerate(response.hits if response else (), 1)
            ],
            error=error,
            info=info,
            examples=EXAMPLES,
            max_question=MAX_QUESTION,
        )
        return make_response(page, status)

    @pages.get("/documents/<path:document_id>")
    def document(document_id: str) -> Response:
        try:
            found = current().document(document_id)
        except CitewellError as problem:
            if not prefers_html():
                raise
            return make_response(render_template("missing.html", reason=str(problem)), 503)
        if found is None:
            reason = f"There is no document {document_id!r} in the index."
            if not prefers_html():
                raise Refused(404, reason)
            return make_response(render_template("missing.html", reason=reason), 404)
        start = request.args.get("start", 0, type=int)
        end = request.args.get("end", 0, type=int)
        if not 0 <= start < end <= len(found.text):
            start = end = 0
        page = render_template(
            "document.html",
            document=found,
            pieces=document_pieces(found, start, end),
            question=request.args.get("q", ""),
        )
        return make_response(page)

    return pages


def document_pieces(document: Document, start: int, end: int) -> Iterator[Piece]:
    """The document's text in pieces, text[start:end] marked, headings and pages told apart."""
    text = document.text
    headings = {
        section.start: section.start + len(section.heading[-1])
        for section in document.sections
        if section.heading and text.startswith(section.heading[-1], section.start)
    }
    pages = {at: number for number, at in enumerate(document.pages, 1)}
    cuts = sorted({0, start, end, len(text), *headings, *headings.values(), *pages})
    heading_ends = 0
    for at, following in zip(cuts, cuts[1:] + cuts[-1:], strict=True):
        heading_ends = headings.get(at, heading_ends)
        if following > at or at in pages:
            yield Piece(
                text=text[at:following],
                marked=start <= at < end,
                heading=at < heading_ends,
                page=pages.get(at),
            )


def _found(rank: int, hit: Hit, question: str) -> Found:
    passage = hit.passage
    path = tuple(dict.fromkeys((hit.title, *passage.heading)))
    return Found(
        rank=rank,
        path=path,
        document_id=passage.document_id,
        page=passage.page,
        score=hit.scores.fused,
        link=url_for(
            "pages.document",
            document_id=passage.document_id,
            start=passage.start,
            end=passage.end,
            q=question,
            _anchor="passage",
        ),
        pieces=tuple(_passage_pieces(passage.text, passage.after(path[-1]), hit.highlights)),
    )


def _passage_pieces(text: str, at: int, highlights: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """The passage from `at` on, since its heading line stands above it already."""
    for start, end in highlights:
        if end > at:
            yield Piece(text[at : max(start, at)], marked=False)
            yield Piece(text[max(start, at) : end], marked=True)
            at = end
    yield Piece(text[at:], marked=False)
