"""Word files (.docx)."""

import io
import re
import zipfile
from pathlib import Path

from index.errors import UnreadableDocument
from index.loaders.blocks import Extract
from index.loaders.html import body_blocks
from index.loaders.packages import CORE, stated_title

_DOCUMENT = "word/document.xml"
# Equations become runs of text where they stand, fields what they show: the library knows
# neither, and would leave a hole in the sentence.
_MATH_RUN = re.compile(rb"<(/?)m:(r|t)\b")
_UNKNOWN = re.compile(rb"</?(?:m:\w+|w:fldSimple)\b[^>]*>")
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


def load(path: Path) -> Extract:
    """The text in order; headings, lists and table rows kept, page headers and footers not."""
    import mammoth

    with zipfile.ZipFile(path) as archive:
        if _DOCUMENT not in archive.namelist():
            raise UnreadableDocument("damaged, or not a .docx file: it holds no document")
        title = stated_title(archive, CORE)
        prepared = _prepared(archive)
    result = mammoth.convert_to_html(
        prepared, style_map=_STYLES, convert_image=mammoth.images.img_element(lambda _: {})
    )
    return Extract(body_blocks(result.value), title)


def _prepared(archive: zipfile.ZipFile) -> io.BytesIO:
    """The same package without pictures, its equations and fields rewritten."""
    prepared = io.BytesIO()
    with zipfile.ZipFile(prepared, "w") as copy:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                raw = archive.read(name)
                if name == _DOCUMENT:
                    raw = _UNKNOWN.sub(b"", _MATH_RUN.sub(rb"<\1w:\2", raw))
                copy.writestr(name, raw)
    prepared.seek(0)
    return prepared
