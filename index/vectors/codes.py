"""Exact search that reads a quarter of the matrix: codes of 8 bits, and what they can lose.

A vector x is kept as x' = step * whole numbers, and a question q is rounded so, too. By
Cauchy and Schwarz the product q.x is off q'.x' by at most |q - q'| |x| + |q'| |x - x'|. So a
passage whose product of codes is lower by more than what is true of `limit` others is not
among the nearest. Where that does not tell enough passages out, all of the matrix is read.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged
from index.vectors import engine, files
from index.vectors.engine import Bytes, Ids, Matrix, Scores

# Candidates by their codes, so many times what is asked for and some more: enough for 99% of
# real questions. Measured in docs/vectors.md.
_TIMES, _MORE = 2, 20

# Codes are used where candidates are at most so large a part of all, as they are for 60 of
# 5,000; else the matrix is as soon read.
_PART = 1 / 32

_LARGEST = 127
_BLOCK = 16_384  # vectors in memory at once

# What float32 adds up wrong for each number of a vector, in products of codes and of the matrix.
_ADDED = 4 * 2.0**-24


@dataclass(frozen=True, slots=True)
class _Rounding:
    """How vectors were rounded.

    Attributes:
        step: what 1 in a code stands for.
        lost: length of the longest difference between a vector and its code.
    """

    step: float
    lost: float


@dataclass(frozen=True, slots=True)
class _Question:
    """A question in codes.

    Attributes:
        code: (dimension,) float32, whole numbers.
        unit: cosine that 1 in a product of codes stands for.
        off: the most that a cosine and its product of codes can differ.
    """

    code: NDArray[np.float32]
    unit: float
    off: float


class Codes:
    """Codes of the rows of a matrix in float32; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Open what `write` wrote into `folder`.

        Raises:
            IndexDamaged: a file is missing, or not of the kind it should be.
        """
        path = folder / files.ROUNDING
        try:
            self._rounding = _Rounding(**json.loads(path.read_text("ascii")))
        except (OSError, ValueError, TypeError) as error:
            raise IndexDamaged(f"{path} cannot be read; run `make index`") from error
        self._bytes = Bytes.open(folder / files.CODES)

    @property
    def shape(self) -> tuple[int, int]:
        return self._bytes.shape

    def nearest(
        self, matrix: Matrix, vector: NDArray[np.float32], limit: int
    ) -> tuple[Ids, Scores]:
        """What the function `nearest` finds, to the bit."""
        wanted = _TIMES * limit + _MORE
        if wanted > _PART * len(matrix):
            return nearest(matrix, vector, limit)
        question = self._rounded(vector)
        rows, coded = self._bytes.search(question.code, wanted)
        best, scores = _best(rows, engine.products(matrix, vector, rows), limit)
        if scores[-1] <= coded[-1] * question.unit + question.off:  # others may be as near
            return nearest(matrix, vector, limit)
        return best, scores

    def _rounded(self, vector: NDArray[np.float32]) -> _Question:
        step = float(np.abs(vector).max()) / _LARGEST
        exact = vector * np.float32(1 / step)
        code = np.rint(exact)
        rest = exact - code
        lost = step * float(rest @ rest) ** 0.5
        unit = 1 + files.UNIT_TOLERANCE
        off = unit * lost + (unit + lost) * self._rounding.lost + _ADDED * len(vector)
        return _Question(code, step * self._rounding.step, off)


def nearest(matrix: Matrix, vector: NDArray[np.float32], limit: int) -> tuple[Ids, Scores]:
    """Rows (limit,) and inner products (limit,) of the nearest, best first; limit <= rows.

    Of equal ones the first in the matrix come first.
    """
    rows, scores = engine.largest(matrix, vector, min(limit + 1, len(matrix)))
    if limit < len(rows) and scores[limit] == scores[limit - 1]:  # which of them is in is chance
        rows = np.arange(len(matrix))
        scores = engine.products(matrix, vector, rows)
    return _best(rows, scores, limit)


def write(folder: Path, matrix: Matrix) -> None:
    """Write the codes of a matrix (n, dimension), for `Codes` to open; OSError where the disk
    refuses."""
    largest = max((float(np.abs(block).max()) for block in _blocks(matrix)), default=1.0)
    step, lost = largest / _LARGEST, 0.0
    codes = Bytes.empty(matrix.shape[1])
    for block in _blocks(matrix):
        code = np.rint(block / np.float32(step))
        lost = max(lost, float(np.linalg.norm(block - code * step, axis=1).max()))
        codes.add(code)
    codes.save(folder / files.CODES)
    (folder / files.ROUNDING).write_text(json.dumps(asdict(_Rounding(step, lost))), "ascii")


def _blocks(matrix: Matrix) -> Iterator[Matrix]:
    for first in range(0, len(matrix), _BLOCK):
        yield matrix[first : first + _BLOCK]


def _best(rows: Ids, scores: Scores, limit: int) -> tuple[Ids, Scores]:
    """The best of these rows, best first; of equal ones the first in the matrix first."""
    best = np.lexsort((rows, -scores))[:limit]
    return rows[best], scores[best]
