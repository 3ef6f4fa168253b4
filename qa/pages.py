"""The web pages: the search page, and a document with a passage marked in it."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, make_response, render_template, request, url_for

from index.errors import CitewellError, IndexProblem, QuestionError
from index.records import Document
from qa.answerer import DEFAULT_LIMIT, DEFAULT_MODE, MAX_QUESTION, Answerer
from qa.api import AskNow
from qa.problems import MEDIA_TYPE, Refused, prefers_html
from qa.records import Answer, Hit, Mode

# How passages can be ranked, and what the switch calls it
MODES: dict[Mode, str] = {
    "hybrid": "meaning and words",
    "meaning": "meaning only",
    "words": "words only",
}

# Asked of the sample documents; shown where nothing has been asked yet.
EXAMPLES = (
    "who leads the center?",
    "when was trading banned?",
    "what did the football club launch?",
)

# What a confidence, at least so high, is called.
_SURENESS = (
    (0.95, "almost certainly right"),
    (0.8, "very likely right"),
    (0.6, "likely right"),
    (0.4, "as likely right as not"),
    (0.0, "a guess"),
)

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_LINE_ENDS = re.compile(r"\n*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text, marked or not. The pieces of a text join to the text."""

    text: str
    marked: bool
    first: bool = False  # of what is marked


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or a heading, with the blank lines after it. `level` is 0 for a paragraph.

    `pages` are the numbers of the pages that begin here.
    """

    level: int
    pages: tuple[int, ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where something stands, and a link to it. `headings` are below the title."""

    title: str
    headings: tuple[str, ...]
    document_id: str
    page: int | None
    link: str


@dataclass(frozen=True, slots=True)
class Found:
    """A hit as the page shows it: its text without the heading line that stands above it.

    `also` are other places where it stands.
    """

    source: Source
    confidence: float
    pieces: tuple[Piece, ...]
    also: tuple[Source, ...]


def create_pages(current: Callable[[], Answerer], ask: AskNow) -> Blueprint:
    """The blueprint.

    Args:
        current: gives the answerer to use, or raises why there is none.
        ask: answers a question, or refuses.
    """
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def search() -> Response:
        question = request.args.get("q", "")
        mode = next((mode for mode in MODES if mode == request.args.get("mode")), DEFAULT_MODE)
        info = response = error = None
        status = 200
        try:
            info = current().info
            response = ask(question, DEFAULT_LIMIT, mode, True, None) if question.strip() else None
        except CitewellError as problem:
            error, status = str(problem), _status(problem)
        hits = response.hits if response else ()
        page = render_template(
            "search.html",
            question=question,
            mode=mode,
            modes=MODES,
            default_mode=DEFAULT_MODE,
            response=response,
            found=[_found(hit, question) for hit in hits],
            answered=response and response.answer and _answer_source(response.answer, question),
            sureness=response and response.answer and in_words(response.answer.confidence),
            error=error,
            info=info,
            built=info and datetime.fromisoformat(info.built_at),
            examples=EXAMPLES,
            max_question=MAX_QUESTION,
        )
        return make_response(page, status)

    @pages.get("/documents/<path:document_id>")
    def document(document_id: str) -> str:
        found = current().document(document_id)
        if found is None:
            raise Refused(404, f"There is no document {document_id!r} in the index.")
        start = request.args.get("start", 0, type=int)
        end = request.args.get("end", 0, type=int)
        if not 0 <= start < end <= len(found.text):
            start = end = 0
        return render_template(
            "document.html",
            document=found,
            titled=_opens_with_title(found),
            blocks=document_blocks(found, start, end),
            question=request.args.get("q", ""),
        )

    @pages.after_app_request
    def show_problems(response: Response) -> Response:
        """A problem becomes a page where a person would read it."""
        if response.mimetype == MEDIA_TYPE and prefers_html():
            problem = json.loads(response.get_data())
            response.set_data(render_template("problem.html", problem=problem))
            response.mimetype = "text/html"
            response.vary.add("Accept")
        return response

    return pages


def document_blocks(document: Document, start: int, end: int) -> Iterator[Block]:
    """The document's text in blocks, text[start:end] marked. All pieces join to the text."""
    text = document.text
    levels: dict[int, int] = {}
    cuts = {0, len(text), *document.pages}
    cuts.update(gap.end() for gap in _BLANK_LINES.finditer(text))
    for at, line, level in _headings(document):
        after = _LINE_ENDS.match(text, at + len(line))
        levels[at] = level
        cuts.update((at, after.end() if after else at))
    pages: dict[int, list[int]] = defaultdict(list)
    for number, at in enumerate(document.pages, 1):
        pages[at].append(number)
    ordered = sorted(cuts)
    for at, following in zip(ordered, [*ordered[1:], len(text)], strict=True):
        if at < following or at in pages:
            pieces = _pieces(text, at, following, [(start, end)])
            yield Block(levels.get(at, 0), tuple(pages.get(at, ())), tuple(pieces))


def _headings(document: Document) -> Iterator[tuple[int, str, int]]:
    """Every line that is a heading: its start, itself, its level as HTML counts them."""
    if _opens_with_title(document):
        yield 0, document.title, 1
    for section in document.sections[1:] if _opens_with_title(document) else document.sections:
        path = section.heading
        if path and document.text.startswith(path[-1], section.start):
            depth = len(path) - (path[0] == document.title)
            yield section.start, path[-1], min(max(depth, 1) + 1, 6)


def _opens_with_title(document: Document) -> bool:
    return f"{document.text}\n".startswith(f"{document.title}\n")


def _pieces(text: str, at: int, stop: int, marks: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """text[at:stop] in pieces. `marks` are in order and do not overlap."""
    for start, end in marks:
        begin, finish = min(max(start, at), stop), min(max(end, at), stop)
        if begin < finish:
            if at < begin:
                yield Piece(text[at:begin], marked=False)
            yield Piece(text[begin:finish], marked=True, first=begin == start)
            at = finish
    if at < stop:
        yield Piece(text[at:stop], marked=False)


def _found(hit: Hit, question: str) -> Found:
    passage = hit.passage
    title, *headings = dict.fromkeys((hit.title, *passage.heading))
    body = passage.after(headings[-1] if headings else title)
    return Found(
        source=Source(
            title=title,
            headings=tuple(headings),
            document_id=passage.document_id,
            page=passage.page,
            link=_link(passage.document_id, passage.start, passage.end, question),
        ),
        confidence=hit.confidence,
        pieces=tuple(_pieces(passage.text, body, len(passage.text), hit.highlights)),
        also=tuple(
            Source(
                title=place.title,
                headings=(),
                document_id=place.document_id,
                page=place.page,
                link=_link(place.document_id, place.start, place.end, question),
            )
            for place in hit.also
        ),
    )


def in_words(confidence: float) -> str:
    """How sure an answer is, for people."""
    return next(words for least, words in _SURENESS if confidence >= least)


def _answer_source(answer: Answer, question: str) -> Source:
    return Source(
        title=answer.title,
        headings=(),
        document_id=answer.document_id,
        page=answer.page,
        link=_link(answer.document_id, answer.start, answer.end, question),
    )


def _link(document_id: str, start: int, end: int, question: str) -> str:
    return url_for(
        "pages.document",
        document_id=document_id,
        start=start,
        end=end,
        q=question,
        _anchor="passage",
    )


def _status(problem: CitewellError) -> int:
    if isinstance(problem, QuestionError):
        return 400
    return 503 if isinstance(problem, IndexProblem) else 500
