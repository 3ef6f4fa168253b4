"""Text → terms, the units that words are searched by. The only file that imports Stemmer.

Questions and passages go through the same function, so what is one term in a passage is
the same term in a question: case and accents are folded, English endings are cut
(Porter's second stemmer, after irregular forms), and words that any sentence may have are
left out.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from index.irregular import BASE_FORMS

VERSION = 1
"""Grows whenever the same text would give other terms, so that indexes take them again."""

# Words that ask, and words that any sentence may have. Negations stay: they tell apart.
STOP_WORDS = frozenset(
    "a an and are as at be been being but by can could did do does for from had has have how i "
    "if in into is it its many me much my of on or our so such than that the their them then "
    "there these they this those to was we were what when where which who whom whose why will "
    "with would you your".split()
)

_LONGEST = 64

# Vowel signs of Indian and South-East Asian scripts belong to the word, which \w does not know
_SIGNS = "".join(
    sign for sign in map(chr, range(0x0900, 0x1800)) if unicodedata.category(sign) in {"Mn", "Mc"}
)
_WORD = rf"[\w{_SIGNS}]+(?:['’][\w{_SIGNS}]+)*"
_TOKEN = re.compile(
    r"(?P<acronym>(?:[^\W\d]\.){2,})"
    r"|(?P<number>\d+(?:[.,]\d+)+)(?!\w)"
    rf"|(?P<words>{_WORD}(?:[-\u2010\u2011]{_WORD})*)"
)
_BREAK = re.compile("[-\u2010\u2011]|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_THOUSANDS = re.compile(r",(?=\d{3}\b)")
# What a word may be written with or without: accents, soft hyphens, Hebrew and Arabic points
_OPTIONAL = re.compile("[\u0300-\u036f\xad\u0591-\u05bd\u05bf-\u05c7\u0640\u064b-\u0652\u0670]")
# Scripts written without spaces: Japanese, Chinese, Thai, Lao, Burmese, Khmer
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]+"
)

_local = threading.local()


def terms(text: str) -> list[str]:
    """The terms of a text, in order, with repeats; [] where it holds none.

    A word with a hyphen or in CamelCase gives its parts and, after them, the whole:
    "COVID-19" → covid, 19, covid19. An acronym loses its dots, a number its thousands'
    commas. Scripts without spaces give overlapping pairs of characters.
    """
    return [
        term
        for match in _TOKEN.finditer(_plain(text).replace("_", " "))
        for _, _, term in _parts(match.lastgroup, match.group())
    ]


def words(text: str) -> Iterator[tuple[str, str]]:
    """Yield (word as written, term) for every term of `text`, in order."""
    plain = _plain(text)
    written = unicodedata.normalize("NFC", text)
    pieces = [_plain(character) for character in written]
    if "".join(pieces) != plain:  # characters that only together become another
        written, pieces = plain, list(plain)
    origin = [at for at, piece in enumerate(pieces) for _ in piece]
    for start, end, term in _found(plain):
        yield written[origin[start] : origin[end - 1] + 1], term


def pairs(found: Sequence[str]) -> list[str]:
    """Each two terms that follow each other, as one: [a, b, c] → [a_b, b_c]."""
    return [f"{a}_{b}" for a, b in pairwise(found)]


def _plain(text: str) -> str:
    if text.isascii():
        return text
    decomposed = _OPTIONAL.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", decomposed)


def _found(plain: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, term) for every term of a text that `_plain` gave."""
    for match in _TOKEN.finditer(plain.replace("_", " ")):
        at = match.start()
        for start, end, term in _parts(match.lastgroup, match.group()):
            yield at + start, at + end, term


# A text repeats its words: most tokens were seen before, which is worth a factor of five.
@lru_cache(maxsize=65_536)
def _parts(kind: str | None, token: str) -> tuple[tuple[int, int, str], ...]:
    """(start, end, term) of every term in one token, of the kind that `_TOKEN` calls it."""
    if kind == "acronym":
        return tuple(_term(0, len(token), token.replace(".", "")))
    if kind == "number":
        return ((0, len(token), _THOUSANDS.sub("", token)[:_LONGEST]),)
    stops = [(gap.start(), gap.end()) for gap in _BREAK.finditer(token)]
    starts = [0, *(after for _, after in stops)]
    ends = [*(before for before, _ in stops), len(token)]
    parts = [token[a:b] for a, b in zip(starts, ends, strict=True)]
    found = [entry for at, part in zip(starts, parts, strict=True) for entry in _spaced(at, part)]
    if 1 < len(parts) <= 3 and not all(map(str.isdigit, parts)):
        found += _term(0, len(token), "".join(parts))
    return tuple(found)


def _spaced(start: int, word: str) -> Iterator[tuple[int, int, str]]:
    at = 0
    for run in _UNSPACED.finditer(word):
        yield from _term(start + at, start + run.start(), word[at : run.start()])
        for first in range(run.start(), max(run.start() + 1, run.end() - 1)):
            last = min(first + 2, run.end())
            yield start + first, start + last, word[first:last]
        at = run.end()
    yield from _term(start + at, start + len(word), word[at:])


def _term(start: int, end: int, word: str) -> Iterator[tuple[int, int, str]]:
    folded = word.casefold().replace("’", "'").removesuffix("'s").replace("'", "")[:_LONGEST]
    if folded and folded not in STOP_WORDS:
        yield start, end, _stem(folded)


def _stem(word: str) -> str:
    stemmer: Any = getattr(_local, "stemmer", None)
    if stemmer is None:  # one for each thread: it keeps state while it works
        import Stemmer

        stemmer = _local.stemmer = Stemmer.Stemmer("english", 0)
    stemmed: str = stemmer.stemWord(BASE_FORMS.get(word, word))
    return stemmed
