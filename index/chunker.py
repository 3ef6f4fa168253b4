"""Document → passages: whole sentences, never across a heading, sized in tokens."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from index.records import Document, Passage, Section
from index.sentences import sentences

CountTokens = Callable[[Sequence[str]], list[int]]
"""Texts to their lengths in the embedder's own tokens, special tokens not counted."""

# A tokenizer may answer one [UNK] for a word of any length. Prose has four to five
# characters a token, so this bound is felt only by text that has no words.
_CHARACTERS_PER_TOKEN = 8

# The special tokens that a model puts round its input, [CLS] and [SEP] for instance.
_SPECIAL_TOKENS = 2


@dataclass(frozen=True, slots=True)
class Chunking:
    """How documents are cut. All in tokens of the embedding model.

    Attributes:
        size: most tokens in a passage.
        overlap: most tokens repeated from the passage before, whole sentences where they fit.
        context: most tokens of title and headings put in front of what is embedded.
    """

    # Chosen on articles of SQuAD dev and the sample questions; the table over size, overlap
    # and context is in docs/retrieval.md.
    size: int = 128
    overlap: int = 43
    context: int = 48

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 <= self.overlap < self.size or self.context < 0:
            raise ValueError(f"not a way to cut: {self}")

    def fitted(self, max_tokens: int) -> "Chunking":
        """The same, made smaller where a model reads at most `max_tokens` at once."""
        context = min(self.context, max_tokens // 4)
        size = max(1, min(self.size, max_tokens - context - _SPECIAL_TOKENS))
        return replace(self, size=size, overlap=min(self.overlap, size - 1), context=context)


@dataclass(frozen=True, slots=True)
class _Unit:
    start: int
    end: int
    cost: int


def chunk(
    document: Document, chunking: Chunking, count_tokens: CountTokens, ids: Iterator[int]
) -> list[Passage]:
    """Cut a document into passages, in order.

    Every non-space character is in at least one passage. A sentence longer than a
    passage is split at line ends, else between words, and inside a word only where
    the word alone is longer than a passage. Deterministic, and linear in the text.

    Args:
        ids: gives each passage its id.
    """
    passages = []
    stops = [section.start for section in document.sections[1:]] + [len(document.text)]
    for section, stop in zip(document.sections, stops, strict=True):
        units = _units(document.text, section, stop, chunking.size, count_tokens)
        for first, last in _pack(units, chunking):
            start, end = units[first].start, units[last].end
            passages.append(
                Passage(
                    id=next(ids),
                    document_id=document.id,
                    start=start,
                    end=end,
                    heading=section.heading,
                    page=bisect_right(document.pages, start) or None,
                    text=document.text[start:end],
                )
            )
    return passages


def embedded_texts(
    title: str, passages: Sequence[Passage], chunking: Chunking, count_tokens: CountTokens
) -> list[str]:
    """What is embedded of each passage: its title and headings, then the passage.

    A passage that begins "It is under the municipal government" can only be found as
    being about the center if the text that is embedded says so.
    """
    found = fronts(title, passages, chunking, count_tokens)
    return [
        f"{front}\n{passage.text[after:]}" if front else passage.text[after:]
        for passage, (front, after) in zip(passages, found, strict=True)
    ]


def fronts(
    title: str, passages: Sequence[Passage], chunking: Chunking, count_tokens: CountTokens
) -> list[tuple[str, int]]:
    """Of each passage the title and headings to put in front, and where its body begins.

    A title without a letter (of a file called 0042.txt) says nothing and is left out. The
    heading that a passage begins with stands in front already: the body is what follows it.
    """
    clipped: dict[tuple[str, ...], str] = {}
    found = []
    for passage in passages:
        named = (title,) if any(map(str.isalpha, title)) else ()
        path = tuple(dict.fromkeys((*named, *passage.heading)))
        if path not in clipped:
            clipped[path] = _clip(" › ".join(path), chunking.context, count_tokens)
        found.append((clipped[path], passage.after(path[-1]) if path else 0))
    return found


def _clip(text: str, limit: int, count_tokens: CountTokens) -> str:
    words = text.split()
    spent = accumulate(_costs(words, count_tokens))
    return " ".join(word for word, total in zip(words, spent, strict=True) if total <= limit)


def _costs(texts: Sequence[str], count_tokens: CountTokens) -> list[int]:
    return [
        max(1, tokens, -(-len(text) // _CHARACTERS_PER_TOKEN))
        for text, tokens in zip(texts, count_tokens(texts), strict=True)
    ]


def _units(
    text: str, section: Section, stop: int, size: int, count_tokens: CountTokens
) -> list[_Unit]:
    """The pieces of one section that passages are made of: sentences, or parts of long ones."""
    body = text[section.start : stop]
    units = _measured(body, sentences(body), section.start, count_tokens)
    for finer in (_lines, _words, _word_parts, _graphemes):
        if all(unit.cost <= size for unit in units):
            break
        pieces: list[_Unit] = []
        for unit in units:
            if unit.cost <= size:
                pieces.append(unit)
            else:
                part = text[unit.start : unit.end]
                pieces += _measured(part, finer(part), unit.start, count_tokens)
        units = pieces
    return units


def _measured(
    text: str, spans: Iterable[tuple[int, int]], offset: int, count_tokens: CountTokens
) -> list[_Unit]:
    spans = list(spans)
    costs = _costs([text[start:end] for start, end in spans], count_tokens)
    return [
        _Unit(start + offset, end + offset, cost)
        for (start, end), cost in zip(spans, costs, strict=True)
    ]


def _lines(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in re.finditer(r"\S(?:[^\n]*\S)?", text))


def _words(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in re.finditer(r"\S+", text))


def _word_parts(text: str) -> Iterator[tuple[int, int]]:
    """Words of scripts that are written without spaces (Unicode UAX #29)."""
    import regex

    return (match.span() for match in regex.finditer(r"(?w)\S+?(?:\b|\Z)", text))


def _graphemes(text: str) -> Iterator[tuple[int, int]]:
    """Eight of what a reader sees as one character (UAX #29), so that no accent is cut off."""
    import regex

    return (match.span() for match in regex.finditer(r"\X{1,8}", text))


def _pack(units: Sequence[_Unit], chunking: Chunking) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of runs of units that fill a passage, in order.

    Runs are made about equally long, so that no section ends in a scrap.
    """
    total = sum(unit.cost for unit in units)
    even = -(-total // max(1, -(-total // chunking.size)))
    first = cost = 0
    for last, unit in enumerate(units):
        cost += unit.cost
        following = units[last + 1].cost if last + 1 < len(units) else chunking.size
        if cost < even and cost + following <= chunking.size:
            continue
        yield first, last
        previous, first, cost = first, last + 1, 0
        room = min(chunking.overlap, chunking.size - following)
        while first - 1 > previous and cost + units[first - 1].cost <= room:
            first -= 1
            cost += units[first].cost
