"""Tables: .csv and .tsv files, and the rows of any table as lines that stand alone."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from index.loaders.blocks import Block, Extract, Heading, Paragraph, strings
from index.loaders.plain import decode

_NUMBER = re.compile(r"[-+(]?[$€£¥]?\s?\d[\d.,'\s]*[%)]?")
_YEAR = re.compile(r"(19|20)\d\d")
_CAPTION_LENGTH = 120


def load(path: Path) -> Extract:
    """Each row as a line, its cells behind their column's name."""
    text = decode(path.read_bytes())
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    # the default is 131,072 characters a cell; a file is at most 100 MB
    csv.field_size_limit(100_000_000)
    rows = map(strings, csv.reader(io.StringIO(text, ""), delimiter=delimiter))
    return Extract(list(sheet_blocks(rows)))


def sheet_blocks(rows: Iterable[Sequence[str]], level: int = 1, above: str = "") -> Iterator[Block]:
    """The blocks of a sheet: blank rows part its tables, a lone cell above one captions it.

    Captions become headings of `level`, unless one repeats the heading `above`.
    """
    table: list[Sequence[str]] = []
    for row in chain(rows, [()]):
        if any(row):
            table.append(row)
        elif table:
            yield from _captioned(table, level, above)
            table = []


def table_blocks(rows: Sequence[Sequence[str]], named: bool = True) -> Iterator[Block]:
    """A table's rows as one paragraph, a line each: "Team: Blues; Location: STL".

    The first row names the columns, unless `named` is false or it holds numbers. Of two
    columns without names the first names the second. A table of one column or of one row
    is lines as they are. An empty cell is left out, and so is an empty row.
    """
    rows = [row for row in rows if any(row)]
    width = max(map(len, rows), default=0)
    names = rows[0] if named and len(rows) > 1 and width > 1 and _are_names(rows[0]) else ()
    between = "; " if named or width != 2 else ": "
    gap = "\n\n"
    for row in rows[1:] if names else rows:
        cells = [
            f"{names[i]}: {cell}" if i < len(names) and names[i] else cell
            for i, cell in enumerate(row)
            if cell
        ]
        yield Paragraph(between.join(cells), gap)
        gap = "\n"


def _captioned(rows: list[Sequence[str]], level: int, above: str) -> Iterator[Block]:
    left = min(_first(row) for row in rows)
    wide = next(
        (i for i, row in enumerate(rows) if sum(map(bool, row)) > 1 or _first(row) > left),
        len(rows),
    )
    for row in rows[:wide]:
        text = row[left]
        if wide < len(rows) and len(text) <= _CAPTION_LENGTH:
            yield Heading(level, "" if text == above else text)
        else:
            yield Paragraph(text)
    yield from table_blocks(rows[wide:])


def _first(row: Sequence[str]) -> int:
    return next(i for i, cell in enumerate(row) if cell)


def _are_names(row: Sequence[str]) -> bool:
    return not any(
        (_NUMBER.fullmatch(cell) and not _YEAR.fullmatch(cell)) or len(cell) > _CAPTION_LENGTH
        for cell in row
    )


def _delimiter(text: str) -> str:
    """The one that gives the first lines most cells, each as many as the others."""

    def score(delimiter: str) -> tuple[float, int]:
        sample = io.StringIO(text[:100_000], "")
        widths = [len(row) for row in islice(csv.reader(sample, delimiter=delimiter), 20) if row]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0, usual)

    csv.field_size_limit(100_000_000)
    return max(",;\t|", key=score)
