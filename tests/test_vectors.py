"""Vectors are found as NumPy finds them, and past a size nearly so."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.errors import IndexDamaged
from index.vectors import VectorIndex, write

Matrix = NDArray[np.float32]
Ids = NDArray[np.int64]


def unit_rows(n: int, dimension: int = 8, seed: int = 0) -> Matrix:
    rows = np.random.default_rng(seed).normal(size=(n, dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def clustered(n: int, seed: int = 0, dimension: int = 32) -> Matrix:
    """Rows round 50 centres, those of every seed the same."""
    random = np.random.default_rng(seed)
    rows = unit_rows(50, dimension, seed=99)[random.integers(50, size=n)]
    rows = rows + 0.5 * unit_rows(n, dimension, seed=seed + 1000)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def awkward(kind: str, n: int, dimension: int, seed: int) -> Matrix:
    """Rows (n, dimension) of a kind that is hard to tell apart in few bits."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n, dimension))
    if kind == "clustered":  # closer to each other than codes can tell
        rows = rows[random.integers(min(n, 5), size=n)] + 1e-4 * rows
    elif kind == "repeated":
        rows = rows[random.integers(min(n, 5), size=n)]
    elif kind == "one dimension dominates":
        rows[:, 0] += 50
    elif kind == "one row makes the step":
        rows[0] = np.eye(dimension)[0]
    elif kind == "of all magnitudes":
        rows *= 10.0 ** random.uniform(-6, 0, size=dimension)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows, np.float32)


KINDS = (
    "random",
    "clustered",
    "repeated",
    "one dimension dominates",
    "one row makes the step",
    "of all magnitudes",
)


class Vectors:
    """Vectors by passage id, as the library has them; remembers which it was asked for."""

    def __init__(self, ids: Ids, vectors: Matrix) -> None:
        self.known = dict(zip(ids.tolist(), vectors, strict=True))
        self.fetched: list[int] = []

    def fetch(self, ids: Ids) -> Matrix:
        self.fetched += ids.tolist()
        return np.array([self.known[one] for one in ids.tolist()], np.float32)

    def nearest(self, vector: Matrix, limit: int) -> tuple[list[int], Matrix]:
        """By NumPy alone."""
        ids, matrix = np.array(list(self.known)), np.stack(list(self.known.values()))
        cosines = matrix @ vector
        order = np.argsort(-cosines, kind="stable")[:limit]
        return ids[order].tolist(), cosines[order]


def made(
    folder: Path,
    ids: Ids,
    vectors: Matrix,
    previous: VectorIndex | None = None,
    exact: int = 1000,
) -> VectorIndex:
    folder.mkdir()
    dimension = vectors.shape[1]
    write(folder, ids, lambda some: vectors[np.searchsorted(ids, some)], dimension, previous, exact)
    return VectorIndex(folder)


def digest(index: VectorIndex) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in index.folder.iterdir()}


def recall(index: VectorIndex, vectors: Vectors, questions: Matrix) -> float:
    found = [
        len({*index.search(question, 10)[0].tolist()} & {*vectors.nearest(question, 10)[0]})
        for question in questions
    ]
    return sum(found) / (10 * len(questions))


@pytest.fixture(scope="module")
def many() -> Vectors:
    return Vectors(np.arange(6000, dtype=np.int64) * 3 + 7, clustered(6000))


@pytest.fixture(scope="module")
def approximate(many: Vectors, tmp_path_factory: pytest.TempPathFactory) -> VectorIndex:
    ids = np.array(list(many.known), np.int64)
    folder = tmp_path_factory.mktemp("vectors") / "many"
    return made(folder, ids, np.stack(list(many.known.values())))


def test_search_agrees_with_numpy(tmp_path: Path) -> None:
    ids = np.arange(1000, 1200, dtype=np.int64)
    vectors = unit_rows(200)
    index, oracle = made(tmp_path / "a", ids, vectors), Vectors(ids, vectors)
    assert index.exact
    for question in unit_rows(20, seed=1):
        expected, cosines = oracle.nearest(question, 7)
        found, scores = index.search(question, 7)
        assert found.tolist() == expected
        np.testing.assert_allclose(scores, cosines, atol=1e-6)


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 3000),
    st.sampled_from([2, 8, 33, 384]),
    st.integers(1, 60),
    st.integers(0, 2**32 - 1),
)
def test_search_is_exact_whatever_the_vectors(
    kind: str, n: int, dimension: int, limit: int, seed: int
) -> None:
    ids, rows = np.arange(n, dtype=np.int64) * 2, awkward(kind, n + 1, dimension, seed)
    vectors, question = rows[:n], rows[n]
    with tempfile.TemporaryDirectory() as name:
        index = made(Path(name, "a"), ids, vectors, exact=n)
        scores = index.scores(question, ids)
        found = index.search(question, limit)
    order = np.lexsort((ids, -scores))[:limit]  # of equal ones the older first
    np.testing.assert_array_equal(found[0], ids[order])
    np.testing.assert_array_equal(found[1], scores[order])
    cosines = vectors.astype(np.float64) @ question.astype(np.float64)
    np.testing.assert_allclose(scores, cosines, atol=1e-6)
    np.testing.assert_allclose(found[1], np.sort(cosines)[::-1][:limit], atol=1e-6)


def test_search_is_exact_where_codes_tell_nothing_apart(tmp_path: Path) -> None:
    """All within a thousandth of each other, where a step is a hundredth."""
    ids, vectors = np.arange(3000, dtype=np.int64), awkward("clustered", 3001, 384, 1)
    index = made(tmp_path / "a", ids, vectors[:3000], exact=3000)
    scores = index.scores(vectors[3000], ids)
    for limit in (1, 10, 30):
        found = index.search(vectors[3000], limit)[0]
        assert found.tolist() == np.lexsort((ids, -scores))[:limit].tolist()


def test_past_a_size_nearly_the_same_is_found(many: Vectors, approximate: VectorIndex) -> None:
    assert not approximate.exact
    assert (approximate.count, approximate.dimension) == (6000, 32)
    assert recall(approximate, many, clustered(100, seed=5)) >= 0.99


def test_what_is_found_past_that_size_has_its_true_cosine(
    many: Vectors, approximate: VectorIndex
) -> None:
    for question in clustered(20, seed=6):
        ids, scores = approximate.search(question, 100)
        assert len(ids) == 100
        assert np.all(scores[:-1] >= scores[1:])
        cosines = many.fetch(ids) @ question
        np.testing.assert_allclose(scores, cosines, atol=5e-4)  # of float16
        np.testing.assert_array_equal(approximate.scores(question, ids), scores)


@pytest.mark.parametrize("exact", [0, 1000])
def test_scores_are_the_cosines_of_the_passages_named(tmp_path: Path, exact: int) -> None:
    ids = np.array([3, 7, 2**62], np.int64)
    index = made(tmp_path / "a", ids, np.eye(3, 8, dtype=np.float32), exact=exact)
    vector = np.array([0.6, 0, 0.8, 0, 0, 0, 0, 0], np.float32)
    scores = index.scores(vector, np.array([2**62, 3, 2**62, 7], np.int64))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, [0.8, 0.6, 0.8, 0.0], atol=1e-6)
    assert index.scores(vector, np.empty(0, np.int64)).tolist() == []
    for unknown in (1, 4, 2**62 + 1):
        with pytest.raises(KeyError, match="not in the index"):
            index.scores(vector, np.array([3, unknown], np.int64))


@pytest.mark.parametrize("exact", [0, 1000])
def test_a_reopened_index_answers_identically(tmp_path: Path, exact: int) -> None:
    index = made(tmp_path / "a", np.arange(500, dtype=np.int64), unit_rows(500), exact=exact)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    reopened = VectorIndex(tmp_path / "b")
    assert reopened.ids().tolist() == list(range(500))
    for question in unit_rows(5, seed=2):
        for one, other in zip(index.search(question, 9), reopened.search(question, 9), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("exact", [0, 1000])
def test_the_same_vectors_give_the_same_files(tmp_path: Path, exact: int) -> None:
    ids, vectors = np.arange(900, dtype=np.int64), unit_rows(900)
    one, other = (made(tmp_path / name, ids, vectors, exact=exact) for name in "ab")
    assert digest(one) == digest(other)


@pytest.mark.parametrize("exact", [0, 1000])
def test_no_more_is_found_than_there_is(tmp_path: Path, exact: int) -> None:
    vectors = unit_rows(40)
    index = made(tmp_path / "a", np.arange(40, dtype=np.int64), vectors, exact=exact)
    ids, scores = index.search(vectors[5], 50)
    assert sorted(ids.tolist()) == list(range(40))
    assert ids[0] == 5
    assert scores[0] == pytest.approx(1, abs=1e-3)
    assert index.search(vectors[5], 0)[0].tolist() == []


def test_all_are_found_where_the_nearest_cells_hold_too_few(
    many: Vectors, approximate: VectorIndex
) -> None:
    ids, _ = approximate.search(clustered(1, seed=7)[0], 6000)
    assert sorted(ids.tolist()) == sorted(many.known)


@pytest.mark.parametrize("exact", [0, 1000])
def test_of_equal_passages_the_older_comes_first(tmp_path: Path, exact: int) -> None:
    vectors = np.repeat(unit_rows(3), 20, axis=0)
    index = made(tmp_path / "a", np.arange(60, dtype=np.int64), vectors, exact=exact)
    assert index.search(vectors[25], 20)[0].tolist() == list(range(20, 40))


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = made(tmp_path / "a", np.empty(0, np.int64), np.empty((0, 8), np.float32))
    assert (index.count, index.dimension) == (0, 8)
    ids, scores = index.search(unit_rows(1)[0], 10)
    assert (ids.tolist(), scores.tolist()) == ([], [])
    with pytest.raises(KeyError):
        index.scores(unit_rows(1)[0], np.array([1], np.int64))


@pytest.mark.parametrize("exact", [0, 1000])
def test_only_new_passages_are_fetched(tmp_path: Path, exact: int) -> None:
    ids, vectors = np.arange(600, dtype=np.int64), clustered(600)
    before = made(tmp_path / "a", ids, vectors, exact=exact)
    library = Vectors(np.arange(700, dtype=np.int64), np.vstack([vectors, clustered(100, seed=3)]))
    live = np.array([*range(10, 600), *range(600, 620)], np.int64)
    (tmp_path / "b").mkdir()
    write(tmp_path / "b", live, library.fetch, 32, before, exact)
    assert library.fetched == list(range(600, 620))
    after = VectorIndex(tmp_path / "b")
    assert after.ids().tolist() == live.tolist()
    library.known = {one: library.known[one] for one in live.tolist()}
    for question in clustered(20, seed=4):
        found, scores = after.search(question, 610)
        assert sorted(found.tolist()) == live.tolist()
        np.testing.assert_allclose(scores, library.fetch(found) @ question, atol=5e-4)


def test_cells_are_kept_while_little_changes_and_trained_anew_after(tmp_path: Path) -> None:
    vectors = clustered(1400)

    def of(name: str, first: int, last: int, previous: VectorIndex | None) -> tuple[int, int]:
        ids = np.arange(first, last, dtype=np.int64)
        indexes[name] = made(tmp_path / name, ids, vectors[first:last], previous, exact=100)
        training = (indexes[name].folder / "training.json").read_text()
        count, changed = (int(part.strip(" }").split(": ")[1]) for part in training.split(","))
        return count, changed

    indexes: dict[str, VectorIndex] = {}
    assert of("a", 0, 1000, None) == (1000, 0)
    assert of("b", 100, 1100, indexes["a"]) == (1000, 200)
    assert of("c", 200, 1300, indexes["b"]) == (1000, 500)
    assert of("d", 200, 1301, indexes["c"]) == (1101, 0)
    library = Vectors(np.arange(200, 1300), vectors[200:1300])
    assert recall(indexes["c"], library, clustered(50, seed=8)) >= 0.99


@pytest.mark.parametrize(("first", "then"), [(50, 150), (150, 50)])
def test_an_index_that_crosses_the_size_is_as_if_made_from_nothing(
    tmp_path: Path, first: int, then: int
) -> None:
    vectors = unit_rows(150)
    before = made(tmp_path / "a", np.arange(first), vectors[:first], exact=100)
    after = made(tmp_path / "b", np.arange(then), vectors[:then], before, exact=100)
    anew = made(tmp_path / "c", np.arange(then), vectors[:then], exact=100)
    assert digest(after) == digest(anew)


@pytest.mark.parametrize("broken", [2.0, 0.0, np.nan, np.inf])
def test_a_vector_that_is_not_of_unit_length_is_refused(tmp_path: Path, broken: float) -> None:
    vectors = unit_rows(2)
    index = made(tmp_path / "a", np.array([1, 2], np.int64), vectors)
    vectors[1] *= np.float32(broken)
    with pytest.raises(ValueError, match="unit length"):
        made(tmp_path / "b", np.array([1, 2], np.int64), vectors)
    with pytest.raises(ValueError, match="unit length"):
        index.search(vectors[1], 1)
    with pytest.raises(ValueError, match="unit length"):
        index.scores(vectors[1], np.array([1], np.int64))


@pytest.mark.parametrize("ids", [[2, 1], [1, 1]])
def test_ids_that_do_not_ascend_are_refused(tmp_path: Path, ids: list[int]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        made(tmp_path / "a", np.array(ids, np.int64), unit_rows(2))


def test_vectors_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="do not match"):
        write(tmp_path, np.array([1, 2], np.int64), lambda ids: unit_rows(1), 8)


@pytest.mark.parametrize("exact", [0, 1000])
@pytest.mark.parametrize("content", [b"", b"not an index at all", None])
@pytest.mark.parametrize(
    "name", ["ids.npy", "matrix.npy", "codes.faiss", "rounding.json", "cells.faiss"]
)
def test_a_file_that_is_not_what_it_should_be_is_refused(
    tmp_path: Path, name: str, content: bytes | None, exact: int
) -> None:
    index = made(tmp_path / "a", np.arange(90, dtype=np.int64), unit_rows(90), exact=exact)
    path = index.folder / name
    if not path.exists():
        pytest.skip("an exact index has no cells, and another no codes")
    path.write_bytes(path.read_bytes()[:-1] if content is None else content)
    with pytest.raises(IndexDamaged, match=f"{name} cannot be read"):
        VectorIndex(tmp_path / "a")


@pytest.mark.parametrize(("exact", "name"), [(0, "cells.faiss"), (1000, "codes.faiss")])
def test_files_of_different_indexes_are_refused(tmp_path: Path, exact: int, name: str) -> None:
    one = made(tmp_path / "a", np.arange(90, dtype=np.int64), unit_rows(90), exact=exact)
    other = made(tmp_path / "b", np.arange(91, dtype=np.int64), unit_rows(91), exact=exact)
    shutil.copy(other.folder / name, one.folder)
    with pytest.raises(IndexDamaged, match="do not fit the matrix"):
        VectorIndex(tmp_path / "a")
    shutil.copy(other.folder / "ids.npy", one.folder)
    with pytest.raises(IndexDamaged, match="does not fit together"):
        VectorIndex(tmp_path / "a")


def test_cells_are_no_codes(tmp_path: Path) -> None:
    cells = made(tmp_path / "a", np.arange(90, dtype=np.int64), unit_rows(90), exact=0)
    codes = made(tmp_path / "b", np.arange(90, dtype=np.int64), unit_rows(90))
    both = (codes.folder / "codes.faiss").read_bytes(), (cells.folder / "cells.faiss").read_bytes()
    (cells.folder / "cells.faiss").write_bytes(both[0])
    (codes.folder / "codes.faiss").write_bytes(both[1])
    with pytest.raises(IndexDamaged, match="is not a file of cells"):
        VectorIndex(tmp_path / "a")
    with pytest.raises(IndexDamaged, match="is not a file of codes"):
        VectorIndex(tmp_path / "b")


_HOSTILE = """
import resource, sys
from pathlib import Path
import numpy as np
from index.errors import IndexDamaged
from index.vectors import VectorIndex
from index.vectors.engine import Bytes, Cells
path = Path(sys.argv[1], "vectors", sys.argv[2])
VectorIndex(Path(sys.argv[1]))
before = path.read_bytes()
limit = 4 << 30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for at in [*range(0, 600), *range(len(before) - 600, len(before) - 8)]:
    for claimed in (0, 1 << 31, 1 << 36, 1 << 62):
        path.write_bytes(before[:at] + claimed.to_bytes(8, "little") + before[at + 8 :])
        for opened in (Bytes.open,) if sys.argv[2] == "codes.faiss" else (Cells.open, Cells.load):
            try:
                found = opened(path)
            except IndexDamaged:
                continue
            if opened == Bytes.open and found.shape == (90, 8):
                found.search(np.ones(8, np.float32), 90)
# not ru_maxrss, which a process takes over from the one that started it
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0])
assert peak < 1 << 20, peak
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize(("exact", "name"), [(0, "cells.faiss"), (1000, "codes.faiss")])
def test_a_hostile_file_allocates_no_more_than_it_is_long(
    tmp_path: Path, exact: int, name: str
) -> None:
    made(tmp_path / "a", np.arange(90, dtype=np.int64), unit_rows(90), exact=exact)
    subprocess.run([sys.executable, "-c", _HOSTILE, str(tmp_path / "a"), name], check=True)


_THREADS = """
import sys, threading
from pathlib import Path
import numpy as np
from index.vectors import VectorIndex
def threads():
    return len(list(Path("/proc/self/task").iterdir()))
def search():
    import faiss
    before = threads()
    assert faiss.omp_get_max_threads() == 4
    for name in sys.argv[1:]:
        index = VectorIndex(Path(name))
        vector = np.eye(1, index.dimension, dtype=np.float32)[0]
        index.search(vector, 60)
        index.scores(vector, index.ids())
    print(threads() - before)
server = threading.Thread(target=search)
server.start()
server.join()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux does")
def test_a_search_stays_on_its_thread(tmp_path: Path) -> None:
    ids, vectors = np.arange(6000, dtype=np.int64), clustered(6000, dimension=384)
    made(tmp_path / "a", ids, vectors, exact=10_000)
    made(tmp_path / "b", ids, vectors)
    done = subprocess.run(
        [sys.executable, "-c", _THREADS, str(tmp_path / "a"), str(tmp_path / "b")],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "4"},
    )
    assert done.stdout.strip() == "0"
