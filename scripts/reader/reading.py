"""Examples → spans and scores, by a reader as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qa.readers.spans import best_span, whole_words
from scripts.reader.encoding import Batch, Encoded, Example, Layout
from scripts.reader.loss import above_null
from scripts.reader.model import Reader

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Read:
    """Of n examples the best span of each, in order.

    Attributes:
        tokens: (n, 2) first and last token in the body.
        scores: (n,) above the passage's null; negative where no answer is the better answer.
    """

    tokens: NDArray[np.int64]
    scores: NDArray[np.float32]


def token_scores(reader: Reader, batch: Batch) -> Tensor:
    """(b, t, 2) above each passage's null; in bf16, heads aside."""
    ids, kinds = torch.from_numpy(batch.ids), torch.from_numpy(batch.kinds)
    valid = None if batch.valid.all() else torch.from_numpy(batch.valid)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = reader(ids, kinds, valid)
    return above_null(logits, torch.from_numpy(batch.allowed))


@torch.inference_mode()
def read(reader: Reader, layout: Layout, examples: Sequence[Example]) -> Read:
    """Read examples, in batches of like length; the reader's mode is given back."""
    training = reader.training
    reader.eval()
    tokens = np.zeros((len(examples), 2), np.int64)
    scores = np.zeros(len(examples), np.float32)
    order = sorted(range(len(examples)), key=lambda number: layout.length(examples[number]))
    for first in range(0, len(order), _AT_ONCE):
        some = order[first : first + _AT_ONCE]
        batch = layout.batch([[examples[number]] for number in some])
        for row, of_tokens in enumerate(token_scores(reader, batch).numpy()):
            body = of_tokens[batch.allowed[row]]
            if not len(body):  # of signs that are no token
                scores[some[row]] = -np.inf
                continue
            first, last, score = best_span(body)
            tokens[some[row]], scores[some[row]] = (first, last), score
    reader.train(training)
    return Read(tokens, scores)


def words(encoded: Encoded, example: Example, tokens: NDArray[np.int64]) -> str:
    """A span of tokens as it stands in the passage, in whole words."""
    places, text = encoded.bodies.places_of(example.row), encoded.texts[example.row]
    start, end = whole_words(text, int(places[tokens[0], 0]), int(places[tokens[1], 1]))
    return text[start:end]
