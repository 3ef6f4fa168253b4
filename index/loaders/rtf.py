"""Rich Text Format."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from index.errors import UnreadableDocument
from index.loaders.blocks import Block, Extract, Paragraph, inline
from index.loaders.plain import decode
from index.loaders.tables import table_blocks

_TITLE = re.compile(r"\{\\title ([^{}]{0,1000})\}")


def load(path: Path) -> Extract:
    """The paragraphs and table rows; RTF has no headings of its own."""
    from striprtf import striprtf

    rtf_to_text: Callable[..., str] = striprtf.rtf_to_text

    text = decode(path.read_bytes())
    if not text.lstrip().startswith("{\\rtf"):
        raise UnreadableDocument("damaged, or not an .rtf file")
    title = _TITLE.search(text)
    stated = rtf_to_text(f"{{\\rtf1\\ansi {title[1]}}}", errors="strict") if title else ""
    return Extract(list(_blocks(rtf_to_text(text, errors="strict"))), stated)


def _blocks(text: str) -> Iterator[Block]:
    rows: list[list[str]] = []
    for line in [*text.split("\n"), ""]:
        if line.endswith("|"):  # how the library writes a row of a table
            rows.append([inline(cell) for cell in line[:-1].split("|")])
            continue
        yield from table_blocks(rows)
        rows = []
        yield Paragraph(inline(line))
