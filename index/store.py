"""An opened index: what the side that answers questions may know of it.

A distributed engine would take this place behind the same methods.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import bm25, library, snapshot
from index.bm25 import Asked
from index.errors import IndexDamaged, IndexMismatch
from index.forward import ForwardIndex, Terms
from index.library import Counts, LibraryReader, StoredPassage
from index.records import Document
from index.vectors import VectorIndex
from index.words import WordIndex


class Store:
    """One snapshot, verified and open. Safe to share between threads.

    Attributes:
        manifest: what the snapshot is.
    """

    def __init__(self, index: Path, fingerprint: str, model: str) -> None:
        """Open the published snapshot of the index in `index`.

        Args:
            fingerprint, model: of the embedder that will embed the questions.

        Raises:
            IndexMissing: nothing has been built there.
            IndexMismatch: another model built it.
            IndexDamaged: a file is missing or altered.
        """
        self.manifest = snapshot.read_manifest(index)
        if self.manifest.fingerprint != fingerprint:
            raise IndexMismatch(
                f"the index was built with {self.manifest.model}; this is {model}, or another "
                "version of it. Run `make index` with the model you want, or set QA_MODEL back"
            )
        for fault in snapshot.faults(index, self.manifest):
            raise IndexDamaged(fault)
        root = Path(self.manifest.root)
        library.verify(index, root, self.manifest.snapshot)
        self._vectors = VectorIndex(snapshot.folder(index, self.manifest.snapshot))
        self._words = WordIndex(snapshot.folder(index, self.manifest.snapshot))
        self._forward = ForwardIndex(snapshot.folder(index, self.manifest.snapshot))
        self._library = LibraryReader(index, root, self.manifest.snapshot)
        expected = Counts(self.manifest.documents, self.manifest.passages)
        found = self._library.counts()
        sizes = {self._vectors.count, self._words.count, self._forward.count}
        if found != expected or sizes != {expected.passages}:
            self.close()
            raise IndexDamaged(
                f"the index in {index} holds {found}, {self._vectors.count} vectors and the "
                f"words of {self._words.count} and {self._forward.count} passages where its "
                f"manifest says {expected}; "
                "run `make index`"
            )
        if self._library.digest() != self.manifest.content:
            self.close()
            raise IndexDamaged(
                f"the library in {index} is not what its snapshot was built from; "
                "run `citewell index --rebuild`"
            )

    def close(self) -> None:
        self._library.close()

    def by_meaning(
        self, vector: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Passages nearest to a question's vector.

        Args:
            vector: (dimension,) float32, unit length.

        Returns:
            ids (k,) int64 and cosines (k,) float32, best first, k <= limit.
        """
        return self._vectors.search(vector, limit)

    def cosines(self, vector: NDArray[np.float32], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n,) float32: cosine of each passage named with a question's vector."""
        return self._vectors.scores(vector, ids)

    def asked(self, question: str) -> Asked:
        """A question in the terms of this snapshot."""
        return bm25.ask(question, self._words.count, self._words.frequency, self._words.alike)

    def by_words(self, asked: Asked, limit: int) -> NDArray[np.int64]:
        """Ids (k,) int64 of the passages that hold most of a question's words, k <= limit.

        Nearly best first: `word_scores` tells exactly.
        """
        return self._words.search(asked.weights(), limit)

    def terms(self, ids: NDArray[np.int64]) -> Terms:
        """The terms of each passage named."""
        return self._forward.terms(ids)

    def word_scores(self, asked: Asked, terms: Terms) -> NDArray[np.float64]:
        """(n,) in [0, 1): how much of a question's words passages hold, by their terms."""
        return bm25.score(asked, terms, self.manifest.mean_terms)

    def fetch(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with these ids, in the order given; deleted ones are left out."""
        return self._library.passages(ids)

    def document(self, document_id: str) -> Document | None:
        return self._library.document(document_id)
