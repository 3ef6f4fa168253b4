"""An index that cannot be opened never takes the place of one that can, and is told."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from index.build import build
from index.embedders import Vectors
from qa.app import create_app
from qa.live import Live
from tests.conftest import WORDS, write_files
from tests.fakes import CountingEmbedder


class Embedder(CountingEmbedder):
    fails = False

    def embed_question(self, text: str) -> Vectors:
        if self.fails:
            raise RuntimeError("no vectors today")
        return super().embed_question(text)


def emptied(index: Path) -> None:
    (index / "snapshots/000002/vectors/matrix.npy").write_bytes(b"")


def gone(index: Path) -> None:
    shutil.rmtree(index / "snapshots/000002")


def nowhere(index: Path) -> None:
    (index / "CURRENT").write_text("nonsense")


def unwarmed(index: Path) -> None:
    Embedder.fails = True


@pytest.fixture(autouse=True)
def working() -> None:
    Embedder.fails = False


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (emptied, "000002/vectors/matrix.npy is altered"),
        (gone, "000002"),
        (nowhere, "CURRENT"),
        (unwarmed, "opening it failed; the server's log says why"),
    ],
)
def test_the_old_one_answers_on_and_the_problem_is_told_once_until_it_is_mended(
    documents: Path,
    index: Path,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], None],
    told: str,
) -> None:
    embedder = Embedder(WORDS)
    live = Live(index, embedder)
    live.refresh()
    client = create_app(live, problem=lambda: live.problem).test_client()
    assert client.get("/readyz").get_json() == {"status": "ok"}
    write_files(documents, {"new.txt": "The new tram."})
    build(documents, index, CountingEmbedder(WORDS))
    damage(index)
    with caplog.at_level(logging.ERROR, "citewell"):
        for _ in range(3):
            live.refresh()
    assert live().info.snapshot == 1
    Embedder.fails = False
    assert client.post("/ask", json={"question": "bees"}).get_json()["index"]["snapshot"] == 1
    messages = [record.getMessage() for record in caplog.records]
    assert sum("cannot be served" in message for message in messages) == 1
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "ok")
    assert told in ready.get_json()["problem"]
    assert ready.get_json()["problem"] in messages[-1]

    shutil.rmtree(index)
    build(documents, index, CountingEmbedder(WORDS))
    live.refresh()
    write_files(documents, {"newer.txt": "The newer tram."})
    build(documents, index, CountingEmbedder(WORDS))
    live.refresh()
    assert live().info.documents == 5
    assert client.get("/readyz").get_json() == {"status": "ok"}
