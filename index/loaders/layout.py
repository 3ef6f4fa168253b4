"""Printed lines → paragraphs: what a page's layout tells where its file says nothing."""

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from index.loaders.blocks import Block, Heading, PageStart, Paragraph

_ENDED = re.compile(r"[.!?:;\u3002\uff01\uff1f]['\"”’»)\]\d]*$")
_BULLET = re.compile(r"[•‣◦▪●○■□–—*·\uf0b7-]\s")
_ITEM = re.compile(_BULLET.pattern + r"|(?:\(?(?:\d{1,2}|[a-zA-Z])[.)]|\[\d+\])\s")
_HYPHENATED = re.compile(r"\w+-\w+")
_ACCENT = re.compile("([\xa8\xb4])([A-Za-z\u0131])")
_COMBINING = {"\xa8": "\u0308", "\xb4": "\u0301"}


@dataclass(slots=True)
class Line:
    """A printed line; positions in points, upwards from the foot of the page."""

    text: str
    left: float
    right: float
    bottom: float
    height: float
    broken: bool = False  # ends within a word, its hyphen taken off
    sideways: bool = False


Page = Sequence[Line]
Outline = Sequence[Sequence[tuple[int, str]]]
"""Of each page the level and title of the bookmarks that point to it."""


def blocks(pages: Sequence[Page], outline: Outline) -> Iterator[Block]:
    """Pages in reading order → paragraphs; one that runs over a page's end is kept whole.

    A line that a bookmark names is a heading. Running titles and page numbers are left out.
    """
    compounds = {word for page in pages for line in page for word in _words(line.text)}
    last: Line | None = None  # of the page before
    for page, bookmarks in zip(_without_running_lines(pages), outline, strict=True):
        yield PageStart()
        upright = [line for line in page if not line.sideways]
        headings = {_key(title): level for level, title in reversed(bookmarks)}
        found = list(_paragraphs(upright, headings, last, compounds))
        stamps = [Paragraph(line.text) for line in page if line.sideways]
        # not at the end, where they would part a sentence from its other half overleaf
        yield from [*found[:1], *stamps, *found[1:]]
        if upright:
            last = None if stamps and len(found) < 2 else upright[-1]


def printed_title(pages: Sequence[Page]) -> str:
    """The first page's largest lines where they stand out; "" where they don't."""
    lines = [line for line in pages[0] if not line.sideways] if pages else []
    if len(lines) < 5:
        return ""
    tallest = max(line.height for line in lines[:4])
    top = next(i for i, line in enumerate(lines) if line.height > 0.95 * tallest)
    start = top - len(list(takewhile(lambda line: line.height > 0.8 * tallest, lines[:top][::-1])))
    large = lines[start:top]
    large += takewhile(lambda line: line.height > 0.95 * tallest, lines[top:])
    title = " ".join(line.text for line in large)
    stands_out = tallest > 1.25 * statistics.median(line.height for line in lines)
    readable = 4 <= len(title) <= 200 and any(map(str.isalpha, title)) and "@" not in title
    return _accented(title) if stands_out and readable and len(large) < 5 else ""


def beside(line: Line, other: Line) -> bool:
    """Whether the two stand on one printed line: a bullet and its item, cells, a raised mark."""
    if line.broken or line.sideways or other.sideways or other.left < line.right - 1:
        return False
    top = min(line.bottom + line.height, other.bottom + other.height)
    return top - max(line.bottom, other.bottom) > 0.6 * min(line.height, other.height)


def _paragraphs(
    lines: Page, headings: dict[str, int], last: Line | None, compounds: set[str]
) -> Iterator[Block]:
    usual = _usual_gap(lines)
    gap, written, above = "\n\n", "", last
    for i, line in enumerate(lines):
        level = headings.get(_key(line.text))
        if i == 0 and level is None and last is not None and _runs_on(last, line):
            gap = _joint(last.text, last.broken, line.text, compounds)
        elif i and level is None and above and not _starts_paragraph(above, line, usual):
            written += _joint(written, above.broken, line.text, compounds) + line.text
            above = line
            continue
        if written:
            yield Paragraph(_accented(written), gap)
            listed = _BULLET.match(written) and _BULLET.match(line.text)
            gap = "\n" if listed else "\n\n"
        if level is None:
            written, above = line.text, line
        else:
            yield Heading(level, line.text)
            written, above = "", None
    if written:
        yield Paragraph(_accented(written), gap)


def _starts_paragraph(above: Line, line: Line, usual: float) -> bool:
    if above.broken:
        return False
    drop = (above.bottom - line.bottom) / line.height
    if drop < 0.2:  # upwards: the next column, or text set freely
        return not _runs_on(above, line)
    larger = max(above.height, line.height) > 1.15 * min(above.height, line.height)
    if larger or drop - 1 > usual + 0.35 or _ITEM.match(line.text):
        return True
    ended = _ENDED.search(above.text) is not None
    indented = line.left > above.left + 0.6 * line.height
    short = above.right < line.right - 4 * line.height
    return (ended or short) and (indented or short) and not line.text[0].islower()


def _runs_on(above: Line, line: Line) -> bool:
    """Whether a sentence goes on from the end of a column or page to the next one's start."""
    if above.broken:
        return True
    alike = abs(above.height - line.height) < 0.1 * line.height
    return alike and line.text[0].islower() and _ENDED.search(above.text) is None


def _joint(above: str, broken: bool, line: str, compounds: set[str]) -> str:
    """What stands between two lines of a paragraph in running text."""
    if not broken:
        return " "
    # "pro-gram" loses its hyphen; "x86-64" keeps it, and "open-domain" where it is found whole
    compound = above.rsplit(maxsplit=1)[-1] + "-" + line.split(maxsplit=1)[0]
    kept = not line[0].islower() or not _words(compound).isdisjoint(compounds)
    return "-" if kept else ""


def _words(text: str) -> set[str]:
    return set(_HYPHENATED.findall(text.lower()))


def _key(heading: str) -> str:
    """What is alike in a bookmark and its printed heading: the letters after any number."""
    unnumbered = heading.lstrip("0123456789. ") or heading
    return "".join(filter(str.isalnum, unnumbered.lower()))


def _usual_gap(lines: Page) -> float:
    """The space between lines in a paragraph of this page, in heights of a line."""
    gaps = [
        gap
        for above, below in pairwise(lines)
        if -0.5 < (gap := (above.bottom - below.bottom) / below.height - 1) < 1.5
    ]
    return statistics.median_low(gaps) if gaps else 0.0


def _without_running_lines(pages: Sequence[Page]) -> list[list[Line]]:
    """Drop what the first or last lines of most pages repeat: page numbers, running titles."""

    def key(line: Line) -> str:
        return re.sub(r"\d+", "0", line.text)

    edges = ({key(line) for line in [*page[:2], *page[-2:]]} for page in pages)
    seen = Counter(text for edge in edges for text in edge)
    running = {text for text, times in seen.items() if times >= max(3, 0.4 * len(pages))}
    return [
        [line for i, line in enumerate(page) if 2 <= i < len(page) - 2 or key(line) not in running]
        for page in pages
    ]


def _accented(text: str) -> str:
    """Put an accent that is printed before its letter, as old TeX fonts do, onto it."""
    return _ACCENT.sub(lambda m: m[2].replace("\u0131", "i") + _COMBINING[m[1]], text)
