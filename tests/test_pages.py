"""The pages as the server sends them."""

from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from index.errors import IndexMissing
from index.records import Document, Section
from qa.answerer import Answerer
from qa.app import create_app
from qa.pages import EXAMPLES, document_pieces

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_an_empty_page_offers_three_examples(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    for example in EXAMPLES:
        assert f">{escape(example)}</a>" in page
    assert "3 documents" in page


def test_a_question_is_answered_without_a_script(client: FlaskClient) -> None:
    page = client.get("/?q=who+leads+the+center%3F").get_data(as_text=True)
    assert 'value="who leads the center?"' in page
    assert "<mark>The academy leads the center.</mark> Its budget is not known yet." in page
    assert "4 passages of 4" in page
    assert '<span class="heading">Leadership</span>' in page


def test_each_passage_links_to_its_place(client: FlaskClient) -> None:
    page = unescape(client.get("/?q=who+leads+the+center%3F").get_data(as_text=True))
    link = page.split('<h2 id="hit-1"><a href="')[1].split('"')[0]
    assert link.startswith("/documents/center.md?start=")
    assert link.endswith("&q=who+leads+the+center?#passage") or "%3F#passage" in link
    document = client.get(link.partition("#")[0]).get_data(as_text=True)
    assert '<mark id="passage" tabindex="-1" class="heading">Leadership</mark>' in document
    assert "The academy leads the center. Its budget is not known yet.</mark>" in document
    assert "← who leads the center?</a>" in document


@pytest.mark.parametrize(
    "query",
    ["", "?start=5&end=2", "?start=-1&end=4", "?start=0&end=99999", "?start=x&end=y", "?start=0"],
)
def test_a_place_that_is_none_marks_nothing(client: FlaskClient, query: str) -> None:
    reply = client.get(f"/documents/tram.txt{query}")
    assert reply.status_code == 200
    assert "<mark" not in reply.get_data(as_text=True)


def test_a_missing_document_is_a_page_for_a_browser_and_a_problem_for_a_program(
    client: FlaskClient,
) -> None:
    page = client.get("/documents/nowhere.txt", headers=BROWSER)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "There is no document &#39;nowhere.txt&#39;" in page.get_data(as_text=True)
    problem = client.get("/documents/nowhere.txt")
    assert (problem.status_code, problem.mimetype) == (404, "application/problem+json")


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
    assert "a" * 1001 in reply.get_data(as_text=True)


def test_an_index_without_passages_says_so(answerer: Answerer) -> None:
    from dataclasses import replace

    class Nothing:
        info = answerer.info

        def ask(self, question: str) -> object:
            return replace(answerer.ask(question), hits=())

    client = create_app(Nothing).test_client()  # type: ignore[arg-type]
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


def test_the_pieces_of_a_document_join_to_its_text() -> None:
    text = "Title\n\nOne is here.\n\nNext\n\nTwo is there. Three.\n\nEnd"
    document = Document(
        "d.pdf",
        "Title",
        text,
        (Section(0, ("Title",)), Section(21, ("Title", "Next")), Section(49, ("End",))),
        (0, 27, 27, 41),
        "/d.pdf",
        0.0,
    )
    for start, end in [(0, 0), (0, len(text)), (7, 30), (23, 24), (21, 49)]:
        pieces = list(document_pieces(document, start, end))
        assert "".join(piece.text for piece in pieces) == text
        assert "".join(piece.text for piece in pieces if piece.marked) == text[start:end]
        assert "".join(p.text for p in pieces if p.heading) == "TitleNextEnd"
        assert [p.page for p in pieces if p.page] == [1, 3, 4]  # page 2 is empty
