"""The best span of a passage, and its words."""

import numpy as np
import pytest

from qa.readers.spans import best_span, whole_words


@pytest.mark.parametrize("tokens", [1, 3, 12])
def test_the_best_span_is_that_of_a_search_through_all(tokens: int) -> None:
    lot = np.random.default_rng(0)
    for _ in range(20):
        scores = lot.normal(size=(tokens, 2)).astype(np.float32)
        every = {
            (first, last): scores[first, 0] + scores[last, 1]
            for first in range(tokens)
            for last in range(first, min(first + 4, tokens))
        }
        first, last, score = best_span(scores, longest=4)
        assert (first, last) == max(every, key=every.__getitem__)
        assert score == every[first, last]


@pytest.mark.parametrize(
    ("part", "whole"),
    [("onda", "Mondays"), ("Mondays", "Mondays"), ("é", "Café"), ("on Mon", "on Mondays")],
)
def test_a_span_is_widened_to_whole_words(part: str, whole: str) -> None:
    text = "The Café on Mondays, and not on Sundays"
    start = text.index(part)
    first, last = whole_words(text, start, start + len(part))
    assert text[first:last] == whole
