"""The files of ids and vectors: written in blocks, memory-mapped to be read."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged

FOLDER = "vectors"
IDS, MATRIX, CELLS, TRAINING = "ids.npy", "matrix.npy", "cells.faiss", "training.json"

# float32 rounding of a normalised vector, with room to spare
_UNIT_TOLERANCE = 1e-3


def check_unit(vectors: NDArray[np.float32]) -> None:
    """ValueError unless all rows are of unit length."""
    norms = np.linalg.norm(vectors, axis=1)
    if not np.all(np.abs(norms - 1) <= _UNIT_TOLERANCE):  # NaN fails too
        raise ValueError("vectors must be of unit length")


def mapped(path: Path) -> NDArray[Any]:
    """What `save` wrote, mapped into memory, read-only.

    Raises:
        IndexDamaged: it is missing, or no array of numbers.
    """
    try:
        # a plain array over the mapping: slices of np.memmap cost more
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise IndexDamaged(f"{path} cannot be read; run `make index`") from error


def save(
    path: Path, shape: tuple[int, ...], dtype: type[np.generic], blocks: Iterable[NDArray[Any]]
) -> None:
    """Write an array block by block; OSError where the disk refuses.

    By write and not into a mapping, where a full disk kills the process.
    """
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file,
            {
                "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
                "fortran_order": False,
                "shape": shape,
            },
        )
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype).data)
