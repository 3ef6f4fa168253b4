"""What is published is whole, and what is not whole is refused."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from index import snapshot
from index.build import build
from index.check import check
from index.errors import IndexDamaged, IndexMismatch, IndexMissing
from index.store import Store
from tests.fakes import CountingEmbedder


def rewrite_manifest(index: Path, **changes: object) -> None:
    """Change the manifest and its checksum, as another version would have written it."""
    path = index / "snapshots/000001/manifest.json"
    content = json.dumps({**json.loads(path.read_text()), **changes}).encode()
    path.write_bytes(content)
    (index / "CURRENT").write_text(f"000001 {hashlib.sha256(content).hexdigest()}\n")


def test_nothing_is_published_before_the_first_build(tmp_path: Path) -> None:
    assert snapshot.current(tmp_path) is None
    assert snapshot.highest(tmp_path) == 0
    with pytest.raises(IndexMissing, match=r"there is no index in .* yet; run `make index`"):
        snapshot.read_manifest(tmp_path)


def test_current_names_the_manifest_by_its_checksum(index: Path) -> None:
    content = (index / "snapshots/000001/manifest.json").read_bytes()
    assert (index / "CURRENT").read_text() == f"000001 {hashlib.sha256(content).hexdigest()}\n"
    assert snapshot.current(index) == (1, hashlib.sha256(content).hexdigest())


def test_a_missing_manifest_is_damage(index: Path) -> None:
    (index / "snapshots/000001/manifest.json").unlink()
    with pytest.raises(IndexDamaged, match=r"manifest\.json, which .*CURRENT names, cannot be"):
        snapshot.read_manifest(index)


def test_another_format_is_refused_and_built_again(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    rewrite_manifest(index, format=99)
    with pytest.raises(IndexMismatch, match="has format 99, this version reads 5"):
        Store(index, embedder.fingerprint, embedder.model)
    report = build(documents, index, embedder)
    assert (report.snapshot, report.documents, report.embedded) == (2, 3, 0)
    assert check(index)[1] == []


def test_counts_that_do_not_agree_are_refused(index: Path, embedder: CountingEmbedder) -> None:
    rewrite_manifest(index, passages=5)
    with pytest.raises(IndexDamaged, match="manifest says Counts"):
        Store(index, embedder.fingerprint, embedder.model)


def test_a_draft_that_fails_leaves_nothing_behind(index: Path) -> None:
    manifest = snapshot.read_manifest(index)

    def write(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        snapshot.publish(index, 2, write, lambda files: manifest)
    assert [path.name for path in (index / "snapshots").iterdir()] == ["000001"]
    assert snapshot.read_manifest(index) == manifest


def test_a_lock_is_no_file_of_a_snapshot(index: Path) -> None:
    manifest = snapshot.read_manifest(index)

    def write(folder: Path) -> None:
        (folder / "words").mkdir()
        for name in ("words/whole", "words/.some.lock"):
            (folder / name).write_text(name)

    made = snapshot.publish(index, 2, write, lambda files: replace(manifest, files=files))
    assert list(made.files) == ["words/whole"]


@pytest.mark.parametrize("leftover", ["000002", ".000002", ".000007"])
def test_what_a_killed_build_left_is_cleaned_up(
    documents: Path, index: Path, embedder: CountingEmbedder, leftover: str
) -> None:
    (index / "snapshots" / leftover).mkdir()
    (index / "snapshots" / leftover / "vectors.npy").write_bytes(b"half")
    (documents / "tram.txt").write_text("The tram\n\nIt rests.\n")
    build(documents, index, embedder)
    names = sorted(path.name for path in (index / "snapshots").iterdir())
    assert names == ["000001", "000002"]
    assert check(index)[1] == []
