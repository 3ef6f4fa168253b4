"""A server takes over a new index without failing a request, and never a broken one."""

import threading
from pathlib import Path

import pytest

from index.build import build
from index.errors import IndexDamaged, IndexMismatch, IndexMissing
from qa.live import Live
from tests.conftest import WORDS, write_files
from tests.fakes import CountingEmbedder


def test_before_there_is_an_index_it_says_how_to_build_one(tmp_path: Path) -> None:
    live = Live(tmp_path / "none", CountingEmbedder(WORDS))
    live.refresh()
    with pytest.raises(IndexMissing, match="run `make index`"):
        live()


def test_a_first_index_is_served_when_it_appears(
    documents: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    live = Live(tmp_path / "new", embedder)
    live.refresh()
    build(documents, tmp_path / "new", embedder)
    live.refresh()
    assert live().info.snapshot == 1


def test_a_newer_snapshot_takes_over_and_the_old_one_finishes_its_requests(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    live = Live(index, embedder)
    live.refresh()
    old = live()
    write_files(documents, {"tram.txt": "The tram\n\nThe tram was sold."})
    build(documents, index, embedder)
    live.refresh()
    assert (old.info.snapshot, live().info.snapshot) == (1, 2)
    assert "depot" in old.ask("tram").hits[0].passage.text
    assert "sold" in live().ask("tram").hits[0].passage.text


def test_nothing_is_opened_again_while_nothing_is_published(
    index: Path, embedder: CountingEmbedder
) -> None:
    live = Live(index, embedder)
    live.refresh()
    before = live()
    live.refresh()
    assert live() is before


def test_a_snapshot_that_cannot_be_opened_never_replaces_one_that_can(
    documents: Path, index: Path, embedder: CountingEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    live = Live(index, embedder)
    live.refresh()
    write_files(documents, {"new.txt": "New."})
    build(documents, index, embedder)
    (index / "snapshots/000002/vectors/matrix.npy").write_bytes(b"")
    live.refresh()
    assert live().info.snapshot == 1
    assert "000002/vectors/matrix.npy is altered" in caplog.text


def test_an_index_of_another_model_is_refused_with_what_mends_it(
    index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = Live(index, CountingEmbedder(WORDS, name="other"))
    live.refresh()
    with pytest.raises(IndexMismatch, match=r"built with counting; this is other.*make index"):
        live()
    assert "built with counting" in caplog.text


def test_a_pointer_that_says_nothing_is_damage(
    index: Path, embedder: CountingEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    (index / "CURRENT").write_text("nonsense")
    live = Live(index, embedder)
    live.refresh()
    with pytest.raises(IndexDamaged, match="does not name a snapshot"):
        live()
    assert "CURRENT" in caplog.text


def test_it_watches_until_it_is_told_to_stop(index: Path, embedder: CountingEmbedder) -> None:
    live, stop = Live(index, embedder), threading.Event()
    thread = live.watch(stop, every=0.001)
    arrived = threading.Event()
    while not arrived.wait(0.005):
        try:
            live()
        except IndexMissing:
            continue
        arrived.set()
    stop.set()
    thread.join(timeout=10)
    assert not thread.is_alive()
