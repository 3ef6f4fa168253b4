"""How question and passage become tokens: [CLS] question [SEP] front body [SEP].

The same in training and in reading. Front and body are tokenised apart, so that an answer
never begins in a heading.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

Ids = NDArray[np.int64]

MOST_QUESTION = 64
"""Tokens of a question that are read; SQuAD's longest has about 60."""

SPECIAL = 3
"""Tokens that are neither question nor passage."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Ids of the tokens that stand between the parts, of BERT's vocabulary."""

    first: int
    between: int
    padding: int


@dataclass(frozen=True, slots=True)
class Input:
    """One question with one passage, t tokens.

    Attributes:
        ids: (t,) tokens.
        kinds: (t,) 0 for the question and 1 for the passage, as BERT tells them apart.
        start, end: where the body stands among them.
    """

    ids: Ids
    kinds: Ids
    start: int
    end: int


def marks_of(token_to_id: Callable[[str], int | None]) -> Marks:
    """The marks of a vocabulary, which gives None for what it does not hold.

    Raises:
        ModelError: the tokenizer is not BERT's.
    """
    found = []
    for mark in ("[CLS]", "[SEP]", "[PAD]"):
        number = token_to_id(mark)
        if number is None:
            raise ModelError(f"the reader's tokenizer is not BERT's: it has no {mark}")
        found.append(int(number))
    return Marks(*found)


def laid_out(
    marks: Marks,
    question: NDArray[np.integer],
    front: NDArray[np.integer],
    body: NDArray[np.integer],
    most: int | None = None,
) -> Input:
    """Put the tokens of the three parts together.

    Args:
        most: tokens that the model reads at once. What is too much is cut off the end of the
            body; of a front that leaves no room for a body, everything.
    """
    question = question[:MOST_QUESTION]
    if most is not None:
        room = most - SPECIAL - len(question)
        front = front if len(front) < room else front[:0]
        body = body[: room - len(front)]
    second = len(question) + 2
    start = second + len(front)
    end = start + len(body)
    ids = np.empty(end + 1, np.int64)
    ids[0], ids[second - 1], ids[end] = marks.first, marks.between, marks.between
    ids[1 : second - 1], ids[second:start], ids[start:end] = question, front, body
    kinds = np.zeros(end + 1, np.int64)
    kinds[second:] = 1
    return Input(ids, kinds, start, end)
