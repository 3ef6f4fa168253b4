"""Vectors for more passages than can be embedded in a sitting."""

import hashlib
from collections.abc import Sequence

import numpy as np

from index.embedders import Embedder, Vectors

# Length of what is added to a unit vector of the bank. The cosine with it is then about 0.8,
# which is what two passages on the same matter have.
_VARIATION = 0.75


class BankEmbedder:
    """Embeds the first texts as the real embedder does, and varies those vectors for the rest.

    An index that is built with it is opened with the real embedder, whose fingerprint it has.
    A text beyond the first gets one of their vectors, drawn by the text itself, and moved in a
    direction that depends on the text too. So what is found by meaning there says nothing of
    quality; how long it takes to find is what it would be.
    """

    def __init__(self, embedder: Embedder, size: int) -> None:
        """
        Args:
            size: how many texts are embedded, at least one; whole batches are.
        """
        self._embedder = embedder
        self._size = size
        self._batches: list[Vectors] = []
        self._bank: Vectors | None = None
        self.embedded = 0
        self.model = embedder.model
        self.fingerprint = embedder.fingerprint
        self.dimension = embedder.dimension
        self.max_tokens = embedder.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)

    def embed_question(self, text: str) -> Vectors:
        return self._embedder.embed_question(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if self.embedded < self._size:
            vectors = self._embedder.embed_passages(texts)
            self._batches.append(vectors)
            self.embedded += len(texts)
            return vectors
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        if self._bank is None:
            self._bank = np.concatenate(self._batches)
            self._batches.clear()
        return np.stack([self._varied(text, self._bank) for text in texts])

    def _varied(self, text: str, bank: Vectors) -> Vectors:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        rng = np.random.default_rng(seed)
        direction = rng.standard_normal(self.dimension, np.float32)
        direction *= _VARIATION / np.linalg.norm(direction)
        vector: Vectors = bank[seed % len(bank)] + direction
        vector /= np.linalg.norm(vector)
        return vector
