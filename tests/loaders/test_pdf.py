"""PDF: reading order, paragraphs, pages, and the files that hold no text."""

from pathlib import Path

import pytest

from index.errors import UnreadableDocument
from index.loaders.blocks import PageStart, Paragraph
from index.loaders.layout import Line, blocks, printed_title
from tests.loaders import makers
from tests.loaders.test_load import read


def lines(*texts: str, top: float = 700) -> list[tuple[float, float, str]]:
    """Lines set solid one below the other; "" leaves one out."""
    return [(72, top - 14 * i, text) for i, text in enumerate(texts) if text]


def printed(text: str, left: float, bottom: float, right: float = 300, **more: bool) -> Line:
    return Line(text, left, right, bottom, 12, **more)


def test_lines_become_paragraphs_and_pages_are_found_again(tmp_path: Path) -> None:
    pages = [
        lines("The tram reaches the harbor in", "May (at last).", "", "The depot is older."),
        [],
        lines("Bees sleep in winter."),
    ]
    document = read(makers.pdf(tmp_path / "a.pdf", pages, title="The network"))
    assert document.text == (
        "The tram reaches the harbor in May (at last).\n\nThe depot is older.\n\n"
        "Bees sleep in winter."
    )
    assert document.title == "The network"
    assert [document.text[start:][:4] for start in document.pages] == ["The ", "Bees", "Bees"]


def test_a_sentence_that_runs_over_a_page_is_kept_whole(tmp_path: Path) -> None:
    pages = [lines("The tram reaches the"), lines("harbor in May.")]
    document = read(makers.pdf(tmp_path / "a.pdf", pages))
    assert document.text == "The tram reaches the harbor in May."
    assert document.text[document.pages[1] :] == "harbor in May."


def test_bookmarks_that_are_printed_become_headings(tmp_path: Path) -> None:
    pages = [lines("1 Trams", "They run."), lines("2 Bees", "They fly.")]
    bookmarks = [("Trams", 0), ("Bees", 1), ("Nowhere", 1)]
    document = read(makers.pdf(tmp_path / "a.pdf", pages, bookmarks=bookmarks))
    assert document.text == "1 Trams\n\nThey run.\n\n2 Bees\n\nThey fly."
    assert [section.heading for section in document.sections] == [("1 Trams",), ("2 Bees",)]


def test_running_titles_and_page_numbers_are_left_out(tmp_path: Path) -> None:
    texts = ["Trams run.", "Bees fly.", "Depots stand."]
    pages = [
        [(72, 750, "Yearly report"), (72, 500, text), (300, 30, f"{i} of 3")]
        for i, text in enumerate(texts, 1)
    ]
    assert read(makers.pdf(tmp_path / "a.pdf", pages)).text == "\n\n".join(texts)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"encrypted": True}, "^encrypted: it needs a password; save it without one$"),
        ({"picture": True}, "^scanned: 2 pages of images without text; run OCR on it first, e.g."),
        ({}, "^empty: it holds no text$"),
    ],
)
def test_a_pdf_without_text_says_why(tmp_path: Path, options: dict[str, bool], reason: str) -> None:
    path = makers.pdf(tmp_path / "a.pdf", [[], []], **options)  # type: ignore[arg-type]
    with pytest.raises(UnreadableDocument, match=reason):
        read(path)


@pytest.mark.parametrize(
    ("page", "paragraphs"),
    [
        pytest.param(
            [printed("a pro", 72, 700, broken=True), printed("gram", 72, 686)],
            ["a program"],
            id="a word that is parted within itself is joined",
        ),
        pytest.param(
            [
                printed("an open-domain one", 72, 700),
                printed("is open", 72, 686, broken=True),
                printed("domain", 72, 672),
            ],
            ["an open-domain one is open-domain"],
            id="a compound that stands elsewhere keeps its hyphen",
        ),
        pytest.param(
            [printed("on x86", 72, 700, broken=True), printed("64 chips", 72, 686)],
            ["on x86-64 chips"],
            id="a hyphen before a number is kept",
        ),
        pytest.param(
            [printed("It ends.", 72, 700, 150), printed("Indented", 90, 686)],
            ["It ends.", "Indented"],
            id="an indented line after a full stop begins a paragraph",
        ),
        pytest.param(
            [printed("it goes on to", 72, 100), printed("the next column.", 320, 700, 500)],
            ["it goes on to the next column."],
            id="a sentence goes on in the next column",
        ),
        pytest.param(
            [printed("It ends.", 72, 100), printed("New column.", 320, 700, 500)],
            ["It ends.", "New column."],
            id="a column may begin a paragraph",
        ),
        pytest.param(
            [printed("• one", 72, 700), printed("• two", 72, 686)],
            ["• one", "• two"],
            id="a bullet begins an item",
        ),
        pytest.param(
            [printed("First.", 72, 700), printed("stamp", 10, 300, sideways=True)],
            ["First.", "stamp"],
            id="sideways text stands alone",
        ),
        pytest.param(
            [printed("na\xa8\u0131ve", 72, 700)],
            ["na\u0131\u0308ve".replace("\u0131", "i")],
            id="an accent before its letter is put onto it",
        ),
    ],
)
def test_layout_tells_paragraphs(page: list[Line], paragraphs: list[str]) -> None:
    found = list(blocks([page], [[]]))
    assert found[0] == PageStart()
    assert [block.text for block in found[1:] if isinstance(block, Paragraph)] == paragraphs


def test_the_largest_lines_at_the_top_title_a_page() -> None:
    body = [printed(f"line {i}", 72, 600 - 14 * i) for i in range(8)]
    large = [Line("A Study of", 72, 300, 700, 20), Line("Trams", 72, 200, 676, 20)]
    assert printed_title([[*large, *body]]) == "A Study of Trams"
    assert printed_title([body]) == ""
    assert printed_title([]) == ""
