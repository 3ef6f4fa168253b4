"""Files that are written once, and places that are the same after loading."""

import os
from pathlib import Path

import pytest

from scripts.evaluation.files import File, Places, load, write_changed
from scripts.evaluation.records import DataProblem


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "documents"
    assert write_changed(folder, [File("a", "1"), File("b", "2"), File("c", "3")]) == {*"abc"}
    os.utime(folder / "a", (1, 1))
    assert write_changed(folder, [File("a", "1"), File("b", "other")]) == {"b"}
    assert (folder / "a").stat().st_mtime == 1
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a": "1", "b": "other"}


def places(tmp_path: Path, written: str) -> tuple[Places, str]:
    write_changed(tmp_path, [File("a.txt", written)])
    document = load(tmp_path, "a.txt")
    return Places(written, document), document.text


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("one two three", "two"),
        ("\n\none  \ntwo three\n", "two"),  # space goes at the ends of lines
        ("\ufeffone\xad two\xa0three", "two\xa0three"),  # invisible characters go
        ("one\r\ntwo", "two"),
        ("one two", "two"),  # to the very end
        ("one", "one"),
    ],
)
def test_a_span_is_found_again_in_what_was_loaded(
    tmp_path: Path, written: str, wanted: str
) -> None:
    found, text = places(tmp_path, written)
    start = written.index(wanted)
    first, last = found.span(start, start + len(wanted))
    assert text[first:last] == wanted.replace("\xa0", " ")


def test_a_loader_that_changes_letters_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match="not in the text that was loaded"):
        places(tmp_path, "cafe\u0301 au lait")  # becomes one character in NFC


def test_text_that_nobody_wrote_is_found_out(tmp_path: Path) -> None:
    write_changed(tmp_path, [File("a.txt", "one two")])
    with pytest.raises(DataProblem, match="more was loaded"):
        Places("one", load(tmp_path, "a.txt"))


def test_a_span_of_space_alone_is_no_span(tmp_path: Path) -> None:
    found, _ = places(tmp_path, "one  \ntwo")
    with pytest.raises(DataProblem, match="was loaded as ''"):
        found.span(3, 5)
