"""The library as one snapshot sees it."""

import json
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged
from index.library import seal
from index.library.connection import Connection
from index.library.schema import (
    DOCUMENT,
    FILE,
    MEND,
    REMAINS,
    VERSION,
    VISIBLE,
    Counts,
    FileState,
    Rules,
    StoredPassage,
    content_digest,
    counts_of,
    digest_of,
    document_from,
    passage_from,
    rules_of,
    translated,
    vectors_of,
)
from index.records import Document

# A question reads some two hundred passages from all over the file. SQLite's own 2 MB hold
# 1,300; mapping the file would do as well, but a file cut short then kills the process.
_CACHE_KIB = 32 * 1024


def verify(folder: Path, root: Path, snapshot: int) -> None:
    """Read all of a library that is not too long for that; arguments as for `LibraryReader`.

    Raises:
        IndexDamaged: it is not what the last build left.
    """
    path = folder / FILE
    whole = seal.holds(folder)
    if whole is False:
        raise IndexDamaged(f"{path} is altered; {MEND}")
    if whole or not path.is_file() or not seal.is_small(folder):
        return
    library = LibraryReader(folder, root, snapshot)
    try:
        for fault in library.faults():  # a build writes, or was killed: rows tell of themselves
            raise IndexDamaged(f"{fault}; {MEND}")
    finally:
        library.close()


def rules_kept(folder: Path) -> tuple[int, Rules] | None:
    """The snapshot that was made last and its rules; None where that cannot be known."""
    try:
        library = LibraryReader(folder, Path(), 0)
    except IndexDamaged:
        return None
    try:
        return library.rules()
    except IndexDamaged:
        return None
    finally:
        library.close()


class LibraryReader:
    """What one snapshot sees of the library. Safe to share between threads."""

    def __init__(self, folder: Path, root: Path, snapshot: int) -> None:
        """
        Args:
            folder: the index's folder.
            root: the documents' root, in front of every id to give the source.
            snapshot: rows born later or dead by then are not seen.

        Raises:
            IndexDamaged: the file is missing or is not a library. Use `verify` before: an
                altered one opens.
        """
        self._path = folder / FILE
        self._root = root
        self._at = {"at": snapshot}
        if not self._path.is_file():
            raise IndexDamaged(f"{self._path} is missing; {MEND}")
        with translated(self._path):
            try:
                self._db = self._connect("mode=ro")
            except sqlite3.OperationalError:
                # WAL wants to write a little even to read; on a read-only disk nobody
                # else writes either, and the file can be taken as it stands
                self._db = self._connect("mode=ro&immutable=1")
        # a server lets go of an old snapshot while a request may still read from it
        self.close = weakref.finalize(self, self._db.close)

    def _connect(self, options: str) -> Connection:
        db = Connection(self._path, options)
        try:
            db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            db.execute("SELECT 1 FROM counters")
        except BaseException:
            db.close()
            raise
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

    def documents(self) -> Iterator[tuple[Document, FileState]]:
        """Every document with what is known of its file, in the order in which they came."""
        with translated(self._path):
            rows = self._db.execute(
                f"SELECT d.size, d.sha256, {DOCUMENT} FROM documents d "
                f"JOIN texts t ON t.document = d.row WHERE {VISIBLE} ORDER BY d.row",
                self._at,
            )
            for size, sha256, *fields in rows:
                yield document_from(self._root, *fields), FileState(size, fields[-1], sha256)

    def all_passage_ids(self) -> NDArray[np.int64]:
        """Ids (n,) of the passages that any snapshot sees."""
        with translated(self._path):
            rows = self._db.execute("SELECT id FROM passages")
            return np.array([passage_id for (passage_id,) in rows], np.int64)

    def names(self, document_id: str) -> bool:
        """Whether any snapshot sees a document of this id, or a file of it gave no text."""
        with translated(self._path):
            named = "SELECT id FROM documents UNION ALL SELECT id FROM refused"
            found = self._db.execute(f"SELECT 1 FROM ({named}) WHERE id = ?", (document_id,))
            return found.fetchone() is not None

    def has_remains(self) -> bool:
        """Whether what was deleted may still stand in the file, or its vectors in a table."""
        with translated(self._path):
            remains = self._db.execute(REMAINS).fetchone()
            unused = self._db.execute(
                "SELECT 1 FROM vectors v WHERE NOT EXISTS "
                "(SELECT 1 FROM passages p WHERE p.key = v.key)"
            )
            return remains != (0,) or unused.fetchone() is not None

    def document(self, document_id: str) -> Document | None:
        with translated(self._path):
            row = self._db.execute(
                f"SELECT {DOCUMENT} FROM documents d JOIN texts t ON t.document = d.row "
                f"WHERE d.id = :id AND {VISIBLE}",
                {**self._at, "id": document_id},
            ).fetchone()
        return None if row is None else document_from(self._root, *row)

    def rules(self) -> tuple[int, Rules] | None:
        """The snapshot that was made last and its rules; None where nothing is known of it."""
        with translated(self._path):
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            return rules_of(self._db, self._path) if version == VERSION else None

    def vectors(self, ids: NDArray[np.int64], dimension: int) -> NDArray[np.float32]:
        """(n, dimension): the vectors of these passages, in the order given.

        Raises:
            IndexDamaged: one of them has none.
        """
        with translated(self._path):
            return vectors_of(self._db, self._path, ids, dimension)

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
            documents = self._db.execute(
                f"SELECT d.row, d.id FROM documents d WHERE {VISIBLE}", self._at
            ).fetchall()
            for row, name in documents:
                try:
                    yield from self._document_faults(row)
                except (ValueError, TypeError, AttributeError):  # not even of the right kinds
                    yield f"{self._path}: {name} is not as it was written"

    def _document_faults(self, row: int) -> Iterator[str]:
        stored = self._db.execute(
            f"SELECT d.digest, d.passages, d.terms, {DOCUMENT} "
            "FROM documents d JOIN texts t ON t.document = d.row WHERE d.row = ?",
            (row,),
        ).fetchone()
        if stored is None:
            raise ValueError("no text")
        digest, count, terms, *fields = stored
        document = document_from(self._root, *fields)
        rows = self._db.execute(
            "SELECT p.id, ?, p.start, p.end, p.heading, p.page, p.text, p.terms, "
            "p.sentences FROM passages p WHERE p.document = ? ORDER BY p.id",
            (document.id, row),
        ).fetchall()
        passages = [passage_from(*passage) for *passage, _, _ in rows]
        kept = [(found, sentences) for *_, found, sentences in rows]
        if content_digest(document, passages, kept) != digest or len(passages) != count:
            yield f"{self._path}: {document.id} is not as it was written"
        if sum(len(found.split()) for found, _ in kept) != terms:
            yield f"{self._path}: {document.id} has other terms than were counted"
        for p in passages:
            if p.text != document.text[p.start : p.end]:
                yield f"{self._path}: passage {p.id} of {p.document_id} is not its text"
