"""Excel files (.xlsx)."""

import re
import warnings
import zipfile
from datetime import datetime, time
from pathlib import Path

from index.loaders.blocks import Block, Extract, Heading, inline
from index.loaders.packages import CORE, stated_title
from index.loaders.tables import sheet_blocks

_UNNAMED = re.compile(r"(sheet|tabelle|feuil|hoja|foglio|blad|arkusz|лист|工作表)\s*\d*", re.I)


def load(path: Path) -> Extract:
    """Each sheet under its name, each row as a line; of a formula its last result."""
    from openpyxl import load_workbook

    with zipfile.ZipFile(path) as archive:
        title = stated_title(archive, CORE)
    blocks: list[Block] = []
    with warnings.catch_warnings(), path.open("rb") as file:
        warnings.simplefilter("ignore")  # about what it leaves out: styles, validation
        # read row by row: other readers fill the space up to a lone cell in the last row
        workbook = load_workbook(file, read_only=True, data_only=True)
        sheets = workbook.worksheets
        named = len(sheets) > 1 or not _UNNAMED.fullmatch(workbook.sheetnames[0])
        for sheet in sheets:
            name = inline(sheet.title)
            sheet.reset_dimensions()  # what a file states about its size may be wrong
            rows = (list(map(_shown, row)) for row in sheet.iter_rows(values_only=True))
            found = list(sheet_blocks(rows, 2 if named else 1, name))
            if found:
                blocks += [Heading(1, name), *found] if named else found
    return Extract(blocks, title)


def _shown(value: object) -> str:
    """A cell as a person would write it: 1234 for 1234.0, no midnight after a date."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return str(value.date())
    return inline(str(value))
