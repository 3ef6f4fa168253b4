"""The tables, the rows, and the records they become."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from index.chunker import Chunking
from index.errors import IndexDamaged, IndexProblem
from index.records import Document, Passage, Section, Sentence

FILE = "library.db"

VERSION = 5
"""Of the tables; kept in SQLite's user_version."""

MEND = "run `citewell index --rebuild`"

# A build looks at every document's row, so texts stand in a table of their own, and a row
# says how many passages and terms it has. `unused` holds keys that a passage was deleted of.
SCHEMA = """
CREATE TABLE IF NOT EXISTS documents(
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL, title TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 BLOB NOT NULL,
    digest BLOB NOT NULL, passages INTEGER NOT NULL, terms INTEGER NOT NULL,
    born INTEGER NOT NULL, died INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS documents_by_id ON documents(id);
CREATE TABLE IF NOT EXISTS texts(
    document INTEGER PRIMARY KEY REFERENCES documents(row) ON DELETE CASCADE,
    sections TEXT NOT NULL, pages TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS passages(
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents(row) ON DELETE CASCADE,
    key BLOB NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER,
    heading TEXT NOT NULL, text TEXT NOT NULL,
    terms TEXT NOT NULL, sentences BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS passages_by_document ON passages(document);
CREATE INDEX IF NOT EXISTS passages_by_key ON passages(key);
CREATE TABLE IF NOT EXISTS vectors(key BLOB PRIMARY KEY, vector BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS unused(key BLOB PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS refused(
    id TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    reason TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS settings(snapshot INTEGER NOT NULL, rules TEXT NOT NULL) STRICT;
"""

# 0 in a file from which nothing was deleted since it was new; no row where that is not known.
REMAINS = "SELECT value FROM counters WHERE name = 'remains'"
SET_REMAINS = "INSERT OR REPLACE INTO counters VALUES('remains', ?)"

_SENTENCE = Struct("<3I")

VISIBLE = "born <= :at AND (died IS NULL OR died > :at)"

DOCUMENT = "d.id, d.title, t.text, t.sections, t.pages, d.mtime_ns"


@dataclass(frozen=True, slots=True)
class FileState:
    """What is remembered of a file, to see whether it changed. `mtime_ns` is POSIX time."""

    size: int
    mtime_ns: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is remembered of a file that gave no text, so that it is not tried again."""

    size: int
    mtime_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a library was made into a snapshot, for when there is no manifest to tell.

    Attributes: as `snapshot.Manifest` has them.
    """

    root: str
    model: str
    fingerprint: str
    dimension: int
    loaders: int
    terms: int
    chunking: Chunking


@dataclass(frozen=True, slots=True)
class Counts:
    documents: int
    passages: int


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage, the title of the document it stands in, and where its sentences stand.

    Made for every candidate, of which few are shown: hence sentences as the bytes that
    `packed` gives.
    """

    passage: Passage
    title: str
    packed_sentences: bytes

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """In order; () for a passage that is a heading alone."""
        return tuple(Sentence(*entry) for entry in _SENTENCE.iter_unpack(self.packed_sentences))


def packed(sentences: Sequence[Sentence]) -> bytes:
    """Sentences as twelve bytes each."""
    return b"".join(_SENTENCE.pack(s.start, s.end, s.first) for s in sentences)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:  # SQLite's own message quotes bytes that are no text
        raise IndexDamaged(f"{path} is altered; {MEND}") from error
    except sqlite3.DatabaseError as error:
        # a table that is missing, or text that is no UTF-8, is an OperationalError, too
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if not isinstance(error, sqlite3.OperationalError) or code == sqlite3.SQLITE_ERROR:
            raise IndexDamaged(f"{path}: {error}; {MEND}") from error
        raise IndexProblem(f"{path}: {error}; free the disk or the lock, then try again") from error


def document_from(
    root: Path, name: str, title: str, text: str, sections: str, pages: str, mtime_ns: int
) -> Document:
    return Document(
        id=name,
        title=title,
        text=text,
        sections=tuple(Section(start, tuple(heading)) for start, heading in json.loads(sections)),
        pages=tuple(json.loads(pages)),
        source=str(root / name),
        modified=mtime_ns / 1e9,
    )


def passage_from(
    number: int, document: str, start: int, end: int, heading: str, page: int | None, text: str
) -> Passage:
    return Passage(number, document, start, end, tuple(json.loads(heading)), page, text)


def content_digest(
    document: Document, passages: Sequence[Passage], kept: Sequence[tuple[str, bytes]]
) -> bytes:
    """Sha256 over a document and its passages; `kept` is each one's (terms, sentences)."""
    content = [
        document.id,
        document.title,
        document.text,
        [[s.start, s.heading] for s in document.sections],
        document.pages,
        [[p.id, p.start, p.end, p.heading, p.page, p.text] for p in passages],
        [[terms, sentences.hex()] for terms, sentences in kept],
    ]
    return hashlib.sha256(json.dumps(content).encode()).digest()


def digest_of(db: sqlite3.Connection, at: dict[str, int]) -> str:
    whole = hashlib.sha256()
    for (digest,) in db.execute(f"SELECT digest FROM documents WHERE {VISIBLE} ORDER BY row", at):
        whole.update(digest)
    return whole.hexdigest()


def counts_of(db: sqlite3.Connection, at: dict[str, int]) -> Counts:
    counts = db.execute(
        f"SELECT count(*), coalesce(sum(passages), 0) FROM documents WHERE {VISIBLE}", at
    ).fetchone()
    return Counts(*counts)


def rules_of(db: sqlite3.Connection, path: Path) -> tuple[int, Rules] | None:
    """The snapshot that was published last and its rules; None where nothing was, or is known."""
    try:
        snapshot, rules = db.execute("SELECT snapshot, rules FROM settings").fetchone() or (0, "")
        fields = json.loads(rules) if snapshot else {}
        chunking = Chunking(**fields.pop("chunking", {}))
        return (snapshot, Rules(**fields, chunking=chunking)) if snapshot else None
    except (ValueError, TypeError) as error:
        raise IndexDamaged(f"{path}: its settings cannot be read; {MEND}") from error


def vectors_of(
    db: sqlite3.Connection, path: Path, ids: NDArray[np.int64], dimension: int
) -> NDArray[np.float32]:
    matrix = np.empty((len(ids), dimension), np.float32)
    rows = db.execute(
        "SELECT v.vector FROM json_each(?) wanted JOIN passages p ON p.id = wanted.value "
        "JOIN vectors v ON v.key = p.key ORDER BY wanted.key",
        (json.dumps(ids.tolist()),),
    ).fetchall()
    if len(rows) != len(ids) or {len(vector) for (vector,) in rows} - {4 * dimension}:
        raise IndexDamaged(f"{path}: a passage has no vector of its own; {MEND}")
    for place, (vector,) in enumerate(rows):
        matrix[place] = np.frombuffer(vector, "<f4")
    return matrix
