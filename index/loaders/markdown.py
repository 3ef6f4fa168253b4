"""Markdown and MDX: headings become sections, marks and tags go, their text stays."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from index.loaders.blocks import Block, Extract, Heading, Paragraph, clean, inline
from index.loaders.html import body_blocks
from index.loaders.plain import decode
from index.loaders.tables import table_blocks

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(
    r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"[ \t]*(```+|~~~+)")
_STATEMENT = re.compile(
    r"import\s+(?:[\"'{*]|[^\n]+\sfrom\s)|export\s+(?:default|const|let|var|function|class|async|[{*])"
)
_CODE = re.compile(r"(`+[^`\n]+`+)")
_TAG = re.compile(
    r"""</?(?:[A-Za-z][\w.:-]*)?(?:\s+(?:"[^"<]*"|'[^'<]*'|\{[^{}<>]*(?:=>[^{}<>]*)?\}|[^"'{}<>])*)?>"""
)
_TITLED = re.compile(r"""\b(?:title|label)=(?:"([^"]*)"|'([^']*)')""")
# What lies deeper than this would be left out without a word; Python's own limit speaks up.
_DEEPEST = 1_000_000


def load(path: Path) -> Extract:
    """A markdown file: CommonMark with tables."""
    return _extract(decode(path.read_bytes()), mdx=False)


def load_mdx(path: Path) -> Extract:
    """Markdown with components: imports, exports and tags are dropped, text in them is kept."""
    return _extract(decode(path.read_bytes()), mdx=True)


def _extract(text: str, mdx: bool) -> Extract:
    text = clean(text)
    title = ""
    if front := _FRONT_MATTER.match(text):
        stated = _TITLE.search(front.group(1))
        title = stated.group(1).strip("\"'") if stated else ""
        text = text[front.end() :]
    return Extract(list(_blocks(_without_jsx(text) if mdx else text, mdx)), title)


def _blocks(text: str, mdx: bool) -> Iterator[Block]:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    if mdx:  # indented text is a component's child there, and the tags are gone already
        parser.disable(["code", "html_block", "html_inline"])
    lists: list[int] = []  # of each open list: the number of its next item, -1 for bullets
    rows: list[list[str]] = []
    marker, gap, level, in_cell = "", "\n\n", 0, False
    for token in parser.parse(text):
        kind = token.type
        if kind == "heading_open":
            level = int(token.tag[1])
        elif kind == "heading_close":
            level, gap = 0, "\n\n"
        elif kind in ("bullet_list_open", "ordered_list_open"):
            lists.append(int(token.attrGet("start") or 1) if token.tag == "ol" else -1)
            gap = "\n" if len(lists) > 1 else "\n\n"
        elif kind in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
            gap = "\n" if lists else "\n\n"
        elif kind == "list_item_open":
            marker = "  " * (len(lists) - 1) + (f"{lists[-1]}. " if lists[-1] >= 0 else "- ")
            lists[-1] += lists[-1] >= 0
        elif kind == "table_open":
            rows = []
        elif kind == "tr_open":
            rows.append([])
        elif kind in ("th_open", "td_open"):
            in_cell = True
        elif kind in ("th_close", "td_close"):
            in_cell = False
        elif kind == "table_close":
            yield from table_blocks(rows)
            gap = "\n\n"
        elif kind == "html_block":
            yield from body_blocks(token.content)
        elif kind in ("inline", "fence", "code_block"):
            written = _inline(token.children or []) if kind == "inline" else token.content
            if in_cell:
                rows[-1].append(inline(written))
            elif level:
                yield Heading(level, written)
            elif written.strip():
                yield Paragraph(marker + written, gap)
                # what follows in a list stands on the next line
                marker, gap = "", "\n" if lists else "\n\n"


def _inline(tokens: Sequence["Token"]) -> str:
    """The text of a paragraph: marks dropped, an image as the words that stand for it."""
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak" or (
            token.type == "html_inline" and token.content.lower().startswith("<br")
        ):
            parts.append("\n")
        elif token.type == "image":
            parts.append(_inline(token.children or []))
    return "\n".join(map(inline, "".join(parts).split("\n")))


def _without_jsx(text: str) -> str:
    """MDX → markdown. A component's title is text, too; code in fences stays as it is."""
    kept: list[str] = []
    prose: list[str] = []
    fence = ""

    def flush() -> None:
        parts = _CODE.split(_without_comments("\n".join(prose)))
        parts[::2] = [_TAG.sub(_titles, part) for part in parts[::2]]
        text = "".join(parts)
        kept.extend(line.strip() if line[:4].isspace() else line for line in text.split("\n"))
        prose.clear()

    skipping = False  # inside an import or export, which ends at a blank line
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            kept.append(line)
            if mark and mark.group(1).startswith(fence) and line.strip() == mark.group(1):
                fence = ""
        elif mark:
            flush()
            kept.append(line)
            fence = mark.group(1)
        else:
            skipping = bool(line.strip()) and (skipping or bool(_STATEMENT.match(line)))
            prose.append("" if skipping else line)
    flush()
    return "\n".join(kept)


def _without_comments(text: str) -> str:
    # by hand: a pattern would look for the end of each comment that has none to the end
    parts, end = [], 0
    while (start := text.find("{/*", end)) >= 0 and (closed := text.find("*/}", start)) >= 0:
        parts.append(text[end:start])
        end = closed + 3
    return "".join([*parts, text[end:]])


def _titles(tag: re.Match[str]) -> str:
    return "".join(f"\n\n{double or single}\n\n" for double, single in _TITLED.findall(tag.group()))
