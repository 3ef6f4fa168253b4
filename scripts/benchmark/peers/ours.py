"""citewell, as the others are compared with it: files in, passages out."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from index.build import build
from index.embedders import BUNDLED, open_embedder
from qa.answerer import Answerer
from qa.records import Mode
from scripts.benchmark.parts import forget
from scripts.benchmark.peers.protocol import Work, serve


class Citewell:
    def __init__(self, exports: Path) -> None:
        self._embedder = open_embedder(BUNDLED, exports, may_export=True)
        self._embedder.embed_question("")

    def embed(self, texts: Sequence[str]) -> None:
        self._embedder.embed_passages(texts)

    def index(self, work: Work) -> None:
        forget(work.folder)
        passages = build(work.documents, work.folder, self._embedder).passages
        if passages != len(work.texts):
            raise ValueError(f"{passages} passages where the others are given {len(work.texts)}")
        self._answerer = Answerer.open(work.folder, self._embedder)

    def ask(self, question: str, limit: int, mode: str) -> list[str]:
        response = self._answerer.ask(question, limit, cast(Mode, mode))
        return [hit.passage.text for hit in response.hits]


if __name__ == "__main__":
    serve(Citewell(Path(sys.argv[1])))
