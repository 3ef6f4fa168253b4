"""Scores of tokens → the best span of each passage, as words of its text."""

import torch
from torch import Tensor

LONGEST = 30
"""Tokens of an answer; 1 in 100 of SQuAD's is longer."""


def best_spans(scores: Tensor, longest: int = LONGEST) -> tuple[Tensor, Tensor]:
    """The best span of each passage, and its score above the passage's null.

    Args:
        scores: (b, t, 2) from `loss.above_null`.

    Returns:
        first and last token (b, 2) int64, last - first < longest; score (b,).
    """
    b, t, _ = scores.shape
    both = scores[:, :, None, 0] + scores[:, None, :, 1]
    ordered = torch.ones(t, t, dtype=torch.bool).triu().tril(longest - 1)
    best, at = both.masked_fill(~ordered, float("-inf")).view(b, -1).max(1)
    return torch.stack([at // t, at % t], 1), best


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span [start, end) widened to whole words: letters and digits without a break."""
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end
