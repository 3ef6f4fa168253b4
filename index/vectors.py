"""Vectors and the search among them. The only file that imports faiss."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]
Matrix = NDArray[np.float32]

FILE = "vectors.faiss"

# float32 rounding of a normalised vector, with room to spare
_UNIT_TOLERANCE = 1e-3


class VectorIndex:
    """Passage vectors by inner product, exact.

    For unit vectors the inner product is the cosine: a float in [-1, 1], higher is closer.
    """

    def __init__(self, ids: Ids, vectors: Matrix) -> None:
        """
        Args:
            ids: (n,) int64, without repeats.
            vectors: (n, dimension) float32, unit rows. n may be 0.

        Raises:
            ValueError: shapes disagree, or a row is not of unit length.
        """
        import faiss

        if vectors.ndim != 2 or ids.shape != (len(vectors),):
            raise ValueError(f"ids {ids.shape} do not match vectors {vectors.shape}")
        norms = np.linalg.norm(vectors, axis=1)
        if not np.all(np.abs(norms - 1) <= _UNIT_TOLERANCE):  # NaN fails too
            raise ValueError("vectors must be of unit length")
        self._index: faiss.Index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), ids)

    @classmethod
    def open(cls, folder: Path) -> "VectorIndex":
        """Read the index that `save` wrote.

        Raises:
            IndexDamaged: the file is not one that FAISS can read.
        """
        import faiss

        opened = cls.__new__(cls)
        try:
            opened._index = faiss.read_index(str(folder / FILE))
        except RuntimeError as error:
            raise IndexDamaged(f"{folder / FILE} cannot be read; run `make index`") from error
        return opened

    def save(self, folder: Path) -> None:
        """Write the index into `folder`; OSError where the disk refuses."""
        import faiss

        # through Python, so that a full disk is an OSError and not an abort inside FAISS
        (folder / FILE).write_bytes(faiss.serialize_index(self._index).tobytes())

    @property
    def count(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def ids(self) -> Ids:
        """(count,) int64, in the order they were added."""
        import faiss

        ids: Ids = faiss.vector_to_array(self._index.id_map)  # type: ignore[attr-defined]
        return ids

    def scores(self, vector: NDArray[np.float32], ids: Ids) -> Scores:
        """(n,) float32: the inner product of each passage named, in the order given."""
        if not len(ids):
            return np.empty(0, np.float32)
        scores: Scores = self._index.reconstruct_batch(ids) @ vector
        return scores

    def search(self, vector: NDArray[np.float32], limit: int) -> tuple[Ids, Scores]:
        """The nearest passages, best first, at most `limit`.

        Args:
            vector: (dimension,) float32, unit length.

        Returns:
            ids (k,) int64 and scores (k,) float32 descending, k = min(limit, count).
        """
        limit = min(limit, self.count)
        if limit < 1:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        scores, ids = self._index.search(vector[np.newaxis], limit)
        found = ids[0] >= 0  # FAISS pads with -1
        return ids[0][found], scores[0][found]
