"""Arrays in files: written in blocks, memory-mapped to be read."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged


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
        _write_header(file, shape, dtype)
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype).data)


def save_row(path: Path, dtype: type[np.generic], blocks: Iterable[NDArray[Any]]) -> None:
    """The same for an array (n,) of which only its end tells how long it is."""
    with path.open("wb") as file:
        _write_header(file, (0,), dtype)
        length = 0
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype).data)
            length += len(block)
        file.seek(0)  # NumPy leaves room for any first dimension, so it fits
        _write_header(file, (length,), dtype)


def _write_header(file: IO[bytes], shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    np.lib.format.write_array_header_1_0(
        file,
        {
            "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
            "fortran_order": False,
            "shape": shape,
        },
    )
