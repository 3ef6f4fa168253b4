"""Real articles as documents, repeated with variation where there are not enough of them."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from scripts.evaluation import squad
from scripts.evaluation.files import File

_SETS = ("squad/train-v1.1.json", "squad/dev-v1.1.json", "squadshifts/new_wiki_v1.0.json")

# Words of an article that one passage accounts for, so that about as many passages come out as
# are asked for; the tables tell how many there are.
_WORDS_PER_PASSAGE = 66

# In a hundred words of a repeated article.
_WORDS_CHANGED = 10

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Text:
    """A document to be: its paragraphs under a title."""

    title: str
    paragraphs: tuple[str, ...]

    @property
    def words(self) -> int:
        return sum(len(paragraph.split()) for paragraph in self.paragraphs)


@dataclass(frozen=True, slots=True)
class Source:
    """An article that somebody wrote, and what was asked about it."""

    text: Text
    questions: tuple[str, ...]


def sources(data: Path) -> tuple[Source, ...]:
    """All articles in the folder of data, in an order drawn by lot, the same every time."""
    found = [
        Source(
            Text(article.title, tuple(paragraph.text for paragraph in article.paragraphs)),
            tuple(asked.text.strip() for part in article.paragraphs for asked in part.asked),
        )
        for name in _SETS
        for article in squad.read(data / name)
    ]
    _lot(0).shuffle(found)
    return tuple(found)


def questions(found: Sequence[Source], passages: int) -> list[str]:
    """Every question once: those about what is indexed first, each part drawn by lot."""
    indexed = {text.title for text in texts(found, passages)}
    about = [q for source in found if source.text.title in indexed for q in source.questions]
    other = [q for source in found if source.text.title not in indexed for q in source.questions]
    for part in (about, other):
        _lot(0).shuffle(part)
    return list(dict.fromkeys(question for question in about + other if question.isprintable()))


def texts(found: Sequence[Source], passages: int) -> Iterator[Text]:
    """Documents that come to about so many passages; the last is cut short.

    The articles as they are, then again and again as `varied` makes them.
    """
    articles = [source.text for source in found]
    vocabulary = [word for text in articles for part in text.paragraphs for word in part.split()]
    left = passages * _WORDS_PER_PASSAGE
    for copy in count():
        for number, article in enumerate(articles):
            other = articles[(number + copy) % len(articles)]
            text = varied(article, other, copy, vocabulary) if copy else article
            if text.words >= left:
                yield _cut(text, left)
                return
            left -= text.words
            yield text


def varied(article: Text, other: Text, copy: int, vocabulary: Sequence[str]) -> Text:
    """A document as long as `article`, of its sentences and another's.

    They are dealt anew, and a tenth of the words are replaced by words drawn as often as they
    occur: no two passages are nearly the same, and common words stay as common as they were.
    """
    rng = _lot(f"{copy} {article.title}")
    counts = [len(_SENTENCE_END.split(paragraph)) for paragraph in article.paragraphs]
    pool = [
        sentence
        for paragraph in article.paragraphs + other.paragraphs
        for sentence in _SENTENCE_END.split(paragraph)
    ]
    rng.shuffle(pool)
    paragraphs = []
    for size in counts:
        words = " ".join(pool[:size]).split()
        del pool[:size]
        for place in rng.sample(range(len(words)), len(words) * _WORDS_CHANGED // 100):
            words[place] = rng.choice(vocabulary)
        paragraphs.append(" ".join(words))
    return Text(f"{article.title} ({copy + 1})", tuple(paragraphs))


def _lot(seed: int | str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - nothing is kept secret


def _cut(text: Text, words: int) -> Text:
    """Its first paragraphs, at least one, up to so many words."""
    kept: list[str] = []
    for paragraph in text.paragraphs:
        if kept and words <= 0:
            break
        kept.append(paragraph)
        words -= len(paragraph.split())
    return Text(text.title, tuple(kept))


def files(some: Iterator[Text]) -> Iterator[File]:
    """Plain text, the title on the first line."""
    for number, text in enumerate(some):
        yield File(f"{number:06}.txt", "\n\n".join([text.title, *text.paragraphs]) + "\n")


def change(folder: Path, number: int) -> None:
    """Add a sentence to one file of the folder, another one for every number."""
    paths = sorted(folder.iterdir())
    path = paths[number * 7919 % len(paths)]  # a prime, so that neighbours in time lie apart
    text = path.read_text("utf-8").rstrip("\n")
    path.write_text(f"{text} This was looked at again for the {number + 1}th time.\n", "utf-8")
