"""Texts → vectors in the library, in a thread beside the caller, who reads on meanwhile."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Protocol

from index.embedders import Embedder, Vectors
from index.library import LibraryWriter

# Texts embedded between two commits.
_BATCH = 128

# Batches under way at most, the one that is embedded among them.
_UNDER_WAY = 2


class Counted(Protocol):
    """Told how many passages are embedded, and how many are known to need it so far."""

    def __call__(self, done: int, total: int) -> None: ...


class Embedding:
    """Use as a context manager.

    Ctrl-C waits for the batch that is embedded, and keeps it. After a kill, or an error, at
    most what was under way has to be done again.
    """

    def __init__(self, library: LibraryWriter, embedder: Embedder, progress: Counted) -> None:
        self._library = library
        self._embedder = embedder
        self._progress = progress
        # One thread, so that at most one batch is lost; an embedder uses all cores by itself.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="citewell-embedding")
        self._waiting: dict[bytes, str] = {}
        self._under_way: deque[tuple[list[bytes], Future[Vectors]]] = deque()
        self._done = 0

    def __enter__(self) -> "Embedding":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(cancel_futures=True)
        while kind is KeyboardInterrupt and self._under_way:
            if self._under_way[0][1].cancelled():
                break
            self._keep()

    def add(self, keys: Sequence[bytes], texts: Sequence[str]) -> None:
        """Embed the texts that have no vector yet; waits while enough are under way."""
        known = {key for batch, _ in self._under_way for key in batch}
        for key, text in zip(keys, texts, strict=True):
            if key not in known and not self._library.has_vector(key):
                self._waiting[key] = text
            if len(self._waiting) == _BATCH:
                known |= self._waiting.keys()
                self._start()
        while self._under_way and self._under_way[0][1].done():
            self._store()

    def finish(self) -> int:
        """Wait for all; how many texts were embedded."""
        if self._waiting:
            self._start()
        while self._under_way:
            self._store()
        return self._done

    def _start(self) -> None:
        while len(self._under_way) >= _UNDER_WAY:
            self._store()
        keys, texts = list(self._waiting), list(self._waiting.values())
        self._waiting.clear()
        self._under_way.append((keys, self._thread.submit(self._embedder.embed_passages, texts)))

    def _store(self) -> None:
        """Wait for the oldest batch, make it durable and say so."""
        self._keep()
        under_way = sum(len(keys) for keys, _ in self._under_way)
        self._progress(self._done, self._done + under_way + len(self._waiting))

    def _keep(self) -> None:
        keys, vectors = self._under_way[0]
        self._library.store_vectors(keys, vectors.result())
        self._library.commit()
        self._under_way.popleft()
        self._done += len(keys)
