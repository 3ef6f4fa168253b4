"""The cost follows the change, and what is published is what the folder holds."""

import os
import shutil
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

from index import snapshot
from index.build import BuildReport, build
from index.check import check
from index.chunker import Chunking
from index.errors import IndexBusy, IndexDamaged, IndexProblem, SettingsError
from index.reading import Read, Refused, read
from index.scan import Found, Unreadable
from index.store import Store
from qa.answerer import Answerer
from tests.conftest import FILES, WORDS, write_files
from tests.fakes import CountingEmbedder


def top(index: Path, embedder: CountingEmbedder, question: str) -> tuple[str, str]:
    """Document and text of the first passage."""
    hit = Answerer.open(index, embedder).ask(question).hits[0]
    return hit.passage.document_id, hit.passage.text


def texts(index: Path, embedder: CountingEmbedder) -> set[str]:
    return {h.passage.text for h in Answerer.open(index, embedder).ask("anything", 50).hits}


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its inode and time of change, to see what was written."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(("build.lock", "library.db-"))
    }


def test_every_document_is_found_by_its_words(index: Path, embedder: CountingEmbedder) -> None:
    assert top(index, embedder, "honey bees")[0] == "notes/bees.txt"
    assert top(index, embedder, "tram depot")[0] == "tram.txt"
    assert top(index, embedder, "academy leads the center") == (
        "center.md",
        "Leadership\n\nThe academy leads the center. Its budget is not known yet.",
    )


def test_the_report_says_what_was_done(documents: Path, tmp_path: Path) -> None:
    (documents / "scan.xyz").write_text("?")
    (documents / "empty.txt").write_text("")
    report = build(documents, tmp_path / "new", CountingEmbedder(WORDS))
    assert report == BuildReport(
        snapshot=1,
        published=True,
        documents=3,
        passages=4,
        added=3,
        changed=0,
        removed=0,
        embedded=4,
        unreadable=report.unreadable,
        unknown={".xyz": 1},
    )
    assert [file.id for file in report.unreadable] == ["empty.txt"]
    assert "empty" in report.unreadable[0].reason


def test_unchanged_documents_cost_nothing(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    embedder.embedded.clear()
    before = tree(index)
    report = build(documents, index, embedder)
    assert (report.published, report.snapshot, report.embedded) == (False, 1, 0)
    assert embedder.embedded == []
    assert tree(index) == before


def reads_nothing(root: Path, files: Sequence[Found]) -> Generator[Read | Refused]:
    assert files == []
    yield from ()


def test_unchanged_documents_are_not_opened_and_nothing_is_written(
    documents: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    write_files(documents, {"empty.txt": "", "broken.pdf": "no pdf"})
    index = tmp_path / "new"
    first = build(documents, index, embedder)
    before = tree(index)
    report = build(documents, index, embedder, reader=reads_nothing)
    assert report.unreadable == first.unreadable
    assert [file.id for file in report.unreadable] == ["broken.pdf", "empty.txt"]
    assert (report.published, report.embedded) == (False, 0)
    assert tree(index) == before


def test_a_file_that_gave_no_text_is_tried_again_when_it_changes(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    write_files(documents, {"empty.txt": ""})
    build(documents, index, embedder)
    write_files(documents, {"empty.txt": "No more."})
    assert build(documents, index, embedder).unreadable == ()
    (documents / "empty.txt").unlink()
    assert build(documents, index, embedder).removed == 1
    write_files(documents, {"empty.txt": ""})
    assert len(build(documents, index, embedder).unreadable) == 1


def test_a_file_that_could_not_be_opened_is_tried_again(
    documents: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    def locked(root: Path, files: Sequence[Found]) -> Generator[Read | Refused]:
        for outcome in read(root, files):
            shut = outcome.file.id == "tram.txt"
            yield Refused(outcome.file, "permission denied", lasting=False) if shut else outcome

    first = build(documents, tmp_path / "new", embedder, reader=locked)
    assert first.unreadable == (Unreadable("tram.txt", "permission denied"),)
    assert build(documents, tmp_path / "new", embedder).added == 1


def test_several_processes_build_what_one_builds(
    documents: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    write_files(documents, {f"{n}.md": f"# Bees {n}\n\nThe bees are {n}." for n in range(30)})
    one, several = tmp_path / "one", tmp_path / "several"
    build(documents, one, embedder, reader=partial(read, workers=0))
    build(documents, several, embedder, reader=partial(read, workers=3))
    first, second = snapshot.read_manifest(one), snapshot.read_manifest(several)
    assert first.content == second.content  # which holds the passages' ids
    name = "vectors/matrix.npy"
    assert first.files[name].sha256 == second.files[name].sha256
    answers = [Answerer.open(index, embedder).ask("bees", 50).hits for index in (one, several)]
    assert answers[0] == answers[1]


def test_a_change_answers_as_a_build_from_nothing_does(
    documents: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    write_files(documents, {f"{n}.md": f"# Bees {n}\n\nThe bees are {n}." for n in range(30)})
    changed, anew = tmp_path / "changed", tmp_path / "anew"
    build(documents, changed, embedder)
    (documents / "3.md").unlink()
    write_files(documents, {"4.md": "# Wasps\n\nThe wasps are 4.", "5a.md": "# Bees\n\nFive."})
    build(documents, changed, embedder)
    build(documents, anew, embedder)
    for question in ("bees", "the wasps", "honey in the tram depot", "bee 7"):
        answers = [
            [
                (hit.passage.document_id, hit.passage.text, hit.scores.fused, hit.matched)
                for hit in Answerer.open(index, embedder).ask(question, 50).hits
            ]
            for index in (changed, anew)
        ]
        assert sorted(answers[0]) == sorted(answers[1])
    assert check(changed)[1] == []


def test_what_did_not_change_is_linked_and_its_sums_are_kept(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    write_files(documents, {f"{n}.md": f"# Bees {n}\n\nThe bees are {n}." for n in range(30)})
    build(documents, index, embedder)
    write_files(documents, {"new.txt": "New\n\nA thing."})
    build(documents, index, embedder)
    before, after = (index / "snapshots" / name for name in ("000002", "000003"))
    linked = [
        name
        for name in snapshot.read_manifest(index).files
        if (before / name).exists() and (after / name).samefile(before / name)
    ]
    assert [name for name in linked if name.endswith(".term")]
    assert check(index)[1] == []


def test_a_changed_file_costs_only_its_changed_passages(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    changed = FILES["center.md"].replace("Its budget is not known yet", "Its budget is small")
    write_files(documents, {"center.md": changed})
    embedder.embedded.clear()
    report = build(documents, index, embedder)
    assert (report.added, report.changed, report.removed, report.embedded) == (0, 1, 0, 1)
    assert embedder.embedded == [
        "The new center › Leadership\nThe academy leads the center. Its budget is small."
    ]
    assert top(index, embedder, "budget")[1].endswith("Its budget is small.")


def test_a_touched_file_is_not_read_again(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    os.utime(documents / "tram.txt", (1, 1))
    assert build(documents, index, embedder).published is False
    (document,) = [Store(index, embedder.fingerprint, "").document("tram.txt")]
    assert document is not None
    assert document.modified == 1


def test_a_change_that_keeps_the_size_is_seen(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    write_files(documents, {"tram.txt": FILES["tram.txt"].replace("May", "Mai")})
    os.utime(documents / "tram.txt", (2, 2))
    assert build(documents, index, embedder).changed == 1
    assert "in Mai" in top(index, embedder, "tram depot")[1]


def test_a_deleted_file_is_gone_from_the_answers(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    (documents / "notes/bees.txt").unlink()
    report = build(documents, index, embedder)
    assert (report.removed, report.documents) == (1, 2)
    assert top(index, embedder, "honey bees")[0] != "notes/bees.txt"
    assert not any("honey" in text for text in texts(index, embedder))
    assert Answerer.open(index, embedder).document("notes/bees.txt") is None


def test_a_file_that_became_unreadable_is_named_and_gone(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    (documents / "tram.txt").write_bytes(b"")
    report = build(documents, index, embedder)
    assert [file.id for file in report.unreadable] == ["tram.txt"]
    assert not any("tram" in text for text in texts(index, embedder))


def test_a_renamed_file_is_not_embedded_again(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    (documents / "notes/bees.txt").rename(documents / "hives.txt")
    report = build(documents, index, embedder)
    assert (report.added, report.removed, report.embedded) == (1, 1, 0)
    assert top(index, embedder, "honey bees")[0] == "hives.txt"


def test_passage_ids_are_never_given_twice(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    def ids() -> set[int]:
        return {h.passage.id for h in Answerer.open(index, embedder).ask("x", 50).hits}

    before = ids()
    write_files(documents, {"tram.txt": "The tram\n\nIt rests.", "new.txt": "New\n\nA thing."})
    build(documents, index, embedder)
    new = ids() - before
    assert len(new) == 2
    assert min(new) > max(before)


def test_a_smaller_way_to_cut_cuts_everything_again(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    report = build(documents, index, embedder, Chunking(size=8, overlap=0))
    assert report.changed == 3
    assert top(index, embedder, "depot") == ("tram.txt", "The tram depot is older.")


def test_another_model_embeds_everything_again(documents: Path, index: Path) -> None:
    other = CountingEmbedder(WORDS, name="other")
    report = build(documents, index, other)
    assert (report.published, report.embedded) == (True, 4)
    assert top(index, other, "tram depot")[0] == "tram.txt"


def test_what_a_killed_build_embedded_is_kept(
    documents: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    class Killed(BaseException):
        pass

    class KilledAtTheEnd:
        def files(self, done: int, total: int) -> None: ...

        def passages(self, done: int, total: int) -> None:
            if done == total:
                raise Killed

    with pytest.raises(Killed):
        build(documents, tmp_path / "new", embedder, progress=KilledAtTheEnd())
    embedder.embedded.clear()
    report = build(documents, tmp_path / "new", embedder)
    assert (report.snapshot, report.documents, report.embedded) == (1, 3, 0)
    assert check(tmp_path / "new")[1] == []


def test_a_stopped_build_goes_on_from_what_it_embedded(
    tmp_path: Path, embedder: CountingEmbedder
) -> None:
    class StoppedAfter300:
        def files(self, done: int, total: int) -> None: ...

        def passages(self, done: int, total: int) -> None:
            if done >= 300:
                raise KeyboardInterrupt

    files = {f"{n:04}.txt": f"The bees\n\nThey are {n}." for n in range(1000)}
    documents, index = write_files(tmp_path / "many", files), tmp_path / "new"
    with pytest.raises(KeyboardInterrupt):
        build(documents, index, embedder, progress=StoppedAfter300())
    first = set(embedder.embedded)
    embedder.embedded.clear()
    report = build(documents, index, embedder)
    assert (report.snapshot, report.documents, report.passages) == (1, 1000, 1000)
    assert not first & set(embedder.embedded)
    assert len(first) + len(embedder.embedded) == len(first) + report.embedded == 1000
    assert check(index)[1] == []


def test_vectors_that_nothing_uses_any_more_are_forgotten(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    text = (documents / "tram.txt").read_text()
    (documents / "tram.txt").unlink()
    for number in range(3):
        write_files(documents, {"new.txt": f"New\n\nNumber {number}."})
        build(documents, index, embedder)
    write_files(documents, {"tram.txt": text, "new.txt": "New\n\nNumber 2."})
    assert build(documents, index, embedder).embedded == 1  # the tram alone


def test_a_build_that_fails_leaves_the_old_answers(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    class Broken(CountingEmbedder):
        def embed_passages(self, texts: object) -> None:  # type: ignore[override]
            raise IndexProblem("the disk is full")

    before = texts(index, embedder)
    write_files(documents, {"tram.txt": "The tram\n\nGone."})
    with pytest.raises(IndexProblem, match="the disk is full"):
        build(documents, index, Broken(WORDS))
    assert texts(index, embedder) == before
    assert check(index)[1] == []


def test_an_older_snapshot_still_answers_while_a_newer_one_is_built(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    old = Answerer.open(index, embedder)
    before = [h.passage for h in old.ask("honey", 50).hits]
    write_files(documents, {"notes/bees.txt": "Wasps\n\nNo honey."})
    write_files(documents, {"tram.txt": "The tram\n\nChanged."})
    build(documents, index, embedder)
    assert [h.passage for h in old.ask("honey", 50).hits] == before


def test_only_the_last_two_snapshots_are_kept(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    for text in ("One.", "Two.", "Three."):
        write_files(documents, {"tram.txt": f"The tram\n\n{text}"})
        build(documents, index, embedder)
    assert sorted(p.name for p in (index / "snapshots").iterdir()) == ["000003", "000004"]
    assert check(index)[1] == []


@pytest.mark.parametrize("damage", ["vectors/matrix.npy", "forward/terms.npy", "manifest.json"])
def test_building_again_mends_a_damaged_snapshot(
    documents: Path, index: Path, embedder: CountingEmbedder, damage: str
) -> None:
    path = index / "snapshots/000001" / damage
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(IndexDamaged, match=damage):
        Answerer.open(index, embedder)
    embedder.embedded.clear()
    report = build(documents, index, embedder)
    assert report.published
    assert embedder.embedded == []
    assert top(index, embedder, "tram depot")[0] == "tram.txt"


def test_a_flipped_bit_under_an_old_time_is_mended_once_it_was_found(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    path = index / "snapshots/000001/vectors/matrix.npy"
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert build(documents, index, embedder).published is False
    assert len(check(index)[1]) == 1
    assert build(documents, index, embedder).published is True
    assert check(index)[1] == []


def test_a_flipped_bit_under_an_old_time_is_not_carried_into_the_next_snapshot(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    path = index / "snapshots/000001/forward/terms.npy"
    status, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    write_files(documents, {"new.txt": "Bees"})
    assert build(documents, index, embedder).snapshot == 2
    forward = (index / "snapshots/000002/forward/terms.npy").read_bytes()
    assert content not in forward
    assert check(index)[1] == []
    hits = Answerer.open(index, embedder).ask("tram depot", 50, "words").hits
    assert next(hit.passage.document_id for hit in hits) == "tram.txt"


def test_a_copied_index_is_not_built_again(
    documents: Path, index: Path, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    shutil.copytree(index, tmp_path / "copy", copy_function=shutil.copyfile)
    assert build(documents, tmp_path / "copy", embedder).published is False


def test_a_folder_that_moved_is_named_in_the_answers(
    documents: Path, index: Path, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    documents.rename(tmp_path / "moved")
    report = build(tmp_path / "moved", index, embedder)
    assert (report.published, report.changed, report.embedded) == (True, 0, 0)
    hit = Answerer.open(index, embedder).ask("tram").hits[0]
    assert hit.source == str(tmp_path / "moved/tram.txt")


def test_another_build_at_the_same_time_is_refused(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    with (
        FileLock(index / "build.lock"),
        pytest.raises(IndexBusy, match="another build is writing"),
    ):
        build(documents, index, embedder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere is not a folder"):
        build(tmp_path / "nowhere", tmp_path / "index", CountingEmbedder(WORDS))


def test_an_empty_folder_does_not_empty_the_index(
    index: Path, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    (tmp_path / "unmounted").mkdir()
    before = texts(index, embedder)
    with pytest.raises(IndexProblem, match="holds no documents; nothing was changed"):
        build(tmp_path / "unmounted", index, embedder)
    assert texts(index, embedder) == before


def test_an_index_that_cannot_be_written_is_one_clear_error(documents: Path) -> None:
    with pytest.raises(IndexProblem, match="cannot be written"):
        build(documents, Path("/proc/no/index"), CountingEmbedder(WORDS))


def test_links_hidden_files_and_odd_files_are_not_followed(
    documents: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    (tmp_path / "secret.txt").write_text("A secret honey.")
    (documents / "link.txt").symlink_to(tmp_path / "secret.txt")
    (documents / "inside.txt").symlink_to(documents / "tram.txt")
    (documents / "gone.txt").symlink_to(documents / "not there")
    os.mkfifo(documents / "pipe.txt")
    write_files(documents, {".hidden.txt": "Hidden.", ".git/x.txt": "Hidden."})
    report = build(documents, documents / "index", embedder)  # the index inside, too
    assert report.documents == 4
    assert report.unreadable == (
        Unreadable("gone.txt", "No such file or directory"),
        Unreadable("link.txt", "a link to outside the folder; copy the file instead"),
        Unreadable("pipe.txt", "not a regular file"),
    )
    assert build(documents, documents / "index", embedder).published is False


def test_progress_grows_to_its_total(documents: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []

    class Recorder:
        def files(self, done: int, total: int) -> None:
            seen.append(("files", done, total))

        def passages(self, done: int, total: int) -> None:
            seen.append(("passages", done, total))

    build(documents, tmp_path / "new", CountingEmbedder(WORDS), progress=Recorder())
    assert seen == [
        ("files", 0, 3),
        ("files", 1, 3),
        ("files", 2, 3),
        ("files", 3, 3),
        ("passages", 4, 4),
    ]


def test_the_manifest_says_how_it_was_built(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    manifest = snapshot.read_manifest(index)
    assert (manifest.root, manifest.model, manifest.fingerprint, manifest.dimension) == (
        str(documents),
        "counting",
        embedder.fingerprint,
        len(WORDS) + 1,
    )
    assert manifest.chunking == Chunking()
    names = list(manifest.files)
    forward = ["forward/ids.npy", "forward/starts.npy", "forward/terms.npy"]
    vectors = ["codes.faiss", "ids.npy", "matrix.npy", "rounding.json"]
    assert names[:7] == [*forward, *(f"vectors/{name}" for name in vectors)]
    assert names[7:] == sorted(name for name in names if name.startswith("words/"))
    assert "words/meta.json" in names


def damage_row(index: Path, statement: str) -> None:
    import sqlite3

    connection = sqlite3.connect(index / "library.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


def delete_vectors(index: Path) -> None:
    (index / "snapshots/000001/vectors/matrix.npy").unlink()


def cut_library(index: Path) -> None:
    (index / "library.db").write_bytes(b"SQLite format 3\0" + b"\1" * 5000)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (delete_vectors, "matrix.npy cannot be read"),
        (cut_library, "library.db"),
        (lambda i: (i / "library.db").unlink(), "library.db is missing"),
        (
            lambda i: damage_row(
                i, "UPDATE texts SET text = text || '!' WHERE text LIKE 'The tram%'"
            ),
            "tram.txt is not as it was written",
        ),
        (
            lambda i: damage_row(i, "UPDATE passages SET text = 'lie' WHERE id = 1"),
            "passage 1 of center.md is not its text",
        ),
        (
            lambda i: damage_row(i, "UPDATE passages SET terms = terms || 's' WHERE id = 1"),
            "center.md is not as it was written",
        ),
        (
            lambda i: damage_row(i, "UPDATE passages SET sentences = x'' WHERE id = 1"),
            "center.md is not as it was written",
        ),
        (
            lambda i: damage_row(i, "DELETE FROM passages WHERE id = 2"),
            "the library holds Counts",
        ),
        (
            lambda i: damage_row(i, "UPDATE documents SET digest = zeroblob(32)"),
            "not what the snapshot was built from",
        ),
    ],
)
def test_check_finds_damage(index: Path, damage: Callable[[Path], None], message: str) -> None:
    assert check(index)[1] == []
    damage(index)
    assert any(message in fault for fault in check(index)[1]), check(index)[1]
