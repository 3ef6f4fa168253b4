"""An archive holds what cannot be derived, any version restores it, and none is trusted."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from index import archive
from index.archive import BODY, HEAD, Archive, dump
from index.build import build
from index.check import check
from index.errors import ArchiveProblem, IndexDamaged, IndexMissing, IndexProblem
from index.upkeep import restore
from qa.answerer import Answerer
from qa.cli import main
from tests.conftest import FILES, WORDS, write_files
from tests.fakes import CountingEmbedder
from tests.loaders.makers import pdf

QUESTIONS = ("the bees of the center", "tram depot", "who leads", "budget")


def answers(index: Path, embedder: CountingEmbedder) -> list[tuple[object, ...]]:
    """All that an answer tells but the numbers of passages, which each index gives itself."""
    answerer = Answerer.open(index, embedder)
    return [
        (
            hit.passage.document_id,
            hit.title,
            hit.source,
            hit.passage.start,
            hit.passage.end,
            hit.passage.heading,
            hit.passage.page,
            hit.passage.text,
            hit.scores,
            hit.highlights,
            hit.confidence,
            hit.matched,
        )
        for question in QUESTIONS
        for hit in answerer.ask(question, 50).hits
    ]


@pytest.fixture
def archived(index: Path, tmp_path: Path) -> Path:
    file = tmp_path / "archive.zip"
    assert dump(index, file) == 3
    return file


def test_what_is_restored_answers_as_what_was_dumped(
    documents: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    write_files(documents, {f"{n}.md": f"# Bees {n}\n\n## Of {n}\n\nBees, {n}." for n in range(9)})
    pdf(documents / "paper.pdf", [[(72, 700, "The tram leads to the depot.")]])
    index, again, file = tmp_path / "index", tmp_path / "again", tmp_path / "archive.zip"
    build(documents, index, embedder)
    (documents / "3.md").unlink()  # so that numbers are not those of a build from nothing
    build(documents, index, embedder)
    before = answers(index, embedder)
    assert {hit[6] for hit in before} == {None, 1}
    dump(index, file)
    documents.rename(tmp_path / "away")
    report = restore(file, again, embedder)
    assert (report.snapshot, report.documents, report.added) == (1, 12, 12)
    assert check(again)[1] == []
    assert answers(again, embedder) == before
    dump(again, tmp_path / "second.zip")
    assert (tmp_path / "second.zip").read_bytes() == file.read_bytes()


def test_the_next_build_finds_the_files_unchanged(
    documents: Path, archived: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    restore(archived, tmp_path / "again", embedder)
    report = build(documents, tmp_path / "again", embedder)
    assert (report.published, report.embedded) == (False, 0)
    write_files(documents, {"tram.txt": "The tram\n\nIt rests."})
    assert build(documents, tmp_path / "again", embedder).changed == 1


def test_another_model_may_restore_it(archived: Path, tmp_path: Path) -> None:
    other = CountingEmbedder(WORDS, name="other")
    assert restore(archived, tmp_path / "again", other).embedded == 4
    assert Answerer.open(tmp_path / "again", other).ask("honey").hits[0].passage.document_id == (
        "notes/bees.txt"
    )


def test_no_derived_data_is_in_it(archived: Path) -> None:
    with zipfile.ZipFile(archived) as opened:
        assert opened.namelist() == [BODY, HEAD]
        head = json.loads(opened.read(HEAD))
        lines = [json.loads(line) for line in opened.read(BODY).splitlines()]
    assert set(head) == {
        "format", "root", "model", "loaders", "chunking", "documents", "bytes", "sha256"
    }  # fmt: skip
    assert [line["id"] for line in lines] == ["center.md", "tram.txt", "notes/bees.txt"]
    assert set(lines[0]) == {
        "id", "title", "text", "sections", "pages", "size", "mtime_ns", "sha256"
    }  # fmt: skip
    assert lines[1]["sha256"] == hashlib.sha256(FILES["tram.txt"].encode()).hexdigest()


@pytest.mark.parametrize("derived", ["CURRENT", "snapshots"])
def test_damaged_derived_files_do_not_matter(
    index: Path, archived: Path, tmp_path: Path, derived: str
) -> None:
    path = index / derived
    shutil.rmtree(path) if path.is_dir() else path.write_bytes(b"?")
    dump(index, tmp_path / "second.zip")
    assert (tmp_path / "second.zip").read_bytes() == archived.read_bytes()


def test_a_damaged_library_is_not_dumped(index: Path, tmp_path: Path) -> None:
    content = bytearray((index / "library.db").read_bytes())
    content[-1] ^= 1
    (index / "library.db").write_bytes(content)
    with pytest.raises(IndexDamaged, match=r"library\.db is altered"):
        dump(index, tmp_path / "archive.zip")
    assert not list(tmp_path.glob("*.zip*"))


def test_where_nothing_is_there_is_nothing_to_dump(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="there is no index in"):
        dump(tmp_path / "none", tmp_path / "archive.zip")


def test_neither_a_file_nor_an_index_is_written_over(
    index: Path, archived: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    before = archived.read_bytes()
    with pytest.raises(ArchiveProblem, match=r"archive\.zip is there already; name another file"):
        dump(index, archived)
    assert archived.read_bytes() == before
    with pytest.raises(IndexProblem, match=r"there is an index in .*; name another folder"):
        restore(archived, index, embedder)
    assert check(index)[1] == []


def test_a_disk_that_refuses_leaves_no_part_of_an_archive(index: Path) -> None:
    with pytest.raises(ArchiveProblem, match=r"/proc/archive\.zip cannot be written"):
        dump(index, Path("/proc/archive.zip"))


Head = dict[str, Any]
Lines = list[dict[str, Any]]


def rewritten(file: Path, change: Callable[[Head, Lines], None]) -> None:
    """The archive as another would have written it, with sums that hold."""
    with zipfile.ZipFile(file) as opened:
        head = json.loads(opened.read(HEAD))
        lines = [json.loads(line) for line in opened.read(BODY).splitlines()]
    change(head, lines)
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    sums = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    written(file, {BODY: body, HEAD: json.dumps({**sums, **head, **sums}).encode()})


def written(file: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(file, "w", method) as opened:
        for name, content in members.items():
            opened.writestr(name, content)


def set_in(field: str, value: object) -> Callable[[Head, Lines], None]:
    return lambda head, lines: lines[1].update({field: value})


def set_head(field: str, value: object) -> Callable[[Head, Lines], None]:
    return lambda head, lines: head.update({field: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_in("id", "../secret.txt"), "has the name '../secret.txt'"),
        (set_in("id", "/etc/passwd"), "has the name '/etc/passwd'"),
        (set_in("id", "a/../../b.txt"), "has the name"),
        (set_in("id", "a//b.txt"), "has the name"),
        (set_in("id", "./b.txt"), "has the name"),
        (set_in("id", "a\0b"), "has the name"),
        (set_in("id", ""), "id String should have at least 1"),
        (set_in("id", "center.md"), "document 2 has the name 'center.md'"),
        (set_in("id", 7), "id Input should be a valid string"),
        (set_in("text", " "), "text is blank"),
        (set_in("text", "a\0b"), "holds a carriage return or NUL"),
        (set_in("text", "a\ud800"), "document 2 is not as it must be"),
        (set_in("sections", [[5, []]]), "sections do not cover the text"),
        (set_in("sections", [[0, "x"]]), "sections.0.1 Input should be a valid array"),
        (set_in("pages", [3]), "pages do not cover the text"),
        (set_in("pages", [True]), "pages.0 Input should be a valid integer"),
        (set_in("size", -1), "size Input should be greater"),
        (set_in("mtime_ns", 2**63), "mtime_ns Input should be less"),
        (set_in("mtime_ns", 1e300), "mtime_ns Input should be a valid integer"),
        (set_in("sha256", "0" * 63), "sha256 String should match"),
        (set_in("more", 1), "more Extra inputs are not permitted"),
        (lambda head, lines: lines[0].pop("title"), "title Field required"),
        (lambda head, lines: lines.pop(), "holds 2 documents and says 3"),
        (set_head("format", 2), "has format 2, this version reads 1"),
        (set_head("format", True), "format Input should be a valid integer"),
        (set_head("root", ""), "root String should have at least 1"),
        (set_head("chunking", {"size": 0, "overlap": 0, "context": 0}), "chunking.size Input"),
        (set_head("chunking", {"size": 5, "overlap": 5, "context": 0}), "not a way to cut"),
        (set_head("documents", 4), "holds 3 documents and says 4"),
        (set_head("more", 1), "more Extra inputs are not permitted"),
    ],
)
def test_what_no_document_may_hold_is_refused(
    archived: Path,
    tmp_path: Path,
    embedder: CountingEmbedder,
    change: Callable[[Head, Lines], None],
    message: str,
) -> None:
    rewritten(archived, change)
    with pytest.raises(ArchiveProblem) as refused:
        restore(archived, tmp_path / "again", embedder)
    assert message in str(refused.value)
    with pytest.raises(IndexMissing, match="there is no index"):
        Answerer.open(tmp_path / "again", embedder)


def test_an_archive_that_is_refused_leaves_room_for_another(
    index: Path, archived: Path, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    rewritten(archived, lambda head, lines: lines[2].pop("title"))
    with pytest.raises(ArchiveProblem, match="document 3 is not as it must be: title Field req"):
        restore(archived, tmp_path / "again", embedder)
    dump(index, tmp_path / "good.zip")
    assert restore(tmp_path / "good.zip", tmp_path / "again", embedder).documents == 3
    assert answers(tmp_path / "again", embedder) == answers(index, embedder)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "not an archive of documents: it holds []"),
        ({HEAD: b"{}"}, "not an archive of documents"),
        ({HEAD: b"{}", BODY: b"", "../x": b""}, "not an archive of documents"),
        ({HEAD: b"", BODY: b""}, "does not tell its format"),
        ({HEAD: b"[" * 100_000, BODY: b""}, "does not tell its format"),
        ({HEAD: b'{"format": 1}', BODY: b""}, "root Field required"),
        ({HEAD: b"{}", BODY: b" " * 100_000_000}, "would grow more than 200 times"),
    ],
)
def test_what_is_no_archive_is_refused(
    tmp_path: Path, members: dict[str, bytes], message: str
) -> None:
    written(tmp_path / "archive.zip", members)
    with pytest.raises(ArchiveProblem) as refused:
        Archive(tmp_path / "archive.zip")
    assert message in str(refused.value)


def test_a_body_that_is_not_what_the_head_says_is_refused(archived: Path) -> None:
    with zipfile.ZipFile(archived) as opened:
        head, body = opened.read(HEAD), opened.read(BODY)
    written(archived, {BODY: body.replace(b"honey", b"money"), HEAD: head})
    with pytest.raises(ArchiveProblem, match=r"documents\.jsonl is altered"):
        Archive(archived)


def test_a_line_without_end_is_not_read_to_its_end(
    archived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_LINE", 100)
    with pytest.raises(ArchiveProblem, match="document 1 is longer than 100 bytes"):
        list(Archive(archived).documents())


def test_every_cut_and_every_flipped_byte_is_refused_or_without_effect(archived: Path) -> None:
    whole = archived.read_bytes()
    documents = list(Archive(archived).documents())
    refused = 0
    for place in range(0, len(whole), 7):
        for altered in (
            whole[:place],
            whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :],
        ):
            archived.write_bytes(altered)
            try:
                assert list(Archive(archived).documents()) == documents
            except ArchiveProblem:
                refused += 1
    assert refused > len(whole) // 7


def test_the_commands_dump_and_restore_say_what_they_do(index: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "archive.zip")
    done = CliRunner().invoke(main, ["dump", file, "--index", str(index)])
    assert (done.exit_code, done.output) == (0, f"{file}: 3 documents\n")
    done = CliRunner().invoke(main, ["restore", str(index / "CURRENT"), "--index", file + ".d"])
    assert done.exit_code == 1
    assert "CURRENT is damaged, or no archive" in done.output
