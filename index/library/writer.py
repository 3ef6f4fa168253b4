"""The library as the one builder writes it."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.analysis import Analysed
from index.errors import IndexDamaged
from index.library.schema import (
    FILE,
    SCHEMA,
    VERSION,
    VISIBLE,
    Counts,
    FileState,
    Refusal,
    content_digest,
    counts_of,
    digest_of,
    packed,
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
                    "DROP TABLE IF EXISTS texts; DROP TABLE IF EXISTS passages; "
                    f"DROP TABLE IF EXISTS documents; {SCHEMA}; "
                    "INSERT OR IGNORE INTO unused SELECT key FROM vectors; "
                    f"PRAGMA user_version = {VERSION}"
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
            self._delete("born > ?", current)
            self._db.execute("UPDATE documents SET died = NULL WHERE died > ?", (current,))

    def files(self) -> dict[str, FileState]:
        """The live documents' files, by document id."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT id, size, mtime_ns, sha256 FROM documents WHERE died IS NULL"
            )
            return {name: FileState(*state) for name, *state in rows}

    def refusals(self) -> dict[str, Refusal]:
        """The files that gave no text, by the id they would have."""
        with translated(self._path):
            rows = self._db.execute("SELECT id, size, mtime_ns, reason FROM refused")
            return {name: Refusal(*refusal) for name, *refusal in rows}

    def refuse(self, document_id: str, refusal: Refusal) -> None:
        with translated(self._path):
            self._db.execute(
                "INSERT OR REPLACE INTO refused VALUES(?, ?, ?, ?)",
                (document_id, refusal.size, refusal.mtime_ns, refusal.reason),
            )

    def forgive(self, document_ids: Iterable[str]) -> None:
        """Forget that these files gave no text."""
        with translated(self._path):
            self._db.executemany(
                "DELETE FROM refused WHERE id = ?", ((name,) for name in document_ids)
            )

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
        analysed: Sequence[Analysed],
        keys: Sequence[bytes],
        born: int,
    ) -> None:
        kept = [(" ".join(entry.terms), packed(entry.sentences)) for entry in analysed]
        with translated(self._path):
            row = self._db.execute(
                "INSERT INTO documents(id, title, size, mtime_ns, sha256, digest, passages, terms,"
                " born) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document.id,
                    document.title,
                    state.size,
                    state.mtime_ns,
                    state.sha256,
                    content_digest(document, passages, kept),
                    len(passages),
                    sum(len(entry.terms) for entry in analysed),
                    born,
                ),
            ).lastrowid
            sections = json.dumps([[s.start, s.heading] for s in document.sections])
            self._db.execute(
                "INSERT INTO texts VALUES(?, ?, ?, ?)",
                (row, sections, json.dumps(document.pages), document.text),
            )
            self._db.executemany(
                "INSERT INTO passages VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        p.id,
                        row,
                        key,
                        p.start,
                        p.end,
                        p.page,
                        json.dumps(p.heading),
                        p.text,
                        *terms_and_sentences,
                    )
                    for p, terms_and_sentences, key in zip(passages, kept, keys, strict=True)
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

    def has_vector(self, key: bytes) -> bool:
        with translated(self._path):
            row = self._db.execute("SELECT 1 FROM vectors WHERE key = ?", (key,)).fetchone()
            return row is not None

    def store_vectors(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        with translated(self._path):
            self._db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES(?, ?)",
                zip(keys, (v.astype("<f4").tobytes() for v in vectors), strict=True),
            )

    def live_ids(self) -> NDArray[np.int64]:
        """Ids (n,) of all live passages, ascending."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT p.id FROM documents d JOIN passages p ON p.document = d.row "
                "WHERE d.died IS NULL"
            )
            return np.sort(np.fromiter((passage_id for (passage_id,) in rows), np.int64))

    def vectors(self, ids: NDArray[np.int64], dimension: int) -> NDArray[np.float32]:
        """(n, dimension): the vectors of these passages, in the order given.

        Raises:
            IndexDamaged: one of them has no vector.
        """
        matrix = np.empty((len(ids), dimension), np.float32)
        count = 0
        with translated(self._path):
            rows = self._db.execute(
                "SELECT v.vector FROM json_each(?) wanted JOIN passages p ON p.id = wanted.value "
                "JOIN vectors v ON v.key = p.key ORDER BY wanted.key",
                (json.dumps(ids.tolist()),),
            )
            for count, (blob,) in enumerate(rows, 1):
                matrix[count - 1] = np.frombuffer(blob, "<f4")
        if count != len(ids):
            raise IndexDamaged(
                f"{self._path}: {len(ids) - count} passages have no vector; "
                "delete its folder and run `make index`"
            )
        return matrix

    def terms(self, after: int = 0) -> Iterator[tuple[int, list[str]]]:
        """(id, terms) of the live passages born after a snapshot, ascending."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT p.id, p.terms FROM documents d JOIN passages p ON p.document = d.row "
                "WHERE d.died IS NULL AND d.born > ? ORDER BY d.row, p.id",
                (after,),
            )
            for passage_id, found in rows:
                yield passage_id, found.split()

    def gone(self, snapshot: int) -> list[int]:
        """Ids of the passages that a snapshot sees and that live no more."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT p.id FROM documents d JOIN passages p ON p.document = d.row "
                f"WHERE {VISIBLE} AND d.died IS NOT NULL",
                {"at": snapshot},
            )
            return [passage_id for (passage_id,) in rows]

    def mean_terms(self) -> float:
        """Terms in a live passage, on average; 0 where there is none."""
        with translated(self._path):
            terms, passages = self._db.execute(
                "SELECT coalesce(sum(terms), 0), coalesce(sum(passages), 0) "
                "FROM documents WHERE died IS NULL"
            ).fetchone()
        return terms / passages if passages else 0.0

    def counts(self, snapshot: int) -> Counts:
        with translated(self._path):
            return counts_of(self._db, {"at": snapshot})

    def digest(self, snapshot: int) -> str:
        with translated(self._path):
            return digest_of(self._db, {"at": snapshot})

    def forget_dead(self, before: int) -> None:
        """Delete documents dead by snapshot `before`, and vectors that nothing uses."""
        with translated(self._path):
            self._delete("died <= ?", before)
            self._db.execute(
                "DELETE FROM vectors WHERE key IN (SELECT key FROM unused) "
                "AND NOT EXISTS (SELECT 1 FROM passages p WHERE p.key = vectors.key)"
            )
            self._db.execute("DELETE FROM unused")
            self._db.commit()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _delete(self, which: str, snapshot: int) -> None:
        """Delete documents, and keep in mind whose vectors may now be unused."""
        self._db.execute(
            "INSERT OR IGNORE INTO unused SELECT p.key FROM documents d "
            f"JOIN passages p ON p.document = d.row WHERE {which}",
            (snapshot,),
        )
        self._db.execute(f"DELETE FROM documents WHERE {which}", (snapshot,))
