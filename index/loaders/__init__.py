"""Files → documents: one loader per family of formats, found by the file's suffix."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

from index.errors import InaccessibleDocument, UnreadableDocument
from index.loaders import (
    epub,
    html,
    mail,
    markdown,
    opendocument,
    pdf,
    plain,
    rtf,
    sheets,
    slides,
    tables,
    word,
)
from index.loaders.blocks import Extract, assemble
from index.records import Document

__all__ = ["SUFFIXES", "VERSION", "is_native", "load"]

VERSION = 1
"""Grows whenever the same file would give another text, so that it is read again."""

_LOADERS: dict[str, Callable[[Path], Extract]] = {
    ".txt": plain.load,
    ".text": plain.load,
    ".md": markdown.load,
    ".markdown": markdown.load,
    ".mdx": markdown.load_mdx,
    ".html": html.load,
    ".htm": html.load,
    ".pdf": pdf.load,
    ".docx": word.load,
    ".odt": opendocument.load,
    ".rtf": rtf.load,
    ".epub": epub.load,
    ".xlsx": sheets.load,
    ".pptx": slides.load,
    ".csv": tables.load,
    ".tsv": tables.load,
    ".eml": mail.load,
}

SUFFIXES: frozenset[str] = frozenset(_LOADERS)
"""The suffixes that `load` knows, lower case, with their dot."""

# Read by this project's own Python, or by others' that runs no native code over the file.
_PLAIN = frozenset({".txt", ".text", ".md", ".markdown", ".mdx", ".csv", ".tsv"})

_MEGABYTE = 1_000_000
_FILE_LIMIT = 100 * _MEGABYTE
_TEXT_LIMIT = 64 * _MEGABYTE  # characters
_UNPACKED_LIMIT = 500 * _MEGABYTE
_MEMBERS_LIMIT = 20_000
# Spreadsheets of many like rows reach 50; what repeats one byte reaches 1,000.
_RATIO_LIMIT, _RATIO_FROM = 200, 20 * _MEGABYTE
_ZIPPED = frozenset({".docx", ".pptx", ".xlsx", ".odt", ".epub"})


def load(root: Path, path: Path) -> Document:
    """Read one file, which lies under `root`.

    Raises:
        UnreadableDocument: it gives no text; the message is the reason, in plain words.
        MemoryError: the process is limited, and the file takes more.
        ValueError: `path` doesn't lie under `root`.
    """
    name = path.relative_to(root).as_posix()
    suffix = path.suffix.lower()
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise UnreadableDocument("its name is not valid UTF-8; rename it") from error
    if suffix not in _LOADERS:
        raise UnreadableDocument(f"{suffix or 'a name without suffix'} is not a supported format")
    try:
        modified = _check(path, suffix)
        assembled = assemble(_LOADERS[suffix](path), path.stem)
        if len(assembled.text) > _TEXT_LIMIT:
            raise UnreadableDocument(_too_large("text of ", len(assembled.text), _TEXT_LIMIT))
        return Document(
            id=name,
            title=assembled.title,
            text=assembled.text,
            sections=assembled.sections,
            pages=assembled.pages,
            source=str(path.absolute()),
            modified=modified,
        )
    except (UnreadableDocument, MemoryError):
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InaccessibleDocument(f"cannot be opened: {reason.lower()}") from error
    except RecursionError as error:
        raise UnreadableDocument("nested too deeply to be read") from error
    except Exception as error:
        # whatever a library throws at a strange file is about that file alone
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UnreadableDocument(f"damaged, or not a {suffix} file: {reason}") from error


def is_native(path: Path) -> bool:
    """Whether native code parses such a file, which a strange one may crash."""
    return path.suffix.lower() not in _PLAIN


def _check(path: Path, suffix: str) -> float:
    """Refuse what is too large or no file before anything parses it; give its st_mtime."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableDocument("not a regular file")
    if status.st_size == 0:
        raise UnreadableDocument("empty: the file has no content")
    if status.st_size > _FILE_LIMIT:
        raise UnreadableDocument(_too_large("", status.st_size, _FILE_LIMIT))
    if suffix in _ZIPPED:
        with path.open("rb") as file:
            if file.read(8) == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
                raise UnreadableDocument(
                    "encrypted, or of an older format: save it without a password as " + suffix
                )
        try:
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
        except zipfile.BadZipFile as error:
            raise UnreadableDocument(f"damaged: not a whole {suffix} file") from error
        if len(members) > _MEMBERS_LIMIT:
            raise UnreadableDocument(
                f"too large: {len(members):,} files inside, the limit is {_MEMBERS_LIMIT:,}"
            )
        # no member gives more than is stated here: zipfile stops at its size
        unpacked = sum(member.file_size for member in members)
        if unpacked > _UNPACKED_LIMIT:
            raise UnreadableDocument(_too_large("unpacked, ", unpacked, _UNPACKED_LIMIT))
        if unpacked > max(_RATIO_FROM, _RATIO_LIMIT * status.st_size):
            raise UnreadableDocument(
                f"too large: it unpacks to more than {_RATIO_LIMIT} times its size"
            )
    return status.st_mtime


def _too_large(how: str, size: int, limit: int) -> str:
    return f"too large: {how}{size / _MEGABYTE:,.0f} MB, the limit is {limit // _MEGABYTE:,} MB"
