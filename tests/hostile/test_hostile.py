"""Documents are hostile until parsed: each gives its text or is named, and costs no other."""

import os
from pathlib import Path

import pytest

from index import loaders
from index.reading import Load, Read, Refused, read
from index.records import Document
from index.scan import Found, Unreadable, scan
from tests.hostile import corpus


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document | str]:
    """By name, of every file of the corpus, the document or the reason why there is none."""
    folder = corpus.make(tmp_path_factory.mktemp("hostile"))
    entries = list(scan(folder, loaders.SUFFIXES, folder / "none"))
    told: dict[str, Document | str] = {
        entry.id: entry.reason for entry in entries if isinstance(entry, Unreadable)
    }
    found = [entry for entry in entries if isinstance(entry, Found)]
    for outcome in read(folder, found):
        read_well = isinstance(outcome, Read)
        told[outcome.file.id] = outcome.document if read_well else outcome.reason
    return told


def test_every_file_gives_its_text_or_is_named(outcomes: dict[str, Document | str]) -> None:
    assert outcomes.keys() == corpus.CORPUS.keys() | {"good.txt"}
    assert all(outcomes.values())
    good = outcomes["good.txt"]
    assert isinstance(good, Document)
    assert good.text == "A good file among bad ones."


def test_nothing_outside_the_folder_is_read(outcomes: dict[str, Document | str]) -> None:
    for name, outcome in outcomes.items():
        said = outcome if isinstance(outcome, str) else outcome.title + outcome.text
        assert corpus.SECRET not in said, name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *(
            (f"bomb.{kind}", "it unpacks to more than 200 times its size")
            for kind in corpus.PACKAGES
        ),
        ("crowded.epub", "too large: 25,000 files inside, the limit is 20,000"),
        ("deep.html", "nested too deeply to be read"),
        ("pipe.txt", "not a regular file"),
        ("device.txt", "a link to outside the folder"),
        ("outside.txt", "a link to outside the folder"),
        ("folder", "a link to a folder outside"),
    ],
)
def test_the_reason_is_said(outcomes: dict[str, Document | str], name: str, reason: str) -> None:
    assert reason in str(outcomes[name])


@pytest.mark.parametrize("name", [name for name in corpus.CORPUS if name.startswith("laughs")])
def test_entities_do_not_grow(outcomes: dict[str, Document | str], name: str) -> None:
    outcome = outcomes[name]
    assert isinstance(outcome, str) or len(outcome.text) < 1_000


def test_what_is_inside_a_document_is_not_opened(outcomes: dict[str, Document | str]) -> None:
    outer = outcomes["nested.docx"]
    assert isinstance(outer, Document)
    assert outer.text == "The outer text is read."


def appends(root: Path, path: Path) -> Document:
    document = loaders.load(root, path)
    with path.open("a") as file:
        file.write(" More.")
    return document


def replaces(root: Path, path: Path) -> Document:
    document = loaders.load(root, path)
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"x" * status.st_size)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)
    return document


@pytest.mark.parametrize("load", [appends, replaces])
def test_a_file_that_changes_while_it_is_read_is_named_and_read_next_time(
    tmp_path: Path, load: Load
) -> None:
    (tmp_path / "a.txt").write_text("Some text.")
    (entry,) = scan(tmp_path, loaders.SUFFIXES, tmp_path / "none")
    assert isinstance(entry, Found)
    (outcome,) = read(tmp_path, [entry], load, workers=0)
    reason = "it changed while it was read; index once more"
    assert outcome == Refused(entry, reason, lasting=False)


@pytest.mark.deep
def test_a_line_of_100_megabytes_is_one_document(tmp_path: Path) -> None:
    path = tmp_path / "line.txt"
    path.write_text("word " * 12_000_000 + "w" * 39_000_000)
    (entry,) = scan(tmp_path, loaders.SUFFIXES, tmp_path / "none")
    assert isinstance(entry, Found)
    (outcome,) = read(tmp_path, [entry])
    assert isinstance(outcome, Refused)
    assert "too large: text of 99 MB, the limit is 64 MB" in outcome.reason
