"""The library as one snapshot sees it."""

import json
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged
from index.library.schema import (
    DOCUMENT,
    FILE,
    VISIBLE,
    Counts,
    StoredPassage,
    content_digest,
    counts_of,
    digest_of,
    document_from,
    passage_from,
    translated,
)
from index.records import Document

# A question reads some two hundred passages from all over the file. SQLite's own 2 MB hold
# 1,300; mapping the file would do as well, but a file cut short then kills the process.
_CACHE_KIB = 32 * 1024


class LibraryReader:
    """What one snapshot sees of the library. Safe to share between threads."""

    def __init__(self, folder: Path, root: Path, snapshot: int) -> None:
        """
        Args:
            folder: the index's folder.
            root: the documents' root, in front of every id to give the source.
            snapshot: rows born later or dead by then are not seen.

        Raises:
            IndexDamaged: the file is missing or is not a library.
        """
        self._path = folder / FILE
        self._root = root
        self._at = {"at": snapshot}
        if not self._path.is_file():
            raise IndexDamaged(f"{self._path} is missing; run `make index`")
        with translated(self._path):
            self._db = self._connect("mode=ro")
            try:
                self._db.execute("SELECT 1 FROM counters")
            except sqlite3.OperationalError:
                # WAL wants to write a little even to read; on a read-only disk nobody
                # else writes either, and the file can be taken as it stands
                self._db = self._connect("mode=ro&immutable=1")
                self._db.execute("SELECT 1 FROM counters")
        # a server lets go of an old snapshot while a request may still read from it
        self.close = weakref.finalize(self, self._db.close)

    def _connect(self, options: str) -> sqlite3.Connection:
        uri = f"{self._path.absolute().as_uri()}?{options}"
        # SQLite serialises threads itself in the build that Python ships with
        db = sqlite3.connect(uri, uri=True, check_same_thread=sqlite3.threadsafety != 3)
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return db

    def counts(self) -> Counts:
        with translated(self._path):
            return counts_of(self._db, self._at)

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with these ids, in the order given; ids not seen are left out."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT p.id, d.id, p.start, p.end, p.heading, p.page, p.text, "
                "d.title, p.sentences "
                "FROM json_each(:ids) wanted JOIN passages p ON p.id = wanted.value "
                f"JOIN documents d ON d.row = p.document WHERE {VISIBLE} ORDER BY wanted.key",
                {**self._at, "ids": json.dumps([int(i) for i in ids])},
            )
            return [
                StoredPassage(passage_from(*fields), title, sentences)
                for *fields, title, sentences in rows
            ]

    def passage_ids(self) -> NDArray[np.int64]:
        """(passages,) int64, ascending."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT p.id FROM passages p JOIN documents d ON d.row = p.document "
                f"WHERE {VISIBLE} ORDER BY p.id",
                self._at,
            )
            return np.array([passage_id for (passage_id,) in rows], np.int64)

    def document(self, document_id: str) -> Document | None:
        with translated(self._path):
            row = self._db.execute(
                f"SELECT {DOCUMENT} FROM documents d JOIN texts t ON t.document = d.row "
                f"WHERE d.id = :id AND {VISIBLE}",
                {**self._at, "id": document_id},
            ).fetchone()
        return None if row is None else document_from(self._root, *row)

    def digest(self) -> str:
        """Hex sha256 over what every document row says its content is."""
        with translated(self._path):
            return digest_of(self._db, self._at)

    def faults(self) -> Iterator[str]:
        """Read everything; yield a line for each row that is not what it was."""
        with translated(self._path):
            for (line,) in self._db.execute("PRAGMA integrity_check"):
                if line != "ok":
                    yield f"{self._path}: {line}"
            rows = self._db.execute(
                "SELECT d.row, d.digest, d.passages, d.terms, "
                f"{DOCUMENT} FROM documents d JOIN texts t ON t.document = d.row "
                f"WHERE {VISIBLE}",
                self._at,
            ).fetchall()
            for row, digest, count, terms, *fields in rows:
                document = document_from(self._root, *fields)
                rows_of = self._db.execute(
                    "SELECT p.id, ?, p.start, p.end, p.heading, p.page, p.text, p.terms, "
                    "p.sentences FROM passages p WHERE p.document = ? ORDER BY p.id",
                    (document.id, row),
                ).fetchall()
                passages = [passage_from(*passage) for *passage, _, _ in rows_of]
                kept = [(found, sentences) for *_, found, sentences in rows_of]
                if content_digest(document, passages, kept) != digest or len(passages) != count:
                    yield f"{self._path}: {document.id} is not as it was written"
                if sum(len(found.split()) for found, _ in kept) != terms:
                    yield f"{self._path}: {document.id} has other terms than were counted"
                for p in passages:
                    if p.text != document.text[p.start : p.end]:
                        yield f"{self._path}: passage {p.id} of {p.document_id} is not its text"
