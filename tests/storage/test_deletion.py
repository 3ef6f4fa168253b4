"""A document that was deleted answers nothing from then on, and nothing is left of it."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from index import library, snapshot
from index.absence import traces
from index.build import build
from index.check import check
from index.library import LibraryWriter
from index.upkeep import compact
from qa.answerer import Answerer
from qa.app import create_app
from qa.cli import main
from qa.live import Live
from qa.records import Mode
from tests.conftest import write_files
from tests.fakes import CountingEmbedder
from tests.storage import builder

MODES: tuple[Mode, ...] = ("hybrid", "meaning", "words")

# A worker that opens what is published, and then looks for nothing new: it answers as one does
# between two looks. Each line of its input is a document's id.
WORKER = """
import json, sys
from pathlib import Path
from qa.answerer import Answerer
from tests.fakes import CountingEmbedder
from tests.storage.builder import WORDS
answerer = Answerer.open(Path(sys.argv[1]), CountingEmbedder(WORDS))
print("ready", flush=True)
for line in sys.stdin:
    found = {
        hit.passage.document_id
        for mode in ("hybrid", "meaning", "words")
        for hit in answerer.ask("the bees gave honey", 50, mode).hits
    }
    by_id = answerer.document(line.strip()) is not None
    print(json.dumps([sorted(found), by_id]), flush=True)
"""


def test_a_deleted_document_answers_nothing_in_any_running_worker(
    documents: Path, index: Path
) -> None:
    def ask(worker: "subprocess.Popen[str]") -> list[object]:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write("notes/bees.txt\n")
        worker.stdin.flush()
        answered: list[object] = json.loads(worker.stdout.readline())
        return answered

    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(index)],
            cwd=builder.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
            assert ask(worker) == [["center.md", "notes/bees.txt", "tram.txt"], True]
        (documents / "notes/bees.txt").unlink()
        done = builder.run(builder.command(documents, index))
        assert done.returncode == 0, done.stderr
        for worker in workers:
            assert ask(worker) == [["center.md", "tram.txt"], False]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def test_it_answers_nothing_over_http_before_the_server_has_looked(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    live = Live(index, embedder)
    live.refresh()
    client = create_app(live).test_client()
    assert client.get("/documents/notes/bees.txt").status_code == 200
    (documents / "notes/bees.txt").unlink()
    build(documents, index, embedder)
    assert client.get("/documents/notes/bees.txt").status_code == 404
    for mode in MODES:
        body = client.post("/ask", json={"question": "bees honey", "limit": 50, "mode": mode})
        assert b"notes/bees" not in body.data
        assert body.get_json()["index"]["snapshot"] == 1
    assert b"notes/bees" not in client.get("/?q=bees").data


@pytest.mark.parametrize("gone", ["deleted", "emptied", "renamed"])
def test_however_it_went(
    documents: Path, index: Path, embedder: CountingEmbedder, gone: str
) -> None:
    live = Live(index, embedder)
    live.refresh()
    path = documents / "notes/bees.txt"
    if gone == "renamed":
        path.rename(documents / "hives.txt")
    elif gone == "emptied":
        path.write_bytes(b"")
    else:
        path.unlink()
    build(documents, index, embedder)
    assert live().document("notes/bees.txt") is None
    assert not any("honey" in hit.passage.text for hit in live().ask("honey", 50).hits)


def test_a_document_that_changed_answers_as_before_until_the_server_has_looked(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    live = Live(index, embedder)
    live.refresh()
    write_files(documents, {"notes/bees.txt": "Notes on bees\n\nThe bees flew.\n"})
    build(documents, index, embedder)
    assert "honey" in live().ask("bees").hits[0].passage.text
    live.refresh()
    assert "flew" in live().ask("bees").hits[0].passage.text


def test_a_build_that_was_killed_before_deleting_does_it_the_next_time(
    documents: Path, index: Path, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    (documents / "tram.txt").unlink()
    shutil.copytree(index, tmp_path / "before")
    build(documents, index, embedder)
    # as after a kill between publishing and deleting: the old rows under the new snapshot
    path = index / "library.db"
    with LibraryWriter(tmp_path / "before") as writer:
        writer.retire(["tram.txt"], 2)
        writer.commit()
    shutil.copyfile(tmp_path / "before/library.db", path)
    (index / "library.sum").unlink()
    build(documents, index, embedder)
    assert not any("tram.txt" in trace for trace in traces(index, "tram.txt"))


def holding(index: Path, word: bytes) -> list[str]:
    """Files of the index that hold these bytes, however they are called."""
    return sorted(
        str(path.relative_to(index))
        for path in index.rglob("*")
        if path.is_file() and word in path.read_bytes().lower()
    )


def test_after_a_compaction_nothing_is_left_of_it_in_any_file(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    many = {f"{n}.txt": f"Paper {n}\n\nAbout zymurgist{n} and the bees of {n}." for n in range(40)}
    secret = "The secret\n\nThe quixotic xylophonist plays in Zanzibar.\n"
    write_files(documents, {**many, "secret.txt": secret})
    build(documents, index, embedder)
    vector = embedder.embed_question("The secret\n" + secret.split("\n\n")[1].strip())
    assert "library.db" in holding(index, b"quixotic xylophonist")
    (documents / "secret.txt").unlink()
    build(documents, index, embedder)
    left = "\n".join(traces(index, "secret.txt"))
    assert "library.db may hold text that was deleted; run `citewell index --compact`" in left
    assert "000002 holds vectors or words of deleted documents" in left
    assert "000003 holds vectors or words of deleted documents" in left
    before = check(index)[0]
    report = compact(documents, index, embedder)
    assert (report.documents, report.embedded, report.published) == (43, 0, True)
    assert list(traces(index, "secret.txt")) == []
    for word in (b"quixot", b"xylophonist", b"zanzibar", b"secret.txt", vector.tobytes()):
        assert holding(index, word) == []
    assert holding(index, b"zymurgist7")
    manifest, faults = check(index)
    assert faults == []
    assert (manifest.documents, manifest.content) == (before.documents, before.content)
    assert [path.name for path in (index / "snapshots").iterdir()] == ["000004"]


def test_a_compaction_makes_even_free_pages_new(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    """Some builds of SQLite clear what is deleted, others leave it where it was."""
    (index / "library.sum").unlink()
    with closing(sqlite3.connect(index / "library.db")) as deleting:
        deleting.execute("PRAGMA secure_delete = OFF")
        for statement in (
            "INSERT INTO refused VALUES('xylophone', 1, 1, '')",
            "DELETE FROM refused",
        ):
            with deleting:
                deleting.execute(statement)
    assert "library.db" in holding(index, b"xylophone")
    compact(documents, index, embedder)
    assert holding(index, b"xylophone") == []


def test_a_server_answers_on_over_a_compaction(
    documents: Path, index: Path, embedder: CountingEmbedder
) -> None:
    live = Live(index, embedder)
    live.refresh()
    compact(documents, index, embedder)
    assert live().info.snapshot == 1
    for mode in MODES:
        assert live().ask("bees", 50, mode).hits[0].passage.document_id == "notes/bees.txt"
    live.refresh()
    assert live().info.snapshot == 2


def test_what_is_there_is_not_absent(documents: Path, index: Path) -> None:
    held = f"{index / 'library.db'} holds tram.txt; delete the file and run `citewell index`"
    assert list(traces(index, "tram.txt")) == [held]
    assert list(traces(index, str(documents / "tram.txt"))) == [held]
    assert list(traces(index, "never.txt")) == []


@pytest.mark.parametrize("table", ["documents", "refused"])
def test_the_name_of_a_file_that_gave_no_text_is_a_trace(
    documents: Path, index: Path, embedder: CountingEmbedder, table: str
) -> None:
    if table == "refused":
        write_files(documents, {"tram.txt": ""})
        build(documents, index, embedder)
    compact(documents, index, embedder)
    assert [trace.split("; ")[0] for trace in traces(index, "tram.txt")] == [
        f"{index / 'library.db'} holds tram.txt"
    ]


def test_the_command_proves_it(documents: Path, index: Path, embedder: CountingEmbedder) -> None:
    def absent(name: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["check", "--absent", name, "--index", str(index)])
        return done.exit_code, done.output

    (documents / "tram.txt").unlink()
    build(documents, index, embedder)
    status, said = absent("tram.txt")
    assert status == 1
    assert "citewell: something is left of tram.txt, or may be" in said
    compact(documents, index, embedder)
    status, said = absent("tram.txt")
    assert (status, said.splitlines()[-1]) == (
        0,
        "absent: no passage, vector, word or stored text of tram.txt",
    )


def test_a_snapshot_that_is_replaced_while_it_is_opened_is_no_damage(
    documents: Path, index: Path, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows may be deleted between the reading of the manifest and that of the library."""
    verify = library.verify
    times: list[int] = []

    def build_meanwhile(folder: Path, root: Path, number: int) -> None:
        if not times:
            times.append(number)
            (documents / "tram.txt").unlink()
            build(documents, index, embedder)
        verify(folder, root, number)

    monkeypatch.setattr(library, "verify", build_meanwhile)
    assert Answerer.open(index, embedder).info.snapshot == 2
    assert times == [1]
    assert snapshot.read_manifest(index).documents == 2
