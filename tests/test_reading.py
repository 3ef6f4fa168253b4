"""Files give the same documents however many processes read them, and a crash costs one."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from index import loaders
from index.reading import Read, Refused, read
from index.records import Document
from index.scan import Found, scan
from tests.conftest import FILES, write_files


def found(root: Path) -> list[Found]:
    entries = scan(root, loaders.SUFFIXES, root / "none")
    return [entry for entry in entries if isinstance(entry, Found)]


def crashes_at_bees(root: Path, path: Path) -> Document:
    if path.stem == "bees":
        os.kill(os.getpid(), signal.SIGSEGV)
    return loaders.load(root, path)


def titled_by_process(root: Path, path: Path) -> Document:
    return replace(loaders.load(root, path), title=str(os.getpid()))


class CannotBeSent:
    """A way to load that ends the process it is sent to."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (4,)

    def __call__(self, root: Path, path: Path) -> Document:
        return loaders.load(root, path)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    texts = {f"{n:02}.md": f"# Number {n}\n\nIt is {n}.\n\n## More\n\nText." for n in range(40)}
    html = {"page.html": "<title>Page</title><p>A paragraph that says something of the tram."}
    return write_files(tmp_path / "many", {**FILES, **texts, **html, "empty.txt": ""})


def test_several_processes_give_what_one_gives_in_the_same_order(many: Path) -> None:
    files = found(many)
    serial = list(read(many, files, workers=0))
    assert [outcome.file for outcome in serial] == files
    assert list(read(many, files, workers=3)) == list(read(many, files)) == serial
    assert [type(outcome) for outcome in serial].count(Refused) == 1


def test_a_document_comes_with_the_sum_of_its_bytes(documents: Path) -> None:
    for outcome in read(documents, found(documents)):
        assert isinstance(outcome, Read)
        assert outcome.sha256 == sha256(outcome.file.path.read_bytes()).digest()
        assert outcome.document == loaders.load(documents, outcome.file.path)


def test_a_file_that_crashes_its_reader_is_named_and_the_others_are_read(documents: Path) -> None:
    files = found(documents)
    center, tram, bees = read(documents, files, crashes_at_bees, workers=2)
    assert isinstance(center, Read)
    assert isinstance(tram, Read)
    reason = "it crashed the program that read it (SIGSEGV)"
    assert bees == Refused(files[2], reason, lasting=False)


def test_what_is_wrong_with_the_bytes_lasts_and_what_is_round_them_may_pass(
    tmp_path: Path,
) -> None:
    write_files(tmp_path, {"empty.txt": "", "gone.txt": "Gone."})
    files = found(tmp_path)
    (tmp_path / "gone.txt").unlink()
    empty, gone = read(tmp_path, files)
    assert empty == Refused(files[0], "empty: the file has no content", lasting=True)
    assert gone == Refused(files[1], "cannot be opened: no such file or directory", lasting=False)


@pytest.mark.parametrize(("suffix", "here"), [("txt", True), ("html", False)])
def test_few_plain_files_are_read_here_and_others_never(
    tmp_path: Path, suffix: str, here: bool
) -> None:
    write_files(tmp_path, {f"a.{suffix}": "<p>The tram reaches the harbor in the month of May."})
    (outcome,) = read(tmp_path, found(tmp_path), titled_by_process)
    assert isinstance(outcome, Read)
    assert (outcome.document.title == str(os.getpid())) is here


def test_without_processes_files_are_read_here(
    documents: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = found(documents)
    outcomes = list(read(documents, files, CannotBeSent(), workers=2))
    assert outcomes == list(read(documents, files, workers=0))
    assert "read one after the other" in caplog.text
