"""A record that breaks its law is not made."""

from typing import Any

import pytest

from index.records import Document, Passage, Section

LAWFUL: dict[str, Any] = {
    "id": "a/b.txt",
    "title": "Title",
    "text": "One.\n\nTwo. é",
    "sections": (Section(0, ()), Section(6, ("Two",))),
    "pages": (0, 6, 6, 12),
    "source": "/a/b.txt",
    "modified": 0.0,
}


def test_a_lawful_document_is_made() -> None:
    assert Document(**LAWFUL).text[6:10] == "Two."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": " \n"}, "text is blank"),
        ({"title": " "}, "title is blank"),
        ({"text": "One.\n\nTwo. e\u0301"}, "text is not NFC"),
        ({"text": "One.\r\n\nTwo."}, "carriage return or NUL"),
        ({"text": "One.\0\nTwo.  "}, "carriage return or NUL"),
        ({"text": "One. Two. \ud800"}, "surrogates not allowed"),
        ({"sections": ()}, "sections do not cover the text"),
        ({"sections": (Section(1, ()),)}, "sections do not cover the text"),
        ({"sections": (Section(0, ()), Section(12, ()))}, "sections do not cover the text"),
        ({"sections": (Section(0, ()), Section(0, ()))}, "sections are not in order"),
        ({"pages": (1, 6)}, "pages do not cover the text"),
        ({"pages": (0, 13)}, "pages do not cover the text"),
        ({"pages": (0, 6, 5)}, "pages are not in order"),
    ],
)
def test_a_document_that_breaks_a_law_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Document(**{**LAWFUL, **change})


@pytest.mark.parametrize(
    ("text", "line", "rest"),
    [
        ("Heading\n\nBody.", "Heading", "Body."),
        ("Heading\nBody.", "Heading", "Body."),
        ("Headings\n\nBody.", "Heading", "Headings\n\nBody."),
        ("Body.", "Heading", "Body."),
    ],
)
def test_what_follows_the_heading_line(text: str, line: str, rest: str) -> None:
    passage = Passage(1, "a.txt", 0, len(text), (line,), None, text)
    assert text[passage.after(line) :] == rest
