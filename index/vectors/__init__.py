"""Passage vectors of one snapshot and the search among them: exact while that is fast.

    vectors/ids.npy        (n,) int64, ascending
    vectors/matrix.npy     (n, dimension), row by row for `ids`, never read whole
    vectors/codes.faiss    up to `EXACT` passages: a byte a number, row by row
    vectors/rounding.json  how those were rounded, and what that lost
    vectors/cells.faiss    past `EXACT` passages: a bit a number, in cells of neighbours
    vectors/training.json  what those cells were made from

The matrix is float32 beside codes, which lead to exactly what comparing with all of it would
find, and float16 beside cells, which lead to nearly that. Both find some hundreds, the matrix
tells their cosines. All are memory-mapped, so a server's own memory holds next to nothing of
them. docs/vectors.md has the measurements behind it.
"""

from index.vectors.files import FOLDER
from index.vectors.index import VectorIndex
from index.vectors.writing import EXACT, write

__all__ = ["EXACT", "FOLDER", "VectorIndex", "write"]
