"""What holds for every file: the record's fields, the refusals, the limits."""

import os
from pathlib import Path

import pytest

from index.errors import UnreadableDocument
from index.loaders import SUFFIXES, load
from index.records import Document
from tests.loaders import makers

DATA = Path(os.environ.get("QA_DATA", Path(__file__).parents[3] / "shared" / "data"))


def nested_mail(levels: int) -> bytes:
    head = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n"
    return b"".join(head % (i, i) for i in range(levels))


def read(path: Path) -> Document:
    return load(path.parent, path)


def test_a_document_says_where_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "notes" / "bees.TXT"
    path.parent.mkdir()
    path.write_text("Bees sleep in winter.")
    os.utime(path, (0, 1_700_000_000.5))
    document = load(tmp_path, path)
    assert document.id == "notes/bees.TXT"
    assert document.source == str(path)
    assert document.modified == 1_700_000_000.5


def test_a_path_outside_the_root_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not in the subpath"):
        load(tmp_path / "inner", tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.exe", b"MZ", r"^\.exe is not a supported format$"),
        ("README", b"text", "^a name without suffix is not a supported format$"),
        ("a.txt", b"", "^empty: the file has no content$"),
        ("a.txt", b" \n\t\n", "^empty: it holds no text$"),
        ("a.txt", bytes(range(256)) * 8, "^binary: not a text file$"),
        ("a.md", b"---\ntitle: x\n---\n", "^empty: it holds no text$"),
        ("a.md", b"> " * 20_000 + b"x", "^nested too deeply to be read$"),
        ("a.csv", b" , \n,", "^empty: it holds no text$"),
        ("a.html", b"<title>only a title</title>", "^empty: it holds no text$"),
        ("a.html", b"<div>" * 30_000 + b"x", "^nested too deeply to be read$"),
        ("a.pdf", b"hello", "^damaged, or not a .pdf file: "),
        ("a.docx", b"hello", "^damaged: not a whole .docx file$"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "^encrypted, or of an older format"),
        ("a.rtf", b"hello", "^damaged, or not an .rtf file$"),
        ("a.eml", b"no headers here", "^not a mail message: it has no headers$"),
        ("a.eml", nested_mail(1000), "^nested too deeply to be read$"),
    ],
)
def test_a_file_without_text_says_why(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableDocument, match=reason):
        read(path)


@pytest.mark.parametrize("suffix", [".docx", ".pptx", ".xlsx", ".odt", ".epub"])
def test_a_package_of_something_else_is_damaged(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(UnreadableDocument, match="damaged"):
        read(makers.archive(tmp_path / f"a{suffix}", {"x": "y"}))


@pytest.mark.parametrize("suffix", [".docx", ".pptx", ".xlsx", ".odt", ".epub"])
def test_a_package_cut_short_is_damaged(tmp_path: Path, suffix: str) -> None:
    path = makers.archive(tmp_path / f"a{suffix}", {"x": "y" * 1000})
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UnreadableDocument, match=f"^damaged: not a whole {suffix} file$"):
        read(path)


def test_a_package_that_unpacks_beyond_the_limit_is_not_unpacked(tmp_path: Path) -> None:
    path = makers.archive(tmp_path / "a.docx", {"word/document.xml": "0"})
    raw = bytearray(path.read_bytes())
    size = raw.rindex(b"PK\x01\x02") + 24  # what the archive's directory says
    raw[size : size + 4] = (600_000_000).to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(UnreadableDocument, match=r"^too large: unpacked, 600 MB, the limit is 500"):
        read(path)


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(123_000_000)
    with pytest.raises(UnreadableDocument, match=r"^too large: 123 MB, the limit is 100 MB$"):
        read(path)


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")  # to open it would wait for ever
    for name in ("folder.txt", "pipe.txt"):
        with pytest.raises(UnreadableDocument, match=r"^not a regular file$"):
            read(tmp_path / name)


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match=r"^cannot be opened: no such file"):
        read(tmp_path / "gone.txt")


def test_a_name_that_is_no_text_is_unreadable(tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.txt"))
    path.write_text("text")
    with pytest.raises(UnreadableDocument, match=r"^its name is not valid UTF-8; rename it$"):
        read(path)


def test_suffixes_are_lower_case_with_their_dot() -> None:
    assert {".txt", ".md", ".html", ".pdf", ".docx", ".csv"} <= SUFFIXES
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in SUFFIXES)


def test_every_real_document_is_read_or_refused_with_a_reason() -> None:
    folder = DATA / "documents"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}; QA_DATA names another")
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        try:
            document = load(folder, path)  # its record checks the laws of offsets
        except UnreadableDocument:
            continue  # any other error fails the test
        for section in document.sections:
            heading = section.heading[-1] if section.heading else ""
            line = document.text[section.start :].split("\n", 1)[0]
            assert line.startswith(heading), (path, section)
