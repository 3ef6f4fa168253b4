"""Where sentences start and end. The only file that imports sentencex."""

import re
from collections.abc import Iterator

_PARAGRAPH = re.compile(r"\S.*?(?=\n[^\S\n]*\n|\Z)", re.DOTALL)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of every sentence, in order, without surrounding space.

    Together they hold every non-space character of `text`; a blank line always ends
    a sentence. Nothing is yielded for blank text. Linear in the length of the text.
    """
    from sentencex import get_sentence_boundaries

    for paragraph in _PARAGRAPH.finditer(text):
        # English rules also know the terminators of other scripts; the language of a
        # document is not known here.
        position = paragraph.start()
        for boundary in get_sentence_boundaries("en", paragraph.group()):
            piece = boundary["text"]
            start = text.index(piece, position)
            yield from _trimmed(text, position, start)  # nothing a splitter drops is lost
            position = start + len(piece)
            yield from _trimmed(text, start, position)
        yield from _trimmed(text, position, paragraph.end())


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    body = text[start:end]
    if stripped := body.strip():
        first = start + len(body) - len(body.lstrip())
        yield first, first + len(stripped)
