"""Sentences end where a reader would say so, and nothing is lost between them."""

import pytest

from index.sentences import sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It opened. It closed!", ["It opened.", "It closed!"]),
        ("Dr. Lee paid $3.50. Why?", ["Dr. Lee paid $3.50.", "Why?"]),
        ("北京将成立中心。它由研究院领导。", ["北京将成立中心。", "它由研究院领导。"]),
        ("A title\n\nA sentence.", ["A title", "A sentence."]),
        ("hard\nwrapped. Next", ["hard\nwrapped.", "Next"]),
        ("no end", ["no end"]),
        ("  \n\n \t", []),
        ("", []),
        ("One.\u00a0Two.\u3000Three.", ["One.", "Two.", "Three."]),
        ("\u00a0.\u00a0a", [".", "a"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert split(text) == expected
