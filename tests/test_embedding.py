"""Texts are embedded once, while the caller reads on, and few of them wait."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.embedders import Vectors
from index.embedding import Counted, Embedding
from index.library import LibraryWriter
from tests.fakes import CountingEmbedder

Call = tuple[int, int]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[LibraryWriter]:
    with LibraryWriter(tmp_path) as writer:
        yield writer


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def add(embedding: Embedding, *numbers: int) -> None:
    embedding.add([key(n) for n in numbers], [f"text {n}" for n in numbers])


def embed(
    library: LibraryWriter, embedder: CountingEmbedder, progress: Counted, *numbers: int
) -> int:
    with Embedding(library, embedder, progress) as embedding:
        for number in numbers:
            add(embedding, number)
        return embedding.finish()


def stored(library: LibraryWriter, numbers: range) -> int:
    return sum(library.has_vector(key(n)) for n in numbers)


def ignore(done: int, total: int) -> None: ...


def test_a_text_is_embedded_once(library: LibraryWriter) -> None:
    embedder = CountingEmbedder(["tram"])
    with Embedding(library, embedder, ignore) as embedding:
        for _ in range(3):
            add(embedding, *range(200), 5)
        assert embedding.finish() == 200
    assert embedder.embedded == [f"text {n}" for n in range(200)]
    with Embedding(library, embedder, ignore) as embedding:
        add(embedding, *range(150, 250))
        assert embedding.finish() == 50
    assert embedder.embedded[200:] == [f"text {n}" for n in range(200, 250)]
    assert stored(library, range(300)) == 250


def test_the_caller_goes_on_while_texts_are_embedded(library: LibraryWriter) -> None:
    gone_on = threading.Event()

    class Waits(CountingEmbedder):
        def embed_passages(self, texts: list[str]) -> Vectors:  # type: ignore[override]
            assert gone_on.wait(60)
            return super().embed_passages(texts)

    with Embedding(library, Waits(["tram"]), ignore) as embedding:
        add(embedding, *range(130))
        gone_on.set()
        assert embedding.finish() == 130


def test_few_texts_wait_however_many_there_are(library: LibraryWriter) -> None:
    given = embedded = most = 0

    class Watched(CountingEmbedder):
        def embed_passages(self, texts: list[str]) -> Vectors:  # type: ignore[override]
            nonlocal embedded, most
            most = max(most, given - embedded)
            vectors = super().embed_passages(texts)
            embedded += len(texts)
            return vectors

    with Embedding(library, Watched(["tram"]), ignore) as embedding:
        for given in range(1, 2000):
            add(embedding, given)
        embedding.finish()
    assert embedded == 1999
    assert most <= 3 * 128


def test_all_that_was_embedded_is_durable_when_its_caller_is_stopped(
    library: LibraryWriter, tmp_path: Path
) -> None:
    def stop(done: int, total: int) -> None:
        if done >= 256:
            raise KeyboardInterrupt

    embedder = CountingEmbedder(["tram"])
    with pytest.raises(KeyboardInterrupt):
        embed(library, embedder, stop, *range(1000))
    library.__exit__()
    with LibraryWriter(tmp_path) as reopened:
        kept = stored(reopened, range(1000))
        assert 256 <= kept == len(embedder.embedded) <= 4 * 128
        with Embedding(reopened, embedder, ignore) as embedding:
            add(embedding, *range(1000))
            assert embedding.finish() == 1000 - kept


def test_an_error_of_the_embedder_reaches_the_caller(library: LibraryWriter) -> None:
    class Broken(CountingEmbedder):
        def embed_passages(self, texts: list[str]) -> Vectors:  # type: ignore[override]
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        embed(library, Broken(["tram"]), ignore, 1)


def test_progress_grows_to_its_total(library: LibraryWriter) -> None:
    calls: list[Call] = []
    embed(library, CountingEmbedder(["tram"]), lambda *call: calls.append(call), *range(300))
    assert calls == sorted(calls)
    assert calls[-1] == (300, 300)
