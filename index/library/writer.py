"""The library as the one builder writes it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.analysis import Analysed
from index.errors import IndexDamaged, IndexProblem
from index.library import seal
from index.library.migration import opened
from index.library.schema import (
    FILE,
    MEND,
    SET_REMAINS,
    VISIBLE,
    Counts,
    FileState,
    Refusal,
    Rules,
    content_digest,
    counts_of,
    digest_of,
    packed,
    rules_of,
    translated,
    vectors_of,
)
from index.records import Document, Passage


class LibraryWriter:
    """The one builder's side. Use as a context manager; `commit` makes a state durable."""

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            IndexDamaged: the file is no library.
        """
        self._folder, self._path = folder, folder / FILE
        with translated(self._path):
            self._db = opened(folder)
            self._committed = self._db.total_changes

    def __enter__(self) -> "LibraryWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()  # what was not committed is rolled back

    def commit(self) -> None:
        """Make what was done durable.

        Raises:
            IndexDamaged: the file is not what the last build left. Written on, it would get
                a sum that makes it right.
        """
        with translated(self._path):
            if self._db.total_changes != self._committed:
                if seal.stands(self._folder) and not seal.holds(self._folder):
                    raise IndexDamaged(f"{self._path} is altered; {MEND}")
                seal.take(self._folder)
            self._db.commit()
            self._committed = self._db.total_changes

    def seal(self) -> None:
        """Put the sum beside what was committed, unless one of it stands there."""
        with translated(self._path):
            busy, *_ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        # while one reads from the log, the file is not yet what it will be
        if not busy and not seal.stands(self._folder):
            seal.put(self._folder)

    def rules(self) -> tuple[int, Rules] | None:
        """The snapshot that was made last and its rules; None where nothing is known of it."""
        with translated(self._path):
            return rules_of(self._db, self._path)

    def remember(self, snapshot: int, rules: Rules) -> None:
        """Keep by which rules a snapshot is made; writes nothing where that is known."""
        if self.rules() == (snapshot, rules):
            return
        with translated(self._path):
            self._db.execute("DELETE FROM settings")
            self._db.execute(
                "INSERT INTO settings VALUES(?, ?)", (snapshot, json.dumps(asdict(rules)))
            )

    def forget_unpublished(self, current: int) -> None:
        """Take back what a build that never published left behind."""
        with translated(self._path):
            self._delete("born > ?", current)
            self._db.execute("UPDATE documents SET died = NULL WHERE died > ?", (current,))
            self._db.execute("DELETE FROM settings WHERE snapshot > ?", (current,))

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
        with translated(self._path):
            return vectors_of(self._db, self._path, ids, dimension)

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
        """Delete documents dead by snapshot `before`."""
        with translated(self._path):
            self._delete("died <= ?", before)

    def forget_gone(self, published: int) -> None:
        """Delete documents of whose id snapshot `published` has none.

        From the commit on no reader sees them, on whichever snapshot it is.
        """
        with translated(self._path):
            self._delete(
                "died <= ? AND NOT EXISTS "
                "(SELECT 1 FROM documents l WHERE l.id = d.id AND l.died IS NULL)",
                published,
            )

    def forget_vectors(self) -> None:
        """Delete vectors that no passage has any more."""
        with translated(self._path):
            # emptied when it is empty, a table is written all the same
            if self._db.execute("SELECT 1 FROM unused").fetchone():
                self._db.execute(
                    "DELETE FROM vectors WHERE key IN (SELECT key FROM unused) "
                    "AND NOT EXISTS (SELECT 1 FROM passages p WHERE p.key = vectors.key)"
                )
                self._db.execute("DELETE FROM unused")

    def compact(self, published: int) -> None:
        """Take out of the file itself what snapshot `published` does not hold.

        Raises:
            IndexProblem: the disk refuses, or a reader does not let go of the log.
        """
        self.forget_dead(published)
        with translated(self._path):
            self._db.execute(
                "DELETE FROM vectors WHERE NOT EXISTS "
                "(SELECT 1 FROM passages p WHERE p.key = vectors.key)"
            )
            self._db.execute("DELETE FROM unused")
            self._db.execute(SET_REMAINS, (0,))
        self.commit()
        seal.take(self._folder)
        with translated(self._path):
            self._db.execute("VACUUM")  # what is deleted stays in its pages until they are new
            busy, *_ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise IndexProblem(f"{self._path} is being read; try again")
        self.seal()

    def _delete(self, which: str, snapshot: int) -> None:
        """Delete documents, and keep in mind whose vectors may now be unused."""
        self._db.execute(
            "INSERT OR IGNORE INTO unused SELECT p.key FROM documents d "
            f"JOIN passages p ON p.document = d.row WHERE {which}",
            (snapshot,),
        )
        deleted = self._db.execute(f"DELETE FROM documents AS d WHERE {which}", (snapshot,))
        if deleted.rowcount:
            self._db.execute(SET_REMAINS, (1,))
