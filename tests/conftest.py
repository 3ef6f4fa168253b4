"""What many tests stand on: a folder of documents, its index, an app over it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from index.build import build
from qa.answerer import Answerer
from qa.app import create_app
from tests.fakes import CountingEmbedder

WORDS = ["center", "leads", "academy", "bees", "honey", "tram", "depot", "budget", "harbor"]

FILES = {
    "center.md": (
        "# The new center\n\nA center will open in the capital this year.\n\n"
        "## Leadership\n\nThe academy leads the center. Its budget is not known yet.\n"
    ),
    "notes/bees.txt": "Notes on bees\n\nThe bees gave 40 kg of honey. Bees sleep in winter.\n",
    "tram.txt": "The tram\n\nThe tram reaches the harbor in May. The tram depot is older.\n",
}


def write_files(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    return write_files(tmp_path / "documents", FILES)


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder(WORDS)


@pytest.fixture
def index(tmp_path: Path, documents: Path, embedder: CountingEmbedder) -> Path:
    """The index of `documents`."""
    folder = tmp_path / "index"
    build(documents, folder, embedder)
    return folder


@pytest.fixture
def answerer(index: Path, embedder: CountingEmbedder) -> Answerer:
    return Answerer.open(index, embedder)


@pytest.fixture
def app(answerer: Answerer) -> Flask:
    return create_app(lambda: answerer)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def make_answerer(
    tmp_path: Path, embedder: CountingEmbedder
) -> Callable[[dict[str, str]], Answerer]:
    """Answerers over documents of a test's own."""

    def make(files: dict[str, str]) -> Answerer:
        folder = write_files(tmp_path / "own", files)
        build(folder, tmp_path / "own-index", embedder)
        return Answerer.open(tmp_path / "own-index", embedder)

    return make
