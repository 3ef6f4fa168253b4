"""A file that is not as it was written is refused by its name, and mended."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from index import snapshot
from index.build import build
from index.check import check
from index.errors import IndexDamaged, IndexMissing, IndexProblem, SettingsError
from index.upkeep import rebuild, root_of
from qa.answerer import Answerer
from qa.cli import main
from qa.live import Live
from tests.conftest import WORDS, write_files
from tests.fakes import CountingEmbedder
from tests.storage.damage import Damage, bits, deleted, emptied, files, flipped, halved, undone

Answers = list[tuple[str, str, float]]


def answers(index: Path, embedder: CountingEmbedder) -> Answers:
    hits = Answerer.open(index, embedder).ask("the bees of the center", 50).hits
    return [(hit.passage.document_id, hit.passage.text, hit.scores.fused) for hit in hits]


def refused_by_server(index: Path, embedder: CountingEmbedder) -> str:
    try:
        Answerer.open(index, embedder)
    except IndexProblem as problem:
        return str(problem)
    return ""


def refused_by_check(index: Path) -> str:
    try:
        return "\n".join(check(index)[1])
    except IndexProblem as problem:
        return str(problem)


def is_refused(path: Path, index: Path, embedder: CountingEmbedder) -> bool:
    """By the server that opens it and by `check`, both telling the file's name."""
    return all(
        path.name in said for said in (refused_by_server(index, embedder), refused_by_check(index))
    )


@pytest.mark.parametrize("damage", [deleted, emptied, halved])
def test_every_file_is_refused_by_its_name(
    index: Path, embedder: CountingEmbedder, damage: Damage
) -> None:
    for path in files(index):
        if damage is deleted and path.name in {snapshot.CURRENT, "library.sum"}:
            continue  # as before the first build, and as while one is running: below
        with undone(path):
            damage(path)
            assert is_refused(path, index, embedder), path
    assert check(index)[1] == []
    assert answers(index, embedder)


def test_without_the_file_that_names_a_snapshot_there_is_no_index(
    index: Path, embedder: CountingEmbedder
) -> None:
    (index / snapshot.CURRENT).unlink()
    with pytest.raises(IndexMissing, match="there is no index in"):
        Answerer.open(index, embedder)
    with pytest.raises(IndexMissing, match="there is no index in"):
        check(index)


def flip_all(index: Path, embedder: CountingEmbedder, count: int) -> int:
    """How many flipped bits were refused; fails at the first that is not."""
    before, flips = answers(index, embedder), 0
    for path in files(index):
        for bit in bits(path, count):
            with undone(path):
                flipped(path, bit)
                assert is_refused(path, index, embedder), f"{path}, bit {bit}"
                flips += 1
    assert check(index)[1] == []
    assert answers(index, embedder) == before
    return flips


def test_one_flipped_bit_of_any_file_is_refused(index: Path, embedder: CountingEmbedder) -> None:
    assert flip_all(index, embedder, 12) > 12 * 20


@pytest.mark.deep
def test_flipped_bits_at_many_places_are_refused(
    index: Path, embedder: CountingEmbedder, capsys: pytest.CaptureFixture[str]
) -> None:
    flips = flip_all(index, embedder, 2000)
    with capsys.disabled():
        click.echo(f"\n{flips:,} bits flipped in {len(files(index))} files, each one refused")


def altered(index: Path, statement: str) -> None:
    with closing(sqlite3.connect(index / "library.db")) as library, library:
        library.execute(statement)


@pytest.mark.parametrize("damage", ["UPDATE texts SET text = text || '!'", "DELETE FROM passages"])
def test_without_a_sum_the_rows_of_the_library_tell_of_themselves(
    index: Path, embedder: CountingEmbedder, damage: str
) -> None:
    (index / "library.sum").unlink()
    assert check(index)[1] == []
    assert answers(index, embedder)
    altered(index, damage)
    with pytest.raises(IndexDamaged, match=r"library\.db: .* is not as it was written"):
        Answerer.open(index, embedder)


def test_a_library_of_which_even_sqlite_cannot_tell_what_is_wrong_is_refused(
    index: Path, embedder: CountingEmbedder
) -> None:
    path = index / "library.db"
    content = path.read_bytes()
    assert content.count(b"CREATE TABLE documents(") == 1
    path.write_bytes(content.replace(b"CREATE TABLE documents(", b"CREATE TA\xa0LE documents("))
    assert is_refused(path, index, embedder)


def test_a_vector_that_is_not_what_was_embedded_is_found(index: Path) -> None:
    (index / "library.sum").unlink()
    altered(index, "UPDATE vectors SET vector = zeroblob(length(vector))")
    assert "the vectors are not those that the library keeps" in check(index)[1]


def test_a_build_does_not_write_on_a_library_that_is_altered(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    """What it wrote would get a sum that makes the damage right."""
    path = index / "library.db"
    flipped(path, 8 * path.stat().st_size - 1)
    write_files(documents, {"new.txt": "New."})
    with pytest.raises(IndexDamaged, match=r"library\.db is altered; run `citewell index --reb"):
        build(documents, index, embedder)
    assert snapshot.read_manifest(index).snapshot == 1


def test_the_next_build_mends_the_sum_itself(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    before = (index / "library.sum").read_bytes()
    emptied(index / "library.sum")
    assert build(documents, index, embedder).published is False
    assert (index / "library.sum").read_bytes() == before


@pytest.mark.parametrize("damage", [deleted, emptied, halved])
def test_a_running_server_keeps_what_it_has(
    documents: Path,
    index: Path,
    embedder: CountingEmbedder,
    tmp_path: Path,
    damage: Damage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    names = [str(path.relative_to(index)) for path in files(index)]
    for name in names:
        copy = tmp_path / "copy"
        shutil.copytree(index, copy)
        live = Live(copy, embedder)
        live.refresh()
        write_files(documents, {"new.txt": f"New bees {name}."})
        assert build(documents, copy, embedder).snapshot == 2
        path = copy / name.replace("000001", "000002")
        if path.exists() and path.name != "library.sum":
            damage(path)
            caplog.clear()
            live.refresh()
            assert live().info.snapshot == 1, path
            assert path.name in caplog.text or path.name == snapshot.CURRENT
            if path.name != "library.db":
                assert live().ask("bees").hits
        shutil.rmtree(copy)


@pytest.mark.parametrize("damage", [deleted, emptied, halved])
def test_a_rebuild_mends_derived_files_from_the_library_alone(
    documents: Path, index: Path, embedder: CountingEmbedder, tmp_path: Path, damage: Damage
) -> None:
    before = answers(index, embedder)
    documents.rename(tmp_path / "away")
    embedder.embedded.clear()
    derived = [path for path in files(index) if path.name != "library.db"]
    for number, path in enumerate(derived, 1):
        name = str(path.relative_to(index)).replace("000001", f"{number:06d}")
        mended = index / name
        if not mended.exists():  # tantivy names files as it likes
            mended = next((index / name).parent.glob(f"*{path.suffix}"))
        damage(mended)
        report = rebuild(documents, index, embedder)
        assert (report.snapshot, report.documents, report.embedded) == (number + 1, 3, 0)
        assert check(index)[1] == []
        assert answers(index, embedder) == before
    assert embedder.embedded == []


@pytest.mark.parametrize("damage", [deleted, emptied, halved, lambda path: flipped(path, 80_000)])
def test_a_rebuild_mends_the_library_from_the_documents(
    documents: Path, index: Path, embedder: CountingEmbedder, tmp_path: Path, damage: Damage
) -> None:
    before = answers(index, embedder)
    damage(index / "library.db")
    documents.rename(tmp_path / "away")
    with pytest.raises(SettingsError, match="documents is not a folder"):
        rebuild(documents, index, embedder)
    (tmp_path / "away").rename(documents)
    report = rebuild(documents, index, embedder)
    assert (report.documents, report.embedded) == (3, 4)
    assert check(index)[1] == []
    assert answers(index, embedder) == before


def test_a_rebuild_by_another_model_reads_the_documents(documents: Path, index: Path) -> None:
    other = CountingEmbedder(WORDS, name="other")
    assert rebuild(documents, index, other).embedded == 4
    assert check(index)[1] == []


@pytest.mark.parametrize("name", [snapshot.CURRENT, "snapshots/000001/manifest.json"])
def test_the_folder_that_was_indexed_is_known_without_a_manifest(
    documents: Path, index: Path, name: str
) -> None:
    emptied(index / name)
    assert root_of(index) == documents
    emptied(index / "library.db")
    assert root_of(index) is None


def test_a_rebuild_and_a_compaction_are_two_things(index: Path) -> None:
    done = CliRunner().invoke(main, ["index", "--rebuild", "--compact", "--index", str(index)])
    assert done.exit_code == 2
    assert "give one of them" in done.output
