"""What FAISS does: products, codes of 8 bits, and cells. The only file that imports faiss."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged

if TYPE_CHECKING:
    import faiss

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]
Matrix = NDArray[np.float32]

# A search looks into so many times the root of the number of cells, 512 of 4,096 for instance,
# and takes so many bits of each of the question's numbers. Measured in docs/vectors.md.
_PROBED, _BITS = 8, 4

# k-means over so many vectors a cell, in so many rounds.
_SAMPLE, _ROUNDS, _SEED = 64, 10, 1

_AT_ONCE = 1 << 20  # bytes handed to a file

_reading = threading.Lock()  # FAISS's limits on reading are the process's own


@contextmanager
def _one_thread() -> Iterator[None]:
    """Search on the calling thread alone.

    OpenMP's threads wait for each other, so on busy cores a search by two took 24 ms where
    one needed 0.5 ms (10,000 vectors). How many there are is a setting of each thread, hence
    here and not where an index is opened: a server searches on other threads.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def products(matrix: Matrix, vector: NDArray[np.float32], rows: Ids) -> Scores:
    """(n,) float32: inner product of each row named, whatever the others are to the same bits.

    NumPy's depends on where a row stands among them, so that equal rows differ.

    Raises:
        ValueError: the vector is of another length than the rows.
    """
    import faiss

    if vector.shape != matrix.shape[1:]:
        raise ValueError(f"a vector {vector.shape} does not match rows {matrix.shape[1:]}")
    scores = np.empty(len(rows), np.float32)
    # bare pointers are taken, so these must be what they are taken for
    vector, matrix = (np.ascontiguousarray(array, np.float32) for array in (vector, matrix))
    rows = np.ascontiguousarray(rows, np.int64)
    to, one, many, which = (faiss.swig_ptr(array) for array in (scores, vector, matrix, rows))
    with _one_thread():
        faiss.fvec_inner_products_by_idx(  # type: ignore[attr-defined]
            to, one, many, which, len(vector), 1, len(rows)
        )
    return scores


def largest(matrix: Matrix, vector: NDArray[np.float32], limit: int) -> tuple[Ids, Scores]:
    """Rows (limit,) and inner products (limit,) descending, as `products`; limit <= rows."""
    import faiss

    with _one_thread():
        scores, rows = faiss.knn(vector[None], matrix, limit, metric=faiss.METRIC_INNER_PRODUCT)
    return rows[0], scores[0]


class Bytes:
    """Rows of whole numbers from -127 to 127, a byte each, compared in whole numbers."""

    def __init__(self, index: "faiss.IndexScalarQuantizer") -> None:
        self._index = index

    @classmethod
    def empty(cls, dimension: int) -> "Bytes":
        import faiss

        kind = faiss.ScalarQuantizer.QT_8bit_direct_signed
        return cls(faiss.IndexScalarQuantizer(dimension, kind, faiss.METRIC_INNER_PRODUCT))

    @classmethod
    def open(cls, path: Path) -> "Bytes":
        """Open what `save` wrote: mapped into memory where FAISS can do that.

        Raises:
            IndexDamaged: it is not a file of codes.
        """
        import faiss

        index = _read(path, faiss.IO_FLAG_MMAP_IFC if os.name == "posix" else 0)
        if (
            not isinstance(index, faiss.IndexScalarQuantizer)
            or not index.is_trained
            or index.sq.qtype != faiss.ScalarQuantizer.QT_8bit_direct_signed
            or index.metric_type != faiss.METRIC_INNER_PRODUCT
            or not index.code_size == index.sq.code_size == index.sq.d == index.d
            or index.codes.size() != index.ntotal * index.d
        ):
            raise IndexDamaged(f"{path} is not a file of codes; run `make index`")
        return cls(index)

    @property
    def shape(self) -> tuple[int, int]:
        return int(self._index.ntotal), int(self._index.d)

    def add(self, rows: Matrix) -> None:
        self._index.add(rows)

    def save(self, path: Path) -> None:
        """Write all of it; OSError where the disk refuses."""
        _save(self._index, path)

    def search(self, vector: NDArray[np.float32], limit: int) -> tuple[Ids, Scores]:
        """Rows (limit,) of the largest products, and those (limit,) descending; limit <= rows.

        Args:
            vector: (dimension,) float32 of whole numbers from -127 to 127.
        """
        with _one_thread():
            scores, rows = self._index.search(vector[None], limit)
        return rows[0], scores[0]


class Cells:
    """Vectors sorted into cells round the centres of k-means, in one bit a number (RaBitQ).

    A search looks only into the cells nearest to it. Same vectors, same cells: the sample
    that trains them is drawn from a fixed seed.
    """

    def __init__(self, index: "faiss.IndexIVFRaBitQ") -> None:
        import faiss

        self._index = index
        self._some, self._all = (
            faiss.IVFRaBitQSearchParameters(nprobe=probed, qb=_BITS)  # type: ignore[call-arg]
            for probed in (min(self.cells, round(_PROBED * self.cells**0.5)), self.cells)
        )

    @classmethod
    def trained(cls, matrix: NDArray[np.floating]) -> "Cells":
        """Cells for vectors like those of `matrix` (n, dimension); they hold none yet."""
        import faiss

        count, dimension = matrix.shape
        # FAISS advises 4·√n to 16·√n, and no fewer than 39 vectors a cell
        cells = 2 ** int(np.log2(max(1, min(5 * np.sqrt(count), count / 39))))
        random = np.random.default_rng(_SEED)
        rows = random.choice(count, min(count, _SAMPLE * cells), replace=False)
        index = faiss.IndexIVFRaBitQ(
            faiss.IndexFlatIP(dimension),
            dimension,
            cells,
            faiss.METRIC_INNER_PRODUCT,
        )
        index.cp.niter, index.cp.seed = _ROUNDS, _SEED
        index.cp.max_points_per_centroid = _SAMPLE
        index.train(matrix[np.sort(rows)].astype(np.float32))
        return cls(index)

    @classmethod
    def open(cls, path: Path) -> "Cells":
        """Open what `save` wrote, to search it: mapped into memory where FAISS can do that.

        Raises:
            IndexDamaged: it is not a file of cells.
        """
        import faiss

        if os.name != "posix":
            return cls.load(path)
        index = _read_cells(path, faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
        lists: Any = faiss.downcast_InvertedLists(index.invlists)  # type: ignore[arg-type]
        # or each search starts 32 threads that touch the pages ahead: 0.86 ms instead of 0.19
        lists.prefetch_nthread = 0
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> "Cells":
        """The same, read into memory, to change it."""
        return cls(_read_cells(path, 0))

    @property
    def shape(self) -> tuple[int, int]:
        return int(self._index.ntotal), int(self._index.d)

    @property
    def cells(self) -> int:
        return int(self._index.nlist)

    def add(self, ids: Ids, vectors: Matrix) -> None:
        self._index.add_with_ids(vectors, ids)

    def remove(self, ids: Ids) -> None:
        import faiss

        self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def save(self, path: Path) -> None:
        """Write all of it; OSError where the disk refuses."""
        _save(self._index, path)

    def search(self, vector: NDArray[np.float32], limit: int) -> Ids:
        """Ids (limit,) of nearly the nearest, nearly best first; limit <= count."""
        with _one_thread():
            for probed in (self._some, self._all):
                found: Ids = self._index.search(vector[None], limit, params=probed)[1][0]
                if found[-1] >= 0:  # padded with -1 where those cells hold too few
                    break
        return found


def _save(index: "faiss.Index", path: Path) -> None:
    import faiss

    # through Python, where FAISS itself would abort on a full disk
    with path.open("wb") as file:
        writer = faiss.PyCallbackIOWriter(file.write, _AT_ONCE)  # type: ignore[attr-defined]
        faiss.write_index(index, writer)


def _read(path: Path, flags: int) -> "faiss.Index":
    import faiss

    try:
        size = path.stat().st_size
        with _reading:
            # nothing in a file is longer than the file, whatever it says
            faiss.set_deserialization_vector_byte_limit(size)
            faiss.set_deserialization_loop_limit(size)
            return faiss.read_index(str(path), flags)
    except (OSError, RuntimeError) as error:
        raise IndexDamaged(f"{path} cannot be read; run `make index`") from error


def _read_cells(path: Path, flags: int) -> "faiss.IndexIVFRaBitQ":
    import faiss

    index = _read(path, flags)
    if not isinstance(index, faiss.IndexIVFRaBitQ):
        raise IndexDamaged(f"{path} is not a file of cells; run `make index`")
    return index
