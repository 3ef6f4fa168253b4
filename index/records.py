"""The records that pass between the stages, and the laws they keep.

Offsets are Unicode code points, as Python's ``str`` counts them, here and in the API.
"""

import unicodedata
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Section:
    """A run of text under one heading: from `start` to the next section's start.

    `heading` is the path from the outermost heading to this one, () before the first.
    """

    start: int
    heading: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One file's text, extracted.

    Attributes:
        id: path relative to the documents' root, separated by "/".
        title: from the document itself, else its first heading, else its file name.
        text: NFC, "\\n" line ends, no NUL, no surrogates, not blank.
        sections: ascending by start, the first at 0, every start within the text.
        pages: start offsets of the pages, ascending, the first 0; () where a format
            has no pages. An empty page starts where the next one does.
        source: absolute path of the file.
        modified: last modification, POSIX seconds.

    Raises:
        ValueError: a law above is broken, which is a loader's defect.
    """

    id: str
    title: str
    text: str
    sections: tuple[Section, ...]
    pages: tuple[int, ...]
    source: str
    modified: float

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError(f"{self.id}: text is blank")
        if not self.title.strip():
            raise ValueError(f"{self.id}: title is blank")
        if not unicodedata.is_normalized("NFC", self.text):
            raise ValueError(f"{self.id}: text is not NFC")
        if "\r" in self.text or "\0" in self.text:
            raise ValueError(f"{self.id}: text holds a carriage return or NUL")
        self.text.encode()  # a lone surrogate raises UnicodeEncodeError, a ValueError
        starts = [section.start for section in self.sections]
        if not starts or starts[0] != 0 or starts[-1] >= len(self.text):
            raise ValueError(f"{self.id}: sections do not cover the text")
        if any(a >= b for a, b in pairwise(starts)):
            raise ValueError(f"{self.id}: sections are not in order")
        if self.pages and (self.pages[0] != 0 or self.pages[-1] > len(self.text)):
            raise ValueError(f"{self.id}: pages do not cover the text")
        if any(a > b for a, b in pairwise(self.pages)):
            raise ValueError(f"{self.id}: pages are not in order")


@dataclass(frozen=True, slots=True)
class Passage:
    """A few whole sentences of one document, the unit that is found and shown.

    Law: ``text == document.text[start:end]``.

    Attributes:
        id: 64-bit, given once and never again.
        document_id: the `Document.id` it is cut from.
        start, end: code points into the document's text.
        heading: heading path of the section it stands in.
        page: 1-based page on which it starts, None where the format has no pages.
        text: the passage itself.
    """

    id: int
    document_id: str
    start: int
    end: int
    heading: tuple[str, ...]
    page: int | None
    text: str

    def overlaps(self, other: "Passage") -> bool:
        """Whether both share text of one document."""
        return (
            self.document_id == other.document_id
            and self.start < other.end
            and other.start < self.end
        )

    def after(self, line: str) -> int:
        """Offset into `text` of what follows `line`, where it is the passage's first; else 0.

        A passage that opens a section begins with its heading, which is also told apart.
        """
        if not self.text.startswith(f"{line}\n"):
            return 0
        return len(self.text) - len(self.text[len(line) :].lstrip())


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a passage: ``passage.text[start:end]``.

    `first` is how many of the passage's terms stand before it, those of title and headings
    among them.
    """

    start: int
    end: int
    first: int
