"""The library as the one builder writes it."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.library.schema import (
    FILE,
    SCHEMA,
    VERSION,
    Counts,
    FileState,
    StoredPassage,
    content_digest,
    counts_of,
    digest_of,
    passage_from,
    translated,
)
from index.records import Document, Passage


class LibraryWriter:
    """The one builder's side. Use as a context manager; `commit` makes a state durable."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        with translated(self._path):
            self._db = sqlite3.connect(self._path)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")  # a snapshot must not outlive its rows
            self._db.execute("PRAGMA foreign_keys = ON")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version != VERSION:  # what was embedded is kept, the rest is read again
                self._db.executescript(
                    "DROP TABLE IF EXISTS passages; DROP TABLE IF EXISTS documents;"
                    f"{SCHEMA}; PRAGMA user_version = {VERSION}"
                )

    def __enter__(self) -> "LibraryWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()  # what was not committed is rolled back

    def commit(self) -> None:
        with translated(self._path):
            self._db.commit()

    def forget_unpublished(self, current: int) -> None:
        """Take back what a build that never published left behind."""
        with translated(self._path):
            self._db.execute("DELETE FROM documents WHERE born > ?", (current,))
            self._db.execute("UPDATE documents SET died = NULL WHERE died > ?", (current,))

    def files(self) -> dict[str, FileState]:
        """The live documents' files, by document id."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT id, size, mtime_ns, sha256 FROM documents WHERE died IS NULL"
            )
            return {name: FileState(*state) for name, *state in rows}

    def passage_ids(self) -> Iterator[int]:
        """Numbers that were never given before, for as long as the library lives."""
        while True:
            with translated(self._path):
                (last,) = self._db.execute(
                    "INSERT INTO counters VALUES('passage', 1) "
                    "ON CONFLICT(name) DO UPDATE SET value = value + 1 RETURNING value"
                ).fetchone()
            yield last

    def add(
        self,
        document: Document,
        state: FileState,
        passages: Sequence[Passage],
        terms: Sequence[str],
        keys: Sequence[bytes],
        born: int,
    ) -> None:
        with translated(self._path):
            row = self._db.execute(
                "INSERT INTO documents(id, title, text, sections, pages, size, mtime_ns, sha256,"
                " digest, born) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document.id,
                    document.title,
                    document.text,
                    json.dumps([[s.start, s.heading] for s in document.sections]),
                    json.dumps(document.pages),
                    state.size,
                    state.mtime_ns,
                    state.sha256,
                    content_digest(document, passages),
                    born,
                ),
            ).lastrowid
            self._db.executemany(
                "INSERT INTO passages VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (p.id, row, p.start, p.end, json.dumps(p.heading), p.page, p.text, found, key)
                    for p, found, key in zip(passages, terms, keys, strict=True)
                ),
            )

    def retire(self, document_ids: Iterable[str], died: int) -> None:
        with translated(self._path):
            self._db.executemany(
                "UPDATE documents SET died = ? WHERE id = ? AND died IS NULL",
                ((died, name) for name in document_ids),
            )

    def touch(self, document_id: str, state: FileState) -> None:
        """Remember a new time for a file whose bytes are the same."""
        with translated(self._path):
            self._db.execute(
                "UPDATE documents SET mtime_ns = ? WHERE id = ? AND died IS NULL",
                (state.mtime_ns, document_id),
            )

    def without_vector(self) -> list[int]:
        """Ids of one live passage for each key that has no vector, ascending."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT min(p.id) FROM passages p JOIN documents d ON d.row = p.document "
                "WHERE d.died IS NULL AND NOT EXISTS"
                "(SELECT 1 FROM vectors v WHERE v.key = p.key) GROUP BY p.key ORDER BY 1"
            )
            return [passage_id for (passage_id,) in rows]

    def passages(self, ids: Sequence[int]) -> list[tuple[bytes, StoredPassage]]:
        """(key, passage) of each id, in the order given."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT p.key, p.id, d.id, p.start, p.end, p.heading, p.page, p.text, d.title "
                "FROM json_each(?) wanted JOIN passages p ON p.id = wanted.value "
                "JOIN documents d ON d.row = p.document ORDER BY wanted.key",
                (json.dumps(ids),),
            )
            return [
                (key, StoredPassage(passage_from(*fields), title)) for key, *fields, title in rows
            ]

    def store_vectors(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        with translated(self._path):
            self._db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES(?, ?)",
                zip(keys, (v.astype("<f4").tobytes() for v in vectors), strict=True),
            )

    def vectors(self, dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (n,) and vectors (n, dimension) of all live passages, ascending by id."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT p.id, v.vector FROM passages p JOIN documents d ON d.row = p.document "
                "JOIN vectors v ON v.key = p.key WHERE d.died IS NULL ORDER BY p.id"
            )
            ids, blobs = [], bytearray()
            for passage_id, blob in rows:
                ids.append(passage_id)
                blobs += blob
        matrix = np.frombuffer(bytes(blobs), "<f4").reshape(len(ids), dimension)
        return np.array(ids, np.int64), matrix

    def terms(self) -> Iterator[tuple[int, str]]:
        """(id, terms) of all live passages, ascending by id."""
        with translated(self._path):
            yield from self._db.execute(
                "SELECT p.id, p.terms FROM passages p JOIN documents d ON d.row = p.document "
                "WHERE d.died IS NULL ORDER BY p.id"
            )

    def mean_terms(self) -> float:
        """Terms in a live passage, on average; 0 where there is none."""
        lengths = [found.count("  ") + 1 for _, found in self.terms()]
        return sum(lengths) / len(lengths) if lengths else 0.0

    def counts(self, snapshot: int) -> Counts:
        with translated(self._path):
            return counts_of(self._db, {"at": snapshot})

    def digest(self, snapshot: int) -> str:
        with translated(self._path):
            return digest_of(self._db, {"at": snapshot})

    def forget_dead(self, before: int) -> None:
        """Delete documents dead by snapshot `before`, and vectors that nothing uses."""
        with translated(self._path):
            self._db.execute("DELETE FROM documents WHERE died <= ?", (before,))
            self._db.execute("DELETE FROM vectors WHERE key NOT IN (SELECT key FROM passages)")
            self._db.commit()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
