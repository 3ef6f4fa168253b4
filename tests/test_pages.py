"""The pages as the server sends them."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from index.errors import IndexMissing
from index.records import Document, Section
from qa.answerer import Answerer
from qa.app import create_app
from qa.pages import EXAMPLES, document_blocks
from qa.records import Answer, Reading, Response

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

ASKED = "/?q=who+leads+the+center%3F"


def answering(answerer: Answerer, change: Callable[[Response], Response]) -> FlaskClient:
    """A client of an app whose responses are changed."""
    changed = SimpleNamespace(
        info=answerer.info,
        document=answerer.document,
        ask=lambda *asked: change(answerer.ask(*asked)),
    )
    return create_app(lambda: changed).test_client()  # type: ignore[arg-type, return-value]


def squeezed(page: str) -> str:
    """A page's visible words, single-spaced."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_an_empty_page_offers_three_examples(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    for example in EXAMPLES:
        assert f">{escape(example)}</a>" in page
    assert "3 documents, 4 passages, indexed " in squeezed(page)
    assert re.search(r"indexed \d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC", squeezed(page))


def test_a_question_is_answered_without_a_script(client: FlaskClient) -> None:
    page = client.get(ASKED).get_data(as_text=True)
    assert 'value="who leads the center?"' in page
    assert "<mark>The academy leads the center.</mark> Its budget is not known yet." in page
    assert re.search(r" 4 passages in \d+ ms · 3 documents ", squeezed(page))
    assert "<span>Leadership</span></p>" in page


def test_each_passage_links_to_its_place(client: FlaskClient) -> None:
    page = unescape(client.get(ASKED).get_data(as_text=True))
    link = page.split('<h2 id="hit-1" dir="auto"><a href="')[1].split('"')[0]
    assert link == "/documents/center.md?start=62&end=132&q=who+leads+the+center?#passage"
    document = client.get(link.partition("#")[0]).get_data(as_text=True)
    assert '<h2 dir="auto"><mark id="passage" tabindex="-1">Leadership\n\n</mark></h2>' in document
    assert "<mark>The academy leads the center. Its budget is not known yet.</mark>" in document
    assert "← who leads the center?</a>" in document


def test_the_ranking_can_be_chosen_without_a_script(client: FlaskClient) -> None:
    page = client.get(f"{ASKED}&mode=words").get_data(as_text=True)
    assert '<option value="words" selected>words only</option>' in page
    assert re.search(r" 2 passages in \d+ ms ", squeezed(page))


@pytest.mark.parametrize("address", [ASKED, f"{ASKED}&mode=magic", "/"])
def test_passages_are_ranked_by_both_unless_told_otherwise(
    client: FlaskClient, address: str
) -> None:
    page = client.get(address).get_data(as_text=True)
    assert '<option value="hybrid" selected>meaning and words</option>' in page


def test_confidence_is_shown_quietly(client: FlaskClient, answerer: Answerer) -> None:
    (hit, *_) = answerer.ask("who leads the center?").hits
    page = squeezed(client.get(ASKED).get_data(as_text=True))
    assert f"likely to answer: {hit.confidence * 100:.0f}%" in page


def test_the_same_text_elsewhere_is_linked(
    make_answerer: Callable[[dict[str, str]], Answerer],
) -> None:
    own = make_answerer({"a.txt": "The depot is old.", "b.txt": "The depot is old."})
    page = unescape(create_app(lambda: own).test_client().get("/?q=depot").get_data(as_text=True))
    assert page.count("<article") == 1
    assert 'also in <a href="/documents/b.txt?start=0&end=17&q=depot#passage">b</a>' in page


def test_nothing_stands_where_an_answer_would_when_there_is_none(client: FlaskClient) -> None:
    assert 'class="answer"' not in client.get(ASKED).get_data(as_text=True)


def with_guess(confidence: float) -> Callable[[Response], Response]:
    """Responses that answer "The academy" where they are sure of it by half."""

    def with_answer(response: Response) -> Response:
        passage = response.hits[0].passage
        at = passage.start + passage.text.index("The academy")
        answer = Answer(
            text="The academy",
            confidence=confidence,
            passage_id=passage.id,
            document_id=passage.document_id,
            title="The new center",
            heading=passage.heading,
            page=None,
            start=at,
            end=at + 11,
        )
        return replace(response, reading=Reading("by hand", 1, answer, 3.0, None, 1, 0.5))

    return with_answer


@pytest.mark.parametrize(
    ("confidence", "words"),
    [(1.0, "almost certainly right"), (0.8, "very likely right"), (0.5, "as likely right as not")],
)
def test_an_answer_comes_first_with_its_place(
    answerer: Answerer, confidence: float, words: str
) -> None:
    client = answering(answerer, with_guess(confidence))
    page = client.get(ASKED).get_data(as_text=True)
    answer, passages = page.split('class="answer"')[1].split('<ol class="found">')
    assert '<p class="said" dir="auto">The academy</p>' in answer
    assert "The new center" in answer
    assert "center.md" in answer
    assert f'% likely to be right">{words}</p>' in answer
    assert "Its budget is not known yet." in passages
    link = unescape(answer).split('<a href="')[1].split("#")[0]
    assert '<mark id="passage" tabindex="-1">The academy</mark> leads' in client.get(link).text


def test_where_the_reader_has_no_answer_the_page_says_so(answerer: Answerer) -> None:
    page = answering(answerer, with_guess(0.4)).get(ASKED).get_data(as_text=True)
    none, passages = page.split('class="none"')[1].split('<ol class="found">')
    assert none.startswith(">No answer in your documents; closest passages:</p>")
    assert 'class="said"' not in page
    assert "The academy leads the center." in passages


@pytest.mark.parametrize(
    "query",
    ["", "?start=5&end=2", "?start=-1&end=4", "?start=0&end=99999", "?start=x&end=y", "?start=0"],
)
def test_a_place_that_is_none_marks_nothing(client: FlaskClient, query: str) -> None:
    reply = client.get(f"/documents/tram.txt{query}")
    assert reply.status_code == 200
    assert "<mark" not in reply.get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/documents/nowhere.txt", 404, "There is no document 'nowhere.txt' in the index."),
        ("/nowhere", 404, "Not Found"),
        ("/ask", 405, "Method Not Allowed"),
    ],
)
def test_a_problem_is_a_page_for_a_browser_and_json_for_a_program(
    client: FlaskClient, path: str, status: int, said: str
) -> None:
    page = client.get(path, headers=BROWSER)
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert said in squeezed(page.get_data(as_text=True))
    assert "Accept" in page.headers["Vary"]
    problem = client.get(path)
    assert (problem.status_code, problem.mimetype) == (status, "application/problem+json")


def test_a_fault_of_the_server_is_a_page_that_gives_nothing_away(answerer: Answerer) -> None:
    def fail(response: Response) -> Response:
        raise RuntimeError("a secret")

    reply = answering(answerer, fail).get(ASKED, headers=BROWSER)
    assert (reply.status_code, reply.mimetype) == (500, "text/html")
    assert "the server failed to answer" in reply.get_data(as_text=True)
    assert "a secret" not in reply.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/?q=bees", "/documents/tram.txt"])
def test_without_an_index_the_page_says_how_to_build_one(path: str) -> None:
    def nothing() -> Answerer:
        raise IndexMissing("there is no index in var/index yet; run `make index`")

    reply = create_app(nothing).test_client().get(path, headers=BROWSER)
    assert (reply.status_code, reply.mimetype) == (503, "text/html")
    assert "run `make index`" in reply.get_data(as_text=True)


def test_a_question_that_is_too_long_is_named_and_kept(client: FlaskClient) -> None:
    reply = client.get("/?q=" + "a" * 1001)
    assert reply.status_code == 400
    assert "question has 1001 characters" in reply.get_data(as_text=True)
    assert f'value="{"a" * 1001}"' in reply.get_data(as_text=True)


def test_an_index_without_passages_says_so(answerer: Answerer) -> None:
    client = answering(answerer, lambda response: replace(response, hits=()))
    assert "Nothing was found" in client.get("/?q=bees").get_data(as_text=True)
    empty = SimpleNamespace(
        info=replace(answerer.info, documents=0, passages=0),
        document=answerer.document,
        ask=answerer.ask,
    )
    client = answering(empty, lambda response: replace(response, hits=()))  # type: ignore[arg-type]
    assert "The index is empty" in client.get("/?q=bees").get_data(as_text=True)


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def test_what_a_document_says_is_shown_and_never_obeyed(
    make_answerer: Callable[[dict[str, str]], Answerer],
) -> None:
    own = make_answerer({"<b>.txt": f"{HOSTILE}\n\nThe tram says {HOSTILE}."})
    client = create_app(lambda: own).test_client()
    for path in ("/", "/documents/%3Cb%3E.txt"):
        page = client.get(path, query_string={"q": f"tram {HOSTILE}"}).get_data(as_text=True)
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<b>" not in page


PAGED = Document(
    "d.pdf",
    "Title",
    "Title\n\nOne is here.\n\nNext\n\nTwo is there. Three.\n\nEnd",
    (Section(0, ("Title",)), Section(21, ("Title", "Next")), Section(49, ("End",))),
    (0, 27, 27, 41, 52),
    "/d.pdf",
    0.0,
)


@pytest.mark.parametrize("marked", [(0, 0), (0, 52), (7, 30), (23, 24), (21, 49), (51, 52)])
def test_the_pieces_of_a_document_join_to_its_text(marked: tuple[int, int]) -> None:
    pieces = [piece for block in document_blocks(PAGED, *marked) for piece in block.pieces]
    assert "".join(piece.text for piece in pieces) == PAGED.text
    assert "".join(p.text for p in pieces if p.marked) == PAGED.text[slice(*marked)]
    assert sum(piece.first for piece in pieces) == (marked[0] < marked[1])


def test_headings_and_pages_of_a_document_stand_where_they_begin() -> None:
    shown = [
        (block.level, block.pages, "".join(piece.text for piece in block.pieces))
        for block in document_blocks(PAGED, 0, 0)
    ]
    assert shown == [
        (1, (1,), "Title\n\n"),
        (0, (), "One is here.\n\n"),
        (2, (), "Next\n\n"),
        (0, (2, 3), "Two is there. "),  # page 2 is empty
        (0, (4,), "Three.\n\n"),
        (2, (), "End"),
        (0, (5,), ""),  # so is page 5
    ]


def test_a_title_that_the_text_does_not_begin_with_stands_above_it(client: FlaskClient) -> None:
    def page_of(title: str) -> str:
        document = replace(PAGED, title=title)
        answerer = SimpleNamespace(document=lambda _: document)
        app = create_app(lambda: answerer)  # type: ignore[arg-type, return-value]
        return app.test_client().get("/documents/d.pdf").get_data(as_text=True)

    assert page_of("Another").count("<h1") == 1
    assert '<h1 dir="auto">Another</h1>' in page_of("Another")
    assert '<h2 dir="auto">Title\n\n</h2>' in page_of("Another")
    assert page_of("Title").count("<h1") == 1
    assert '<h1 dir="auto">Title\n\n</h1>' in page_of("Title")


def test_a_document_of_five_megabytes_is_shown_in_linear_time() -> None:
    def seconds(paragraphs: int) -> float:
        text = "A sentence of some fifty characters, nothing else.\n\n" * paragraphs
        document = Document("d.txt", "D", text, (Section(0, ()),), (), "/d.txt", 0.0)
        answerer = SimpleNamespace(document=lambda _: document)
        app = create_app(lambda: answerer)  # type: ignore[arg-type, return-value]
        began = time.perf_counter()
        page = app.test_client().get(f"/documents/d.txt?start={len(text) // 2}&end={len(text)}")
        assert len(page.data) > len(text)
        return time.perf_counter() - began

    seconds(1000)
    assert seconds(100_000) < 60 * min(seconds(5_000), seconds(5_000))
