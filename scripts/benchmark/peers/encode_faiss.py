"""sentence-transformers' own `encode`, with its defaults, and an exact FAISS index."""

import sys
from collections.abc import Sequence

import faiss
import numpy as np
from sentence_transformers import SentenceTransformer

from scripts.benchmark.peers.protocol import Work, serve


class EncodeFaiss:
    def __init__(self, model: str) -> None:
        self._model = SentenceTransformer(model, device="cpu")
        self._model.encode("")

    def embed(self, texts: Sequence[str]) -> None:
        self._model.encode(list(texts))

    def index(self, work: Work) -> None:
        self._texts = work.texts
        vectors = self._model.encode(list(work.texts))
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.asarray(vectors, np.float32))

    def ask(self, question: str, limit: int, mode: str) -> list[str]:
        vector = self._model.encode(question)
        _, rows = self._index.search(np.asarray(vector, np.float32)[np.newaxis], limit)
        return [self._texts[row] for row in rows[0]]


if __name__ == "__main__":
    serve(EncodeFaiss(sys.argv[1]))
