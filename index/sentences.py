"""Where sentences start and end. The only file that imports sentencex."""

import re
from collections.abc import Iterator

_PARAGRAPH = re.compile(r"\S.*?(?=\n[^\S\n]*\n|\Z)", re.DOTALL)

_WIDE_SPACE = re.compile(r"[^\S\n]")


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of every sentence, in order, without surrounding space.

    Together they hold every non-space character of `text`; a blank line always ends
    a sentence. Nothing is yielded for blank text. Linear in the length of the text.
    """
    for paragraph in _PARAGRAPH.finditer(text):
        position = paragraph.start()
        for length in _lengths(paragraph.group()):
            yield from _trimmed(text, position, position + length)
            position += length
        yield from _trimmed(text, position, paragraph.end())


def _lengths(paragraph: str) -> list[int]:
    """Lengths of the paragraph's sentences, with the space after each."""
    from sentencex import get_sentence_boundaries

    # One space for another, so that offsets stay: sentencex 1.0 takes every space for one
    # byte and panics on some that are not. A panic is no Exception; should another one be
    # left in it, the paragraph is one sentence, and a long one is split like any other.
    plain = _WIDE_SPACE.sub(" ", paragraph)
    try:
        # English rules also know the terminators of other scripts; the language of a
        # document is not known here.
        boundaries = get_sentence_boundaries("en", plain)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return [len(paragraph)]
    return [boundary["end_index"] - boundary["start_index"] for boundary in boundaries]


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    body = text[start:end]
    if stripped := body.strip():
        first = start + len(body) - len(body.lstrip())
        yield first, first + len(stripped)
