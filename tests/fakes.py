"""Small real implementations whose output a person can predict."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from index.embedders import Vectors
from qa.readers import ReadText, Span
from qa.readers.calibration import UNFITTED, Calibration


class CountingEmbedder:
    """A vector holds how often each word of a given list occurs, scaled to unit length.

    A token is a word. A last dimension of a hundredth keeps a text without any of the
    words from being zero, so its cosine with such another is 1, and with the rest near 0.
    Counts what it embeds.
    """

    def __init__(self, words: Sequence[str], name: str = "counting", max_tokens: int = 256):
        self.model = name
        self.fingerprint = f"{name}:{','.join(words)}"
        self.max_tokens = max_tokens
        self.embedded: list[str] = []
        self._words = list(words)

    @property
    def dimension(self) -> int:
        return len(self._words) + 1

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"\w+", text)) for text in texts]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        rows = [self.embed_question(text) for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.dimension), np.float32)

    def embed_question(self, text: str) -> Vectors:
        found = re.findall(r"\w+", text.lower())
        counts = np.array([*(found.count(word) for word in self._words), 0.01], np.float32)
        vector: Vectors = counts / np.linalg.norm(counts)
        return vector


class ListedReader:
    """Answers with words that it was given, where a body holds them, at the score given.

    Where a body holds several, the one with the highest score. Remembers what it read.
    """

    model = "listed"
    fingerprint = "listed"

    def __init__(
        self,
        words: Mapping[str, float],
        calibration: Calibration = UNFITTED,
        at_once: int = 2,
    ) -> None:
        self.calibration = calibration
        self.at_once = at_once
        self.texts: list[ReadText] = []
        self._words = words

    def read(self, question: str, texts: Sequence[ReadText]) -> list[Span | None]:
        self.texts += texts
        return [self._read(text.body) for text in texts]

    def _read(self, body: str) -> Span | None:
        held = {word: score for word, score in self._words.items() if word in body}
        if not held:
            return None
        best = max(held, key=held.__getitem__)
        start = body.index(best)
        return Span(start, start + len(best), held[best])
