"""An answerer that tests share, since none of them changes it."""

import pytest

from index.build import build
from qa.answerer import Answerer
from tests.conftest import FILES, WORDS, write_files
from tests.fakes import CountingEmbedder


@pytest.fixture(scope="package")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder = tmp_path_factory.mktemp("access")
    embedder = CountingEmbedder(WORDS)
    build(write_files(folder / "documents", FILES), folder / "index", embedder)
    return Answerer.open(folder / "index", embedder)
