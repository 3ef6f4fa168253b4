"""Scores of tokens → the best span of a passage, as whole words of its text."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LONGEST = 30
"""Tokens of an answer; 1 in 100 of SQuAD's is longer."""


def best_span(scores: Floats, longest: int = LONGEST) -> tuple[int, int, float]:
    """The span with the highest sum of its start's and its end's score; the first of equals.

    Args:
        scores: (t, 2) of every token as the start and as the end, relative to the passage's
            null; t at least 1.

    Returns:
        first and last token, last - first < longest; score.
    """
    padded = np.concatenate([scores[:, 1], np.full(longest - 1, -np.inf, np.float32)])
    ends = np.lib.stride_tricks.sliding_window_view(padded, longest)  # (t, longest)
    both = scores[:, :1] + ends
    at = int(both.argmax())
    first, further = divmod(at, longest)
    return first, first + further, float(both[first, further])


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span [start, end) widened to whole words: letters and digits without a break."""
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end
