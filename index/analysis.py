"""Passage → what is kept of it to be searched by words, and to be marked."""

from collections.abc import Sequence
from dataclasses import dataclass

from index.records import Passage, Sentence
from index.sentences import sentences
from index.terms import terms


@dataclass(frozen=True, slots=True)
class Analysed:
    """Terms of what is embedded of a passage, in order, and the sentences of its text.

    The heading that opens a passage is in no sentence.
    """

    terms: tuple[str, ...]
    sentences: tuple[Sentence, ...]


def analyse(title: str, passages: Sequence[Passage], texts: Sequence[str]) -> list[Analysed]:
    """What is kept of each passage of a document called `title`; `texts` are what is embedded."""
    return [_analyse(title, p, text) for p, text in zip(passages, texts, strict=True)]


def _analyse(title: str, passage: Passage, embedded: str) -> Analysed:
    begin = passage.after((title, *passage.heading)[-1])
    body = passage.text[begin:]
    found = terms(embedded.removesuffix(body))
    marked = []
    for start, end in sentences(body):
        marked.append(Sentence(begin + start, begin + end, len(found)))
        found += terms(body[start:end])
    return Analysed(tuple(found), tuple(marked))
