"""FAISS gives what NumPy gives."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.errors import IndexDamaged
from index.vectors import FILE, VectorIndex


def unit_rows(n: int, dimension: int = 8, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(n, dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_search_agrees_with_numpy() -> None:
    vectors, questions = unit_rows(200), unit_rows(20, seed=1)
    ids = np.arange(1000, 1200, dtype=np.int64)
    index = VectorIndex(ids, vectors)
    for question in questions:
        cosines = vectors @ question
        order = np.argsort(-cosines)[:7]
        found, scores = index.search(question, 7)
        assert found.tolist() == ids[order].tolist()
        np.testing.assert_allclose(scores, cosines[order], atol=1e-6)


def test_a_reopened_index_answers_identically(tmp_path: Path) -> None:
    index = VectorIndex(np.array([7, 3, 2**62], np.int64), unit_rows(3))
    index.save(tmp_path)
    reopened = VectorIndex.open(tmp_path)
    assert (reopened.count, reopened.dimension) == (3, 8)
    assert reopened.ids().tolist() == [7, 3, 2**62]
    for question in unit_rows(5, seed=2):
        for before, after in zip(
            index.search(question, 3), reopened.search(question, 3), strict=True
        ):
            np.testing.assert_array_equal(before, after)


def test_no_more_is_found_than_there_is() -> None:
    ids, scores = VectorIndex(np.array([5], np.int64), unit_rows(1)).search(unit_rows(1)[0], 10)
    assert ids.tolist() == [5]
    np.testing.assert_allclose(scores, [1.0], atol=1e-6)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    VectorIndex(np.empty(0, np.int64), np.empty((0, 8), np.float32)).save(tmp_path)
    ids, scores = VectorIndex.open(tmp_path).search(unit_rows(1)[0], 10)
    assert (ids.tolist(), scores.tolist()) == ([], [])


@pytest.mark.parametrize("broken", [2.0, 0.0, np.nan, np.inf])
def test_a_vector_that_is_not_of_unit_length_is_refused(broken: float) -> None:
    vectors = unit_rows(2)
    vectors[1] *= np.float32(broken)
    with pytest.raises(ValueError, match="unit length"):
        VectorIndex(np.array([1, 2], np.int64), vectors)


def test_ids_that_do_not_match_the_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match="do not match"):
        VectorIndex(np.array([1], np.int64), unit_rows(2))


def test_a_file_that_is_not_an_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not an index at all")
    with pytest.raises(IndexDamaged, match="cannot be read"):
        VectorIndex.open(tmp_path)
