"""HTML: the article without its navigation, or the whole body where there is no article."""

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from index.loaders.blocks import Block, Extract, Heading, PageStart, Paragraph, inline
from index.loaders.markup import html_root, walk
from index.loaders.plain import decode
from index.loaders.tables import table_blocks

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_TITLES = ('//meta[@property="og:title"]/@content', "//title/text()")
_HEADING = re.compile("h[1-6]")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_DROPPED = re.compile(
    r"head|script|style|noscript|template|nav|footer|svg|math|iframe|object|button|select|"
    r"textarea|option"
)
_INLINE = re.compile(
    r"a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|img|input|ins|kbd|"
    r"label|mark|q|rp|rt|ruby|s|samp|small|span|strike|strong|sub|sup|time|tt|u|var|wbr"
)
# the article extractor's own vocabulary
_TEI = {"list": "ul", "item": "li", "row": "tr", "cell": "td", "lb": "br", "quote": "blockquote"}
# Below either, the article is taken to be lost.
_TOO_SHORT, _TOO_LITTLE = 250, 0.05
_MAX_SPAN = 100


def load(path: Path) -> Extract:
    """The article, headings and tables kept; all of the body where it would be lost."""
    raw = path.read_bytes()
    declared = _CHARSET.search(raw[:4096])
    text = decode(raw, declared.group(1).decode("ascii") if declared else None)
    root = html_root(text)
    if root is None:
        return Extract([])
    title = next((title for way in _TITLES for title in root.xpath(way) if title.strip()), "")
    whole = list(tree_blocks(root))
    if root.find(".//a") is None:  # no link, so no navigation to leave out
        return Extract(whole, title)
    article = _article(text)
    kept, everything = _length(article), _length(whole)
    lost = kept < _TOO_LITTLE * everything or kept < min(_TOO_SHORT, everything / 2)
    # the extractor's last resort is everything in one paragraph, where `whole` has structure
    run_together = len(article) == 1 and kept > everything / 2
    return Extract(whole if lost or run_together else article, title)


def body_blocks(text: str) -> list[Block]:
    """Everything in the body that is meant to be read, in order; [] where nothing is.

    A fragment of a page will do.

    Raises:
        UnreadableDocument: nested too deeply.
    """
    root = html_root(text)
    return [] if root is None else list(tree_blocks(root))


def _article(text: str) -> list[Block]:
    import trafilatura

    # a page that it cannot parse shows in what it returns, and needs no line on the terminal
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    found: Any = trafilatura.bare_extraction(text, with_metadata=False, include_comments=False)
    if found is None or found.body is None:
        return []
    for element in found.body.iter():
        if element.tag == "head":
            element.tag = element.get("rend", "h2")
        elif element.tag == "list" and element.get("rend") == "ol":
            element.tag = "ol"
        elif element.tag == "cell" and element.get("role") == "head":
            element.tag = "th"
        elif element.tag == "code" and "\n" in "".join(element.itertext()):
            element.tag = "pre"
        else:
            element.tag = _TEI.get(element.tag, element.tag)
    return list(tree_blocks(found.body))


def _length(blocks: Sequence[Block]) -> int:
    return sum(len(block.text) for block in blocks if not isinstance(block, PageStart))


def tree_blocks(root: Any) -> Iterator[Block]:
    """The blocks of a tree of HTML's elements, in order."""
    layout = _layout_tables(root)
    lists: list[int] = []  # of each open list: the number of its next item, 0 for bullets
    written: list[str] = []
    marker, gap, level = "", "\n\n", 0

    def is_leaf(element: Any) -> bool:
        is_table = element.tag == "table" and element not in layout
        return is_table or element.tag == "pre" or _is_dropped(element)

    def flush() -> Iterator[Block]:
        nonlocal marker, gap
        lines = [inline(line) for line in "".join(written).split("\0")]
        written.clear()
        if text := "\n".join(filter(None, lines)):
            yield Heading(level, text) if level else Paragraph(marker + text, gap)
            # in a list, the next item follows without a blank line
            marker, gap = "", "\n" if lists else "\n\n"

    for event, element in walk(root, is_leaf):
        tag = element.tag
        if event == "start" and not _is_dropped(element):
            if tag == "br":
                written.append("\0")
            elif not _INLINE.fullmatch(tag):
                yield from flush()
            if tag == "pre":
                yield Paragraph("".join(element.itertext()), gap)
            elif tag == "table" and element not in layout:
                rows = _rows(element)
                yield from table_blocks(rows, _names_columns(element, rows))
                gap = "\n\n"
            else:
                written.append(element.text or "")
            if tag in ("ul", "ol"):
                gap = "\n" if lists else "\n\n"
                lists.append(int(tag == "ol"))
            elif tag == "li":
                number = lists[-1] if lists else 0
                marker = "  " * (len(lists) - 1) + (f"{number}. " if number else "- ")
                if number:
                    lists[-1] += 1
            elif _HEADING.fullmatch(tag):
                level = int(tag[1])
        elif event == "end":
            if tag != "br" and not _INLINE.fullmatch(tag):
                yield from flush()
            if tag in ("ul", "ol") and lists:
                lists.pop()
                gap = "\n" if lists else "\n\n"
            elif tag == "li":
                marker = ""
            elif _HEADING.fullmatch(tag):
                level = 0
            written.append(element.tail or "")
    yield from flush()


def _is_dropped(element: Any) -> bool:
    if _DROPPED.fullmatch(element.tag) or element.get("hidden") is not None:
        return True
    return _HIDDEN.search(element.get("style", "")) is not None


def _layout_tables(root: Any) -> set[Any]:
    """The tables that only arrange a page: they hold headings, lists or other tables."""
    layout: set[Any] = set()
    for element in root.iter("table", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre"):
        for above in element.iterancestors("table"):
            if above in layout:
                break
            layout.add(above)
    return layout


def _names_columns(table: Any, rows: list[list[str]]) -> bool:
    """Whether the first row is a header; where none is marked, of two columns one is a label."""
    return next(table.iter("th"), None) is not None or max(map(len, rows), default=0) > 2


def _rows(table: Any) -> list[list[str]]:
    """Cells by row and column; one that spans rows stands in each of them."""
    rows: list[list[str]] = []
    spanning: dict[int, tuple[int, str]] = {}  # column → rows still covered, text
    for tr in table.iter("tr"):
        row: list[str] = []

        def place(text: str, span: int = 1, row: list[str] = row) -> None:
            row.extend([text, *[""] * (span - 1)])

        for cell in tr.iterchildren("td", "th"):
            while len(row) in spanning:
                place(_take(spanning, len(row)))
            text = inline(" ".join(cell.itertext()))
            column, below = len(row), _span(cell, "rowspan") - 1
            place(text, _span(cell, "colspan"))
            if below:
                spanning[column] = (below, text)
        while len(row) in spanning:
            place(_take(spanning, len(row)))
        rows.append(row)
    return rows


def _take(spanning: dict[int, tuple[int, str]], column: int) -> str:
    left, text = spanning.pop(column)
    if left > 1:
        spanning[column] = (left - 1, text)
    return text


def _span(cell: Any, name: str) -> int:
    value = cell.get(name, "1").strip()
    return min(max(int(value), 1), _MAX_SPAN) if value.isdecimal() and len(value) < 6 else 1
