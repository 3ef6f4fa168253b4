"""Blocks, which every loader gives, and the one place where they become a text."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.errors import UnreadableDocument
from index.records import Section

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# the soft hyphen and the byte order mark are invisible, and part a word from its search
_INVISIBLE = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f\xad\ufeff]")
_SPACES = re.compile(r"\s+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNTITLED = re.compile(
    r"(untitled|no title|unknown|(pdf |word )?document|(powerpoint )?presentation|slide|page|sheet"
    r"|title|microsoft (office )?(word|excel|powerpoint)( ?-.*| document))"
    r"( ?(document|presentation))?( ?\(?\d*\)?)|\S+\.[a-z]{2,8}|[\W\d_]+|[a-z]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` is 1 for the outermost. A blank one is passed over."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, a list item or a table row; a blank one is passed over.

    `gap` stands between it and what came before: "\\n\\n" between paragraphs, "\\n"
    between the items of a list and the rows of a table, " " where a page was turned
    inside a sentence.
    """

    text: str
    gap: str = "\n\n"


@dataclass(frozen=True, slots=True)
class PageStart:
    """A page begins. A format with pages puts one before its first block, too."""


Block = Heading | Paragraph | PageStart


@dataclass(frozen=True, slots=True)
class Extract:
    """What a loader gives: its blocks in reading order, and the title the file states, or ""."""

    blocks: Sequence[Block]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Assembled:
    """The fields of a `Document` that come from its blocks."""

    title: str
    text: str
    sections: tuple[Section, ...]
    pages: tuple[int, ...]


def assemble(extract: Extract, name: str) -> Assembled:
    """Blocks → text, sections and pages, with offsets into the finished text.

    The title is the stated one if it says anything, else the first heading, else `name`.

    Raises:
        UnreadableDocument: the blocks hold no text.
    """
    parts: list[str] = []
    length = 0
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    pages: list[int] = []
    waiting = 0  # pages that have begun and hold no text yet
    for block in extract.blocks:
        if isinstance(block, PageStart):
            waiting += 1
            continue
        text = inline(block.text) if isinstance(block, Heading) else clean(block.text)
        if not text:
            continue
        if parts:
            # a heading is its own line, so what follows one never runs on in it
            gap = block.gap if isinstance(block, Paragraph) else "\n\n"
            parts.append(gap)
            length += len(gap)
        pages += [length] * waiting
        waiting = 0
        if isinstance(block, Heading):
            path = [(level, above) for level, above in path if level < block.level]
            path.append((block.level, text))
        if isinstance(block, Heading) or not sections:
            sections.append(Section(length, tuple(heading for _, heading in path)))
        parts.append(text)
        length += len(text)
    pages += [length] * waiting
    if not parts:
        raise UnreadableDocument("empty: it holds no text")
    headings = (section.heading[-1] for section in sections if section.heading)
    title = sensible_title(extract.title) or next(headings, "") or inline(name) or "Untitled"
    return Assembled(title, "".join(parts), tuple(sections), tuple(pages))


def clean(text: str) -> str:
    """Text as `Document` wants it: NFC, "\\n" line ends, nothing invisible.

    Spaces at the ends of lines and blank lines at the ends of the text go too.
    """
    text = _LINE_ENDS.sub("\n", text)
    if _SURROGATES.search(text):  # a pair is a character that was cut in two
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    text = _INVISIBLE.sub("", text).replace("\xa0", " ")
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", text).split("\n")]
    return "\n".join(lines).rstrip("\n").lstrip("\n")


def inline(text: str) -> str:
    """`clean`, with every run of white space made one space and none at the ends."""
    return _SPACES.sub(" ", clean(text)).strip()


def sensible_title(title: str) -> str:
    """The title, or "" if it is only what a program writes where its user wrote none."""
    title = inline(title)
    return "" if len(title) > 300 or _UNTITLED.fullmatch(title) else title


def strings(values: Iterable[object]) -> list[str]:
    """Cells of a row as text on one line each, None as ""."""
    return ["" if value is None else inline(str(value)) for value in values]
