"""Writing the vectors of a snapshot, from nothing or from those of the snapshot before."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import arrays
from index.vectors import codes, files
from index.vectors.engine import Cells, Ids, Matrix
from index.vectors.index import VectorIndex

# Up to so many passages search is exact.
EXACT = 50_000

# Cells are trained anew once so large a part of what they were trained on has come or gone.
_DRIFT = 0.5

_BLOCK = 16_384  # vectors in memory at once

Fetch = Callable[[Ids], Matrix]
"""Ids (n,) of passages to their vectors (n, dimension), float32, unit rows, in that order."""


@dataclass(frozen=True, slots=True)
class _Training:
    """What cells were made from.

    Attributes:
        count: vectors there were when they were trained.
        changed: vectors added and removed since.
    """

    count: int
    changed: int


def write(
    folder: Path,
    ids: Ids,
    fetch: Fetch,
    dimension: int,
    previous: VectorIndex | None = None,
    exact: int = EXACT,
) -> None:
    """Write the vectors of the passages `ids` into `folder`, for `VectorIndex` to open.

    What `previous` holds is not fetched again, and its cells are kept: then the cost is that
    of copying its files. The same calls give the same bytes.

    Args:
        ids: (n,) int64, ascending, without repeats.
        fetch: asked for some ids at a time.
        previous: an opened index in which a passage's vector is what `fetch` would give.
        exact: most passages among which search is exact.

    Raises:
        ValueError: ids are not ascending, or vectors not of unit length or of another shape.
        OSError: the disk refuses.
    """
    if ids.ndim != 1 or np.any(ids[1:] <= ids[:-1]):
        raise ValueError("ids must be ascending")
    kind = np.float32 if len(ids) <= exact else np.float16
    if previous and (previous.exact != (kind is np.float32) or previous.dimension != dimension):
        previous = None
    before = previous.ids() if previous else ids[:0]
    known = np.isin(ids, before, assume_unique=True)
    target = folder / files.FOLDER
    target.mkdir()
    arrays.save(target / files.IDS, ids.shape, np.int64, [ids])
    shape = len(ids), dimension
    blocks = _blocks(ids, known, _checked(fetch, dimension), previous, shape, kind)
    arrays.save(target / files.MATRIX, shape, kind, blocks)
    if kind is np.float16:
        _write_cells(target, ids, ids[~known], previous)
    else:
        codes.write(target, arrays.mapped(target / files.MATRIX))


def _checked(fetch: Fetch, dimension: int) -> Fetch:
    def checked(ids: Ids) -> Matrix:
        vectors = fetch(ids)
        if vectors.shape != (len(ids), dimension):
            raise ValueError(f"{len(ids)} ids do not match vectors {vectors.shape}")
        files.check_unit(vectors)
        return vectors

    return checked


def _blocks(
    ids: Ids,
    known: NDArray[np.bool_],
    fetch: Fetch,
    previous: VectorIndex | None,
    shape: tuple[int, int],
    kind: type[np.floating],
) -> Iterator[NDArray[np.floating]]:
    count, dimension = shape
    for first in range(0, count, _BLOCK):
        some, old = ids[first : first + _BLOCK], known[first : first + _BLOCK]
        block = np.empty((len(some), dimension), kind)
        if previous and old.any():
            block[old] = previous.rows(some[old])
        if not old.all():
            block[~old] = fetch(some[~old])
        yield block


def _write_cells(target: Path, ids: Ids, new: Ids, previous: VectorIndex | None) -> None:
    matrix = arrays.mapped(target / files.MATRIX)
    kept = previous and _kept(previous, ids, new)
    if kept:
        cells, training = kept
    else:
        cells, new = Cells.trained(matrix), ids
        training = _Training(len(ids), 0)
    for first in range(0, len(new), _BLOCK):
        some = new[first : first + _BLOCK]
        cells.add(some, matrix[np.searchsorted(ids, some)].astype(np.float32))
    cells.save(target / files.CELLS)
    (target / files.TRAINING).write_text(json.dumps(asdict(training)), "ascii")


def _kept(previous: VectorIndex, ids: Ids, new: Ids) -> tuple[Cells, _Training] | None:
    """The cells of `previous` without what is gone; None where too much has changed."""
    then = _Training(**json.loads((previous.folder / files.TRAINING).read_text("ascii")))
    gone = np.setdiff1d(previous.ids(), ids, assume_unique=True)
    changed = then.changed + len(gone) + len(new)
    if changed > _DRIFT * then.count:
        return None
    cells = Cells.load(previous.folder / files.CELLS)
    if len(gone):
        cells.remove(gone)
    return cells, _Training(then.count, changed)
