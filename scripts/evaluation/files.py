"""Data sets as folders of files, and where a place in what was written is in what is loaded."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index import loaders
from index.records import Document
from scripts.evaluation.records import DataProblem


@dataclass(frozen=True, slots=True)
class File:
    """A file to write: its path below the folder, and its text."""

    name: str
    text: str


def write_changed(folder: Path, files: Iterable[File]) -> frozenset[str]:
    """Make `folder` hold these files and no others; give the names that were written.

    A file that is the same already isn't touched, so that a build finds it unchanged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stale = {path.name for path in folder.iterdir()}
    written = set()
    for file in files:
        path, raw = folder / file.name, file.text.encode()
        if file.name not in stale or path.read_bytes() != raw:
            path.write_bytes(raw)
            written.add(file.name)
        stale.discard(file.name)
    for name in stale:
        (folder / name).unlink()
    return frozenset(written)


def load(folder: Path, name: str) -> Document:
    return loaders.load(folder, folder / name)


class Places:
    """Where offsets into a file's text are in the document loaded from it.

    A loader may leave characters out and make spaces and line ends plain. Whatever else it
    did would move the spans without a word, so it is refused.
    """

    def __init__(self, written: str, document: Document) -> None:
        """
        Raises:
            DataProblem: the document's text isn't what was written.
        """
        self._written, self._document = written, document
        self._moved = np.zeros(len(written) + 1, np.int64)
        text, at = document.text, 0
        for offset, character in enumerate(written):
            self._moved[offset] = at
            if at < len(text) and _plain(character) == text[at]:
                at += 1
            elif not _may_go(character):
                raise DataProblem(
                    f"{document.id}: {character!r} at {offset} is not in the text that was loaded"
                )
        self._moved[len(written)] = at
        if at != len(text):
            raise DataProblem(f"{document.id}: more was loaded than was written")

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets into what was written → offsets into the document's text.

        Raises:
            DataProblem: the text there isn't the same, spaces aside, or there is none.
        """
        first, last = int(self._moved[start]), int(self._moved[end])
        wanted, found = self._written[start:end], self._document.text[first:last]
        if not found or _letters(wanted) != _letters(found):
            raise DataProblem(f"{self._document.id}: {wanted!r} at {start} was loaded as {found!r}")
        return first, last


def _plain(character: str) -> str:
    return " " if character == "\xa0" else character


def _may_go(character: str) -> bool:
    return character.isspace() or not character.isprintable()


def _letters(text: str) -> str:
    return "".join(character for character in text if not _may_go(character))
