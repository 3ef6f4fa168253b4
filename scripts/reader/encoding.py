"""What was mined, in the reader's tokens, and batches of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa.readers.layout import MOST_QUESTION, SPECIAL, Input, laid_out, marks_of
from scripts.reader.mining import Mined

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Texts tokenised together: what the tokenizer says of one takes fifty times its text.
_AT_ONCE = 1000

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Texts:
    """n texts as token ids.

    Attributes:
        ids: (t,) of all texts, one after the other.
        places: (t, 2) start and end of each token in its text, in code points.
        starts: (n + 1,) where each text begins.
    """

    ids: Ints
    places: Ints
    starts: NDArray[np.int64]

    def of(self, row: int) -> Ints:
        return self.ids[self.starts[row] : self.starts[row + 1]]

    def places_of(self, row: int) -> Ints:
        return self.places[self.starts[row] : self.starts[row + 1]]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Both halves of one side, training or held out; n questions, p passages.

    Attributes:
        questions, fronts, bodies: n, p and p texts; fronts and bodies are of the passages.
        asked: n questions as they are written.
        heads, texts: p fronts and p bodies as they are written.
        answers: n texts.
        gold: (n, MOST_GOLD) rows of passages, -1 after them.
        spans: (n, MOST_GOLD, 2) first and last token of the answer in the body of each.
        near, far: (n, DEPTH) rows of passages.
        near_kind, far_kind, near_score: (n, DEPTH), see `Mined`.
    """

    questions: Texts
    fronts: Texts
    bodies: Texts
    asked: tuple[str, ...]
    heads: tuple[str, ...]
    texts: tuple[str, ...]
    answers: tuple[str, ...]
    gold: Ints
    spans: Ints
    near: Ints
    near_kind: NDArray[np.int8]
    near_score: NDArray[np.float32]
    far: Ints
    far_kind: NDArray[np.int8]

    def written(self, example: "Example") -> tuple[str, str]:
        """Front and body of an example's passage."""
        return self.heads[example.row] if example.front else "", self.texts[example.row]


@dataclass(frozen=True, slots=True)
class Example:
    """One question with one passage.

    Attributes:
        row: of the passage.
        front: whether title and headings stand in front.
        span: first and last token of the answer in the body; None in a negative.
    """

    question: int
    row: int
    front: bool
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """b examples, padded to the longest of t tokens.

    Attributes:
        ids, kinds: (b, t) int64; kinds are 0 for the question and 1 for the passage.
        valid: (b, t), False for padding.
        allowed: (b, t), True for the tokens of bodies.
        bodies: (b,) where each body begins.
        gold: (b, 2) int64, first and last token of the answer in t, -1 in a negative.
        group: (b,) int64, of which question of the batch an example is.
    """

    ids: NDArray[np.int64]
    kinds: NDArray[np.int64]
    valid: NDArray[np.bool_]
    allowed: NDArray[np.bool_]
    bodies: NDArray[np.int64]
    gold: NDArray[np.int64]
    group: NDArray[np.int64]


def encode(halves: tuple[Mined, Mined], tokenizer: "Tokenizer") -> Encoded:
    """Both halves in one, each one's far hits being the other's passages."""
    passages = [*halves[0].passages, *halves[1].passages]
    base = 0, len(halves[0].passages)
    bodies = texts_of([passage.body for passage in passages], tokenizer)
    gold = np.concatenate([_moved(half.gold, at) for half, at in zip(halves, base, strict=True)])
    far = [_moved(half.far, at) for half, at in zip(halves, base[::-1], strict=True)]
    near = [_moved(half.near, at) for half, at in zip(halves, base, strict=True)]
    return Encoded(
        questions=texts_of([text for half in halves for text in half.questions], tokenizer),
        fronts=texts_of([passage.front for passage in passages], tokenizer),
        bodies=bodies,
        asked=tuple(text for half in halves for text in half.questions),
        heads=tuple(passage.front for passage in passages),
        texts=tuple(passage.body for passage in passages),
        answers=tuple(answer for half in halves for answer in half.answers),
        gold=gold,
        spans=_token_spans(bodies, gold, np.concatenate([half.spans for half in halves])),
        near=np.concatenate(near),
        near_kind=np.concatenate([half.near_kind for half in halves]),
        near_score=np.concatenate([half.near_score for half in halves]),
        far=np.concatenate(far),
        far_kind=np.concatenate([half.far_kind for half in halves]),
    )


def texts_of(texts: Sequence[str], tokenizer: "Tokenizer") -> Texts:
    ids, places = [], []
    for first in range(0, len(texts), _AT_ONCE):
        some = list(texts[first : first + _AT_ONCE])
        for entry in tokenizer.encode_batch(some, add_special_tokens=False):
            ids.append(np.array(entry.ids, np.int32))
            places.append(np.array(entry.offsets, np.int32).reshape(-1, 2))
    return Texts(
        ids=np.concatenate(ids),
        places=np.concatenate(places),
        starts=np.concatenate([[0], np.cumsum([len(text) for text in ids])]).astype(np.int64),
    )


def _moved(rows: Ints, by: int) -> Ints:
    return np.where(rows >= 0, rows + np.int32(by), rows).astype(np.int32)


def _token_spans(bodies: Texts, gold: Ints, spans: Ints) -> Ints:
    """Code points → tokens: all that share a character with the span."""
    found = np.full(spans.shape, -1, np.int32)
    for number, place in np.argwhere(gold >= 0):
        places = bodies.places_of(int(gold[number, place]))
        start, end = spans[number, place]
        first = np.searchsorted(places[:, 1], start, side="right")
        last = np.searchsorted(places[:, 0], end, side="left") - 1
        found[number, place] = min(first, last), last
    return found


class Layout:
    """Puts examples together: [CLS] question [SEP] front body [SEP]."""

    def __init__(self, encoded: Encoded, tokenizer: "Tokenizer") -> None:
        self._encoded = encoded
        self._marks = marks_of(tokenizer.token_to_id)

    def input(self, example: Example) -> Input:
        """One example alone."""
        return laid_out(self._marks, *self._parts(example))

    def length(self, example: Example) -> int:
        """Tokens of an example."""
        question, front, body = self._parts(example)
        return len(question) + len(front) + len(body) + SPECIAL

    def _parts(self, example: Example) -> tuple[Ints, Ints, Ints]:
        front = self._encoded.fronts.of(example.row)
        return (
            self._encoded.questions.of(example.question)[:MOST_QUESTION],
            front if example.front else front[:0],
            self._encoded.bodies.of(example.row),
        )

    def batch(self, groups: Sequence[Sequence[Example]]) -> Batch:
        """The examples of all groups, in order."""
        examples = [example for group in groups for example in group]
        parts = [self.input(example) for example in examples]
        shape = len(parts), max(len(part.ids) for part in parts)
        ids = np.full(shape, self._marks.padding, np.int64)
        kinds = np.zeros(shape, np.int64)
        valid, allowed = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        bodies = np.array([part.start for part in parts], np.int64)
        gold = np.full((len(parts), 2), -1, np.int64)
        for number, (part, example) in enumerate(zip(parts, examples, strict=True)):
            ids[number, : len(part.ids)], kinds[number, : len(part.ids)] = part.ids, part.kinds
            valid[number, : len(part.ids)] = True
            allowed[number, part.start : part.end] = True
            if example.span is not None:
                gold[number] = part.start + example.span[0], part.start + example.span[1]
        group = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        return Batch(ids, kinds, valid, allowed, bodies, gold, group)
