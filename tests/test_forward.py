"""The terms of passages come back as they were written, after any run of changes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import forward
from index.errors import IndexDamaged
from index.forward import ForwardIndex, Terms, hashed, write

Passages = dict[int, list[str]]


def as_written(terms: Terms) -> list[list[int]]:
    return [terms.row(n).tolist() for n in range(len(terms))]


def held(index: ForwardIndex, passages: Passages) -> bool:
    """Whether an index holds exactly these passages."""
    ids = np.array(sorted(passages), np.int64)
    wanted = [[hashed(term) for term in passages[number]] for number in ids.tolist()]
    return index.count == len(ids) and as_written(index.terms(ids)) == wanted


_TERMS = st.lists(st.sampled_from(["tram", "depot", "größe", "東京", "3.14"]), max_size=4)


@given(st.lists(_TERMS, max_size=8), st.data())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], data: st.DataObject
) -> None:
    passages = dict(enumerate(rows, 1))
    folder = tmp_path_factory.mktemp("forward")
    write(folder, passages.items())
    index = ForwardIndex(folder)
    assert held(index, passages)
    some = np.array(data.draw(st.permutations(sorted(passages))), np.int64)
    assert as_written(index.terms(some)) == [
        [hashed(term) for term in passages[number]] for number in some.tolist()
    ]


@given(st.data())
def test_a_run_of_changes_leaves_what_writing_anew_would(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("forward")
    passages: Passages = {}
    previous, last = None, 0
    for step in range(3):
        gone = data.draw(st.sets(st.sampled_from(sorted(passages)))) if passages else set()
        new = {last + n: row for n, row in enumerate(data.draw(st.lists(_TERMS, max_size=5)), 1)}
        last += len(new)
        passages = {n: row for n, row in passages.items() if n not in gone} | new
        changed, anew = folder / f"changed{step}", folder / f"anew{step}"
        changed.mkdir()
        anew.mkdir()
        write(changed, new.items(), previous, sorted(gone))
        write(anew, passages.items())
        for name in ("ids.npy", "starts.npy", "terms.npy"):
            parts = [path / forward.FOLDER / name for path in (changed, anew)]
            assert parts[0].read_bytes() == parts[1].read_bytes()
        previous = ForwardIndex(changed)
        assert held(previous, passages)


def test_more_than_are_in_memory_at_once(tmp_path: Path) -> None:
    passages = {n: [str(n % 7)] * (n % 3) for n in range(20_000)}
    write(tmp_path, passages.items())
    assert held(ForwardIndex(tmp_path), passages)
    changed = tmp_path / "changed"
    changed.mkdir()
    write(changed, [(20_000, ["last"])], ForwardIndex(tmp_path), [0, 8192, 19_999])
    for number in (0, 8192, 19_999):
        del passages[number]
    assert held(ForwardIndex(changed), passages | {20_000: ["last"]})


def test_terms_are_told_apart_by_crc_32() -> None:
    assert hashed("123456789") == 0xCBF43926  # the check value that its definition gives
    assert Terms.of([["123456789"], []]).hashes.tolist() == [0xCBF43926]
    assert Terms.of([["a", "b"], [], ["c"]]).starts.tolist() == [0, 2, 2, 3]


def test_a_passage_that_is_not_there_is_a_key_error(tmp_path: Path) -> None:
    write(tmp_path, [(1, ["tram"]), (3, ["depot"])])
    for number in (0, 2, 4):
        with pytest.raises(KeyError, match="a passage that is not in the index"):
            ForwardIndex(tmp_path).terms(np.array([number]))


def test_ids_that_do_not_ascend_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ids must be ascending"):
        write(tmp_path, [(2, ["tram"]), (2, ["depot"])])


@pytest.mark.parametrize("name", ["ids.npy", "starts.npy", "terms.npy"])
def test_what_is_missing_cut_short_or_of_another_index_is_damaged(
    tmp_path: Path, name: str
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    write(one, [(1, ["tram", "depot"])])
    write(other, [(1, ["tram"]), (2, []), (3, ["depot", "bee"])])
    path = one / forward.FOLDER / name
    path.write_bytes((other / forward.FOLDER / name).read_bytes())
    with pytest.raises(IndexDamaged, match=r"does not fit together; run `make index`"):
        ForwardIndex(one)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(IndexDamaged, match=r"cannot be read; run `make index`"):
        ForwardIndex(one)
    path.unlink()
    with pytest.raises(IndexDamaged, match=r"cannot be read; run `make index`"):
        ForwardIndex(one)
