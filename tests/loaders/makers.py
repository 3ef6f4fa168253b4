"""Tiny files of every format, written by hand so that a test sees what is in them."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument"


def archive(path: Path, members: Mapping[str, str]) -> Path:
    """A zip archive of texts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(name, text)
    return path


def docx(path: Path, body: str, title: str = "") -> Path:
    """A Word file of the given WordprocessingML; "Heading1" is a style of it."""
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    return archive(
        path,
        {
            "[Content_Types].xml": _content_types(
                {"word/document.xml": "wordprocessingml.document.main+xml"}
            ),
            "_rels/.rels": _relations({"document": "word/document.xml"}),
            "docProps/core.xml": _core(title),
            "word/styles.xml": f'<w:styles xmlns:w="{namespace}">'
            '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>'
            "</w:styles>",
            "word/_rels/document.xml.rels": _relations({"styles": "styles.xml"}),
            "word/document.xml": f'<w:document xmlns:w="{namespace}" xmlns:m="{math}">'
            f"<w:body>{body}</w:body></w:document>",
        },
    )


def docx_paragraph(text: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def docx_table(rows: Sequence[Sequence[str]]) -> str:
    cells = ["".join(f"<w:tc>{docx_paragraph(c)}</w:tc>" for c in row) for row in rows]
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def pptx(path: Path, slides: Sequence[Sequence[str]]) -> Path:
    """A presentation; of each slide the title, then the texts of its shapes."""
    names = [f"slides/slide{i}.xml" for i in range(1, len(slides) + 1)]
    schema = "http://schemas.openxmlformats.org"
    namespaces = (
        f'xmlns:a="{schema}/drawingml/2006/main" xmlns:r="{_RELATION}"'
        f' xmlns:p="{schema}/presentationml/2006/main"'
    )
    members = {
        "[Content_Types].xml": _content_types(
            {"ppt/presentation.xml": "presentationml.presentation.main+xml"}
            | {f"ppt/{name}": "presentationml.slide+xml" for name in names}
        ),
        "_rels/.rels": _relations({"document": "ppt/presentation.xml"}),
        "ppt/presentation.xml": f"<p:presentation {namespaces}><p:sldIdLst>"
        + "".join(f'<p:sldId id="{256 + i}" r:id="slide{i}"/>' for i in range(len(names)))
        + "</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": _relations(
            {f"slide{i}": name for i, name in enumerate(names)}
        ),
    }
    for name, texts in zip(names, slides, strict=True):
        members[f"ppt/{name}"] = (
            f"<p:sld {namespaces}><p:cSld><p:spTree><p:nvGrpSpPr/><p:grpSpPr/>"
            + "".join(_shape(i, text) for i, text in enumerate(texts))
            + "</p:spTree></p:cSld></p:sld>"
        )
    return archive(path, members)


def _shape(number: int, text: str) -> str:
    placeholder = "" if number else '<p:ph type="title"/>'
    lines = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number + 2}" name="x"/><p:cNvSpPr/>'
        f"<p:nvPr>{placeholder}</p:nvPr></p:nvSpPr><p:spPr/>"
        f"<p:txBody><a:bodyPr/>{lines}</p:txBody></p:sp>"
    )


def xlsx(path: Path, sheets: Mapping[str, Sequence[Sequence[str | float]]]) -> Path:
    """A workbook of texts and numbers; "" leaves a cell out."""
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    members = {
        "[Content_Types].xml": _content_types(
            {"xl/workbook.xml": "spreadsheetml.sheet.main+xml"}
            | {f"xl/sheet{i}.xml": "spreadsheetml.worksheet+xml" for i, _ in enumerate(sheets)}
        ),
        "_rels/.rels": _relations({"document": "xl/workbook.xml"}),
        "xl/workbook.xml": f'<workbook xmlns="{namespace}" xmlns:r="{_RELATION}"><sheets>'
        + "".join(
            f'<sheet name="{name}" sheetId="{i + 1}" r:id="sheet{i}"/>'
            for i, name in enumerate(sheets)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            {f"sheet{i}": f"sheet{i}.xml" for i, _ in enumerate(sheets)}
        ),
    }
    for i, rows in enumerate(sheets.values()):
        written = "".join(
            f'<row r="{r}">'
            + "".join(_cell(f"{chr(64 + c)}{r}", v) for c, v in enumerate(row, 1))
            + "</row>"
            for r, row in enumerate(rows, 1)
        )
        members[f"xl/sheet{i}.xml"] = (
            f'<worksheet xmlns="{namespace}"><sheetData>{written}</sheetData></worksheet>'
        )
    return archive(path, members)


def _cell(place: str, value: str | float) -> str:
    if value == "":
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def odt(path: Path, body: str, title: str = "") -> Path:
    """An OpenDocument text of the given elements."""
    schema = "urn:oasis:names:tc:opendocument:xmlns"
    namespaces = " ".join(
        f'xmlns:{name}="{schema}:{name}:1.0"' for name in ("office", "text", "table")
    )
    return archive(
        path,
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "meta.xml": _core(title),
            "content.xml": f"<office:document-content {namespaces}><office:body><office:text>"
            f"{body}</office:text></office:body></office:document-content>",
        },
    )


def epub(path: Path, chapters: Sequence[str], title: str = "") -> Path:
    """A book; a chapter is what stands in the body of its page."""
    names = [f"chapter{i}.xhtml" for i, _ in enumerate(chapters)]
    items = "".join(
        f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in names
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    return archive(
        path,
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": "<container"
            ' xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata'
            f' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></metadata>'
            f"<manifest>{items}</manifest><spine>{spine}</spine></package>",
        }
        | {
            f"OEBPS/{name}": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>'
            for name, body in zip(names, chapters, strict=True)
        },
    )


def pdf(
    path: Path,
    pages: Sequence[Sequence[tuple[float, float, str]]],
    *,
    size: float = 12,
    title: str = "",
    bookmarks: Sequence[tuple[str, int]] = (),
    picture: bool = False,
    encrypted: bool = False,
) -> Path:
    """A PDF of Helvetica lines (left, bottom, text) in points; latin-1 texts.

    A bookmark is a title and the number of its page, from 0. With `picture` each page shows
    a grey dot. `encrypted` only claims a password, which is enough to be asked for one.
    """
    objects: list[bytes] = []

    def add(content: str | bytes) -> int:
        objects.append(content if isinstance(content, bytes) else content.encode("latin-1"))
        return len(objects)

    def stream(entries: str, content: bytes) -> int:
        head = f"<<{entries}/Length {len(content)}>>stream\n".encode()
        return add(head + content + b"\nendstream")

    font = add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
    dot = stream(
        "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8",
        b"\x80",
    )
    tree = len(objects) + 1 + 2 * len(pages)
    kids = []
    for lines in pages:
        shown = [f"BT /F {size} Tf {x} {y} Td ({_escaped(text)}) Tj ET" for x, y, text in lines]
        shown += ["q 200 0 0 200 72 300 cm /I Do Q"] if picture else []
        content = stream("", "\n".join(shown).encode("latin-1"))
        kids.append(
            add(
                f"<</Type/Page/Parent {tree} 0 R/MediaBox[0 0 612 792]/Contents {content} 0 R"
                f"/Resources<</Font<</F {font} 0 R>>/XObject<</I {dot} 0 R>>>>>>"
            )
        )
    add(f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(f'{kid} 0 R' for kid in kids)}]>>")
    root = add(f"<</Type/Catalog/Pages {tree} 0 R{_outline(len(objects), bookmarks)}>>")
    for i, (name, page) in enumerate(bookmarks):
        after = f"/Next {root + 2 + i} 0 R" if i + 1 < len(bookmarks) else ""
        add(f"<</Title({_escaped(name)})/Dest[{kids[page]} 0 R/Fit]{after}/Parent {root} 0 R>>")
    if bookmarks:
        last = len(objects)
        add(f"<</First {root + 1} 0 R/Last {last} 0 R/Count {len(bookmarks)}>>")
    info = add(f"<</Title({_escaped(title)})>>")
    trailer = f"/Root {root} 0 R/Info {info} 0 R"
    if encrypted:
        key = "00" * 32
        lock = add(f"<</Filter/Standard/V 1/R 2/O<{key}>/U<{key}>/P -4>>")
        trailer += f"/Encrypt {lock} 0 R/ID[<{key}><{key}>]"
    written = bytearray(b"%PDF-1.4\n")
    starts = []
    for number, body in enumerate(objects, 1):
        starts.append(len(written))
        written += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = len(written)
    entries = "".join(f"{start:010} 00000 n \n" for start in starts)
    written += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{entries}".encode()
    written += f"trailer<</Size {len(objects) + 1}{trailer}>>\nstartxref\n{table}\n%%EOF".encode()
    path.write_bytes(written)
    return path


def _outline(catalog_before: int, bookmarks: Sequence[tuple[str, int]]) -> str:
    return f"/Outlines {catalog_before + 2 + len(bookmarks)} 0 R" if bookmarks else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _content_types(parts: Mapping[str, str]) -> str:
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        + "".join(
            f'<Override PartName="/{part}" ContentType="{_TYPE}.{kind}"/>'
            for part, kind in parts.items()
        )
        + "</Types>"
    )


def _relations(targets: Mapping[str, str]) -> str:
    """Relationships by id; "document" is the main document, a number is cut off its type."""
    kinds = {"document": "officeDocument"}
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="{name}" Target="{target}"'
            f' Type="{_RELATION}/{kinds.get(name, _kind(name))}"/>'
            for name, target in targets.items()
        )
        + "</Relationships>"
    )


def _kind(name: str) -> str:
    kind = name.rstrip("0123456789")
    return "worksheet" if kind == "sheet" else kind


def _core(title: str) -> str:
    return (
        '<properties xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{title}</dc:title></properties>"
    )
