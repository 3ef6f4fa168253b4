"""An opened index of vectors: search, and cosines of passages found otherwise."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import arrays
from index.errors import IndexDamaged
from index.vectors import engine, files
from index.vectors.codes import Codes
from index.vectors.engine import Cells, Ids, Scores

# So many times what is asked for is taken from the cells, and at least so many: by their codes
# a near one stands some places off, and by the matrix where it belongs.
_TIMES, _AT_LEAST = 4, 400


class VectorIndex:
    """Passage vectors of one snapshot by inner product. Safe to share between threads.

    For unit vectors the inner product is the cosine: a float in [-1, 1], higher is closer.
    """

    def __init__(self, folder: Path) -> None:
        """Open what `write` wrote into `folder`. Verify its sha256 first: a flipped bit opens.

        Raises:
            IndexDamaged: a file is missing, or not of the kind it should be.
        """
        self._folder = folder / files.FOLDER
        self._ids = arrays.mapped(self._folder / files.IDS)
        self._matrix = arrays.mapped(self._folder / files.MATRIX)
        if (
            self._ids.dtype != np.int64
            or self._matrix.dtype not in (np.float32, np.float16)
            or self._matrix.ndim != 2
            or self._ids.shape != self._matrix.shape[:1]
        ):
            raise IndexDamaged(f"{self._folder} does not fit together; run `make index`")
        self._codes: Codes | Cells
        if self._matrix.dtype == np.float16:
            self._codes = Cells.open(self._folder / files.CELLS)
        else:
            self._codes = Codes(self._folder)
        if self._codes.shape != self._matrix.shape:
            raise IndexDamaged(f"codes in {self._folder} do not fit the matrix; run `make index`")

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def count(self) -> int:
        return len(self._ids)

    @property
    def dimension(self) -> int:
        return int(self._matrix.shape[1])

    @property
    def exact(self) -> bool:
        """Whether search finds what comparing with every vector would; else nearly that."""
        return isinstance(self._codes, Codes)

    def ids(self) -> Ids:
        """(count,) int64, ascending."""
        return self._ids

    def rows(self, ids: Ids) -> NDArray[np.floating]:
        """(n, dimension) float32, or float16 beside cells: the vectors of these passages.

        Raises:
            KeyError: a passage is not in the index.
        """
        return self._matrix[self._places(ids)]

    def scores(self, vector: NDArray[np.float32], ids: Ids) -> Scores:
        """(n,) float32: the cosine of each passage named, in the order given.

        Raises:
            KeyError: a passage is not in the index.
        """
        files.check_unit(vector[None])
        return self._cosines(vector, self._places(ids))

    def search(self, vector: NDArray[np.float32], limit: int) -> tuple[Ids, Scores]:
        """The nearest passages, best first, at most `limit`; of equal ones the older first.

        Args:
            vector: (dimension,) float32, unit length.

        Returns:
            ids (k,) int64 and cosines (k,) float32 descending, k = min(limit, count).
        """
        files.check_unit(vector[None])
        limit = min(limit, self.count)
        if limit < 1:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if isinstance(self._codes, Codes):
            places, scores = self._codes.nearest(self._matrix, vector, limit)
            return self._ids[places], scores
        wanted = min(self.count, max(_AT_LEAST, _TIMES * limit))
        places = self._places(self._codes.search(vector, wanted))
        scores = self._cosines(vector, places)
        best = np.lexsort((places, -scores))[:limit]
        return self._ids[places[best]], scores[best]

    def _places(self, ids: Ids) -> NDArray[np.int64]:
        places = np.searchsorted(self._ids, ids)
        if np.any(places == self.count) or np.any(self._ids[places] != ids):
            raise KeyError("a passage that is not in the index")
        return places

    def _cosines(self, vector: NDArray[np.float32], places: NDArray[np.int64]) -> Scores:
        if self.exact:
            return engine.products(self._matrix, vector, places)
        rows = self._matrix[places].astype(np.float32)
        return engine.products(rows, vector, np.arange(len(rows)))
