"""Files that mean harm, each made by a function of its own."""

import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.loaders import makers

SECRET = "the vault opens at noon"
"""What stands in a file beside the folder, and may stand in no document."""

Maker = Callable[[Path], object]


def laughs(levels: int = 9) -> str:
    """A document type whose entity &x; grows tenfold with each level."""
    entities = '<!ENTITY x0 "ha">' + "".join(
        f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, levels)
    )
    return f'<!DOCTYPE r [{entities}<!ENTITY x "&x{levels - 1};">]>'


def leak(folder: Path) -> str:
    """A document type whose entity &x; is the secret file."""
    return f'<!DOCTYPE r SYSTEM "{_uri(folder)}" [<!ENTITY x SYSTEM "{_uri(folder)}">]>'


def bomb(path: Path) -> None:
    """60 MB of spaces in a few bytes, in the member that holds the text."""
    member = {
        ".docx": "word/document.xml",
        ".xlsx": "xl/worksheets/sheet1.xml",
        ".pptx": "ppt/slides/slide1.xml",
        ".odt": "content.xml",
        ".epub": "META-INF/container.xml",
    }
    makers.archive(path, {member[path.suffix]: " " * 60_000_000})


def lying(path: Path) -> None:
    """A package whose directory says that a member of 60 MB has 10 bytes."""
    bomb(path)
    raw = bytearray(path.read_bytes())
    size = raw.rindex(b"PK\x01\x02") + 24
    raw[size : size + 4] = (10).to_bytes(4, "little")
    path.write_bytes(raw)


def crowded(path: Path) -> None:
    makers.archive(path, {f"{number}": "" for number in range(25_000)})


def nested(path: Path) -> None:
    """A good document with a bomb inside."""
    inner = path.with_name("inner.docx")
    bomb(inner)
    makers.docx(path, makers.docx_paragraph("The outer text is read."))
    with zipfile.ZipFile(path, "a") as archive:
        archive.write(inner, "word/embeddings/inner.docx")
    inner.unlink()


def with_type(path: Path, declare: Callable[[Path], str]) -> None:
    """A good package of which every XML member has a document type, and uses its entity."""
    good = {
        ".docx": lambda: makers.docx(path, makers.docx_paragraph("Text WORD.")),
        ".xlsx": lambda: makers.xlsx(path, {"Sheet": [["Text", "WORD"]]}),
        ".pptx": lambda: makers.pptx(path, [["Title", "Text WORD."]]),
        ".odt": lambda: makers.odt(path, "<text:p>Text WORD.</text:p>"),
        ".epub": lambda: makers.epub(path, ["<p>Text WORD.</p>"]),
    }
    good[path.suffix]()
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, text in members.items():
        if text.lstrip().startswith("<"):
            head, found, rest = text.partition("?>")
            front, body = (head + found, rest) if found else ("", text)
            members[name] = front + declare(path.parent) + body.replace("WORD", "&x;")
    makers.archive(path, members)


def looping_pdf(path: Path) -> None:
    """A tree of pages that is its own child."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000 >>",
    ]
    path.write_bytes(_pdf(objects))


def swollen_pdf(path: Path) -> None:
    """A page whose content is 300 MB of spaces, deflated twice."""
    content = zlib.compress(zlib.compress(b" " * 300_000_000, 1), 9)
    stream = b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n" % len(content)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        stream + content + b"\nendstream",
    ]
    path.write_bytes(_pdf(objects))


def _pdf(objects: list[bytes]) -> bytes:
    written, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(written + b"startxref\n%d\n%%%%EOF\n" % table)


def _uri(folder: Path) -> str:
    return (folder.parent / "secret.txt").as_uri()


def _text(text: str) -> Maker:
    return lambda path: path.write_text(text)


def _mail(levels: int) -> str:
    parts = (f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(levels))
    return "From: ann\nSubject: Nested\nMIME-Version: 1.0\n" + "".join(parts) + "\nText."


PACKAGES = ("docx", "xlsx", "pptx", "odt", "epub")

CORPUS: dict[str, Maker] = {
    **{f"bomb.{kind}": bomb for kind in PACKAGES},
    "lying.docx": lying,
    "crowded.epub": crowded,
    "nested.docx": nested,
    **{f"laughs.{k}": lambda path: with_type(path, lambda _: laughs()) for k in PACKAGES},
    **{f"leak.{k}": lambda path: with_type(path, leak) for k in PACKAGES},
    "laughs.html": _text(f"{laughs()}<p>Text &x; of a page that is long enough.</p>"),
    "loop.pdf": looping_pdf,
    "swollen.pdf": swollen_pdf,
    "deep.html": _text("<div>" * 100_000 + "text" + "</div>" * 100_000),
    "deep.md": _text("> " * 20_000 + "text"),
    "brackets.md": _text("[" * 50_000 + "text" + "](" * 50_000),
    "deep.rtf": _text("{\\rtf1 " + "{" * 100_000 + "text" + "}" * 100_000 + "}"),
    "deep.eml": _text(_mail(3_000)),
    "line.txt": _text("word" * 500_000),
    "cells.csv": _text("a," * 500_000),
    "quote.csv": _text('"' + "a\n" * 300_000),
    "bell\x07\x1b[31m.txt": _text("A name with control characters."),
    "pipe.txt": lambda path: os.mkfifo(path),
    "device.txt": lambda path: path.symlink_to("/dev/zero"),
    "outside.txt": lambda path: path.symlink_to(path.parent.parent / "secret.txt"),
    "folder": lambda path: path.symlink_to(path.parent.parent / "beside"),
    "circle.txt": lambda path: path.symlink_to(path),
}


def make(root: Path) -> Path:
    """The whole corpus in the folder `root`/documents, with secrets beside it."""
    (root / "beside").mkdir(parents=True)
    (root / "beside" / "more.txt").write_text(SECRET)
    (root / "secret.txt").write_text(SECRET)
    folder = root / "documents"
    folder.mkdir()
    for name, maker in CORPUS.items():
        maker(folder / name)
    (folder / "good.txt").write_text("A good file among bad ones.")
    return folder
