"""PDF: text in reading order, with the starts of its pages.

PDFium is not thread-safe: load from one thread.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import UnreadableDocument
from index.loaders.blocks import Extract, inline, sensible_title
from index.loaders.layout import Line, beside, blocks, printed_title

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

_SCANNED = 20  # characters a page; a scan may bear a stamp or a page number as text
_HYPHEN = 2  # PDFium's mark for a hyphen at which a line was broken
_BREAKS = frozenset({_HYPHEN, ord("\n"), ord("\r")})


def load(path: Path) -> Extract:
    """Paragraphs put together from the lines of all pages; bookmarks make headings."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            reason = "encrypted: it needs a password; save it without one"
            raise UnreadableDocument(reason) from error
        raise
    try:
        return _extract(document)
    finally:
        document.close()


def _extract(document: "PdfDocument") -> Extract:
    pages: list[list[Line]] = []
    pictures = 0
    for page in document:
        lines = _page_lines(page)
        scanty = sum(len(line.text) for line in lines) < _SCANNED
        pictures += scanty and _has_picture(page)
        pages.append(lines)
        page.close()
    if not pages:
        raise UnreadableDocument("empty: it has no pages")
    length = sum(len(line.text) for lines in pages for line in lines)
    if pictures and length < _SCANNED * len(pages):
        some = "1 page" if pictures == 1 else f"{pictures} pages"
        raise UnreadableDocument(
            f"scanned: {some} of images without text; run OCR on it first, e.g. ocrmypdf"
        )
    title = sensible_title(document.get_metadata_dict(skip_empty=True).get("Title", ""))
    outline = _outline(document, len(pages))
    return Extract(list(blocks(pages, outline)), title or printed_title(pages))


def _outline(document: "PdfDocument", pages: int) -> list[list[tuple[int, str]]]:
    """Level and title of each page's bookmarks."""
    found: list[list[tuple[int, str]]] = [[] for _ in range(pages)]
    for bookmark in document.get_toc(max_depth=9):
        target = bookmark.get_dest()
        index = target.get_index() if target is not None else None
        if index is not None and 0 <= index < pages:
            found[index].append((bookmark.level + 1, inline(bookmark.get_title())))
    return found


def _has_picture(page: "PdfPage") -> bool:
    from pypdfium2 import raw

    return any(True for _ in page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _page_lines(page: "PdfPage") -> list[Line]:
    """The page's lines in the order in which it is read, parts of one line put together."""
    from pypdfium2 import raw

    textpage = page.get_textpage()
    units = [raw.FPDFText_GetUnicode(textpage, i) for i in range(textpage.count_chars())]
    lines: list[Line] = []
    start = 0
    for end, unit in enumerate([*units, ord("\n")]):
        if unit not in _BREAKS:
            continue
        line = _line(textpage, units, start, end, unit == _HYPHEN)
        start = end + 1
        if line is None:
            continue
        if lines and beside(lines[-1], line):
            close = line.left < lines[-1].right + 0.1 * line.height
            lines[-1].text += line.text if close else " " + line.text
            lines[-1].right, lines[-1].broken = line.right, line.broken
            lines[-1].height = max(lines[-1].height, line.height)
        else:
            lines.append(line)
    textpage.close()
    return lines


def _line(
    textpage: "PdfTextPage", units: list[int], start: int, end: int, broken: bool
) -> Line | None:
    """The line of the characters from `start` to `end`, None if they are blank."""
    from pypdfium2 import raw

    while start < end and chr(units[start]).isspace():
        start += 1
    while end > start and chr(units[end - 1]).isspace():
        end -= 1
    text = inline("".join(map(chr, units[start:end])))
    if not text:
        return None
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(textpage, end - 1, box)
    right = box.right
    raw.FPDFText_GetLooseCharBox(textpage, start, box)
    # radians, counter-clockwise; a page that is turned as a whole reports upright text
    sideways = 0.1 < raw.FPDFText_GetCharAngle(textpage, start) < 6.18
    height = max(box.top - box.bottom, 1.0)
    return Line(text, box.left, right, box.bottom, height, broken, sideways)
