"""txtai: hybrid, with the texts kept beside the vectors. Saved, so that its API can serve it."""

import sys
from collections.abc import Sequence

from txtai import Embeddings  # type: ignore[import-not-found]  # in an environment of its own

from scripts.benchmark.peers.protocol import Work, serve


class Txtai:
    def __init__(self, model: str) -> None:
        self._model = model
        self._embeddings = self._empty()
        self._embeddings.batchtransform([""])

    def _empty(self) -> Embeddings:
        return Embeddings(path=self._model, hybrid=True, content=True, gpu=False)

    def embed(self, texts: Sequence[str]) -> None:
        self._embeddings.batchtransform(list(texts))

    def index(self, work: Work) -> None:
        self._embeddings.index((row, text, None) for row, text in enumerate(work.texts))
        self._embeddings.save(str(work.folder))

    def ask(self, question: str, limit: int, mode: str) -> list[str]:
        return [found["text"] for found in self._embeddings.search(question, limit)]


if __name__ == "__main__":
    serve(Txtai(sys.argv[1]))
