"""An index of any format that ever was is recognised, and made anew from what it knows.

`formats/` holds the index of the documents of `conftest`, as each format wrote it. The format of
now has one, too: it stays when there is a next one.
"""

import shutil
import zipfile
from pathlib import Path

import pytest

from index import snapshot
from index.build import build
from index.check import check
from index.errors import IndexMismatch
from index.library import LibraryReader
from index.library.schema import VERSION
from index.upkeep import rebuild, root_of
from qa.answerer import Answerer
from tests.fakes import CountingEmbedder
from tests.storage.state import leftovers, state

FORMATS = Path(__file__).parent / "formats"
OLDER = ["1", "2", "3", "4"]
READABLE = ["5-library-4", "5"]


def unpacked(name: str, folder: Path) -> Path:
    with zipfile.ZipFile(FORMATS / f"{name}.zip") as archive:
        archive.extractall(folder / "old")
    return folder / "old"


def test_there_is_one_of_every_format() -> None:
    assert sorted(path.stem for path in FORMATS.iterdir()) == sorted(OLDER + READABLE)
    assert [str(number) for number in range(1, snapshot.FORMAT + 1)] == [*OLDER, READABLE[-1]]


@pytest.mark.parametrize("name", OLDER)
def test_an_older_format_is_told_and_made_anew_with_a_clear_line(
    documents: Path,
    index: Path,
    tmp_path: Path,
    embedder: CountingEmbedder,
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    old = unpacked(name, tmp_path)
    told = f"the index in {old} has format {name}, this version reads {snapshot.FORMAT}"
    with pytest.raises(IndexMismatch) as refused:
        Answerer.open(old, embedder)
    assert str(refused.value) == f"{told}; run `make index`"
    assert root_of(old) == Path("/srv/documents")
    embedder.embedded.clear()
    report = build(documents, old, embedder)
    assert f"{told}: it is made anew, and what was embedded is kept" in caplog.messages
    assert (report.snapshot, report.documents) == (2, 3)
    assert embedder.embedded == []
    assert check(old)[1] == []
    assert state(old) == state(index)
    assert leftovers(old) == []
    assert build(documents, old, embedder).published is False


@pytest.mark.parametrize("name", READABLE)
def test_the_format_of_now_answers_as_it_is(
    index: Path, tmp_path: Path, embedder: CountingEmbedder, name: str
) -> None:
    old = unpacked(name, tmp_path)
    assert check(old)[1] == []
    assert state(old) == state(index)
    assert root_of(old) == Path("/srv/documents")


def test_a_library_of_before_gets_what_it_lacks_and_keeps_everything(
    documents: Path, tmp_path: Path, embedder: CountingEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    old = unpacked("5-library-4", tmp_path)
    before = state(old)
    assert LibraryReader(old, documents, 1).rules() is None
    report = build(documents, old, embedder)
    assert (report.added, report.changed, report.embedded) == (0, 0, 0)
    line = f"{old / 'library.db'} has version 4: it gets version {VERSION}, and keeps everything"
    assert line in caplog.messages
    assert embedder.embedded == []
    assert (state(old), check(old)[1]) == (before, [])
    shutil.rmtree(documents)
    assert rebuild(documents, old, embedder).documents == 3  # from the library alone, now
    assert state(old) == before
