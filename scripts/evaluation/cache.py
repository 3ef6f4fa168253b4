"""An embedder that remembers what it embedded, so that a second run loads no model."""

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from index.embedders import Embedder, Vectors

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (key BLOB PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_AT_ONCE = 500  # keys in one statement; SQLite's oldest limit is 999
_WRITE_AFTER = 256  # questions' vectors kept back, which a kill loses
_PATIENCE_SECONDS = 120.0  # for another process that is writing


class CachedEmbedder:
    """Another embedder's vectors, from one SQLite file where they are known.

    Several processes may share the file. Keys tell models, and questions from passages,
    apart. Close it, or use it in `with`: the last questions are written then.
    """

    def __init__(self, path: Path, embedder: Embedder) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._embedder = embedder
        self._lock = threading.RLock()
        self._waiting: dict[bytes, Vectors] = {}
        self._db = sqlite3.connect(path, timeout=_PATIENCE_SECONDS, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def __enter__(self) -> "CachedEmbedder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._write()
            self._db.close()

    @property
    def model(self) -> str:
        return self._embedder.model

    @property
    def fingerprint(self) -> str:
        return self._embedder.fingerprint

    @property
    def dimension(self) -> int:
        return self._fact("dimension", lambda: self._embedder.dimension)

    @property
    def max_tokens(self) -> int:
        return self._fact("max_tokens", lambda: self._embedder.max_tokens)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        keys = [self._key("passage", text) for text in texts]
        with self._lock:
            known = self._read(keys)
            missing = {k: t for k, t in zip(keys, texts, strict=True) if k not in known}
            if missing:
                vectors = self._embedder.embed_passages(list(missing.values()))
                self._waiting.update(zip(missing, vectors, strict=True))
                known.update(self._waiting)
                self._write()
        if not keys:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([known[key] for key in keys])

    def embed_question(self, text: str) -> Vectors:
        key = self._key("question", text)
        with self._lock:
            known = self._read([key])
            if key in known:
                return known[key]
            vector = self._embedder.embed_question(text)
            self._waiting[key] = vector
            if len(self._waiting) >= _WRITE_AFTER:
                self._write()
            return vector

    def _key(self, kind: str, text: str) -> bytes:
        return hashlib.sha256(f"{self.fingerprint}\n{kind}\n{text}".encode()).digest()

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        found = {key: self._waiting[key] for key in keys if key in self._waiting}
        for first in range(0, len(keys), _AT_ONCE):
            some = keys[first : first + _AT_ONCE]
            marks = ",".join("?" * len(some))
            statement = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608 - marks
            for key, vector in self._db.execute(statement, some):
                found[key] = np.frombuffer(vector, "<f4").astype(np.float32)
        return found

    def _write(self) -> None:
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in self._waiting.items()]
        with self._db:
            self._db.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
        self._waiting.clear()

    def _fact(self, name: str, ask: Callable[[], int]) -> int:
        key = self._key("fact", name)
        with self._lock:
            row = self._db.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
            if row:
                return int(row[0])
            value = ask()
            with self._db:
                self._db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (key, value))
            return value
