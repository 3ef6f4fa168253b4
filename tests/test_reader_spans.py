"""The best span, and its words."""

import pytest
import torch

from scripts.reader.spans import best_spans, whole_words


def test_the_best_span_is_that_of_a_search_through_all() -> None:
    scores = torch.randn(5, 12, 2, generator=torch.Generator().manual_seed(0))
    found, best = best_spans(scores, longest=4)
    for number in range(5):
        every = {
            (first, last): (scores[number, first, 0] + scores[number, last, 1]).item()
            for first in range(12)
            for last in range(first, min(first + 4, 12))
        }
        wanted = max(every, key=every.__getitem__)
        assert tuple(found[number].tolist()) == wanted
        assert best[number].item() == every[wanted]


@pytest.mark.parametrize(
    ("part", "whole"),
    [("onda", "Mondays"), ("Mondays", "Mondays"), ("é", "Café"), ("on Mon", "on Mondays")],
)
def test_a_span_is_widened_to_whole_words(part: str, whole: str) -> None:
    text = "The Café on Mondays, and not on Sundays"
    start = text.index(part)
    first, last = whole_words(text, start, start + len(part))
    assert text[first:last] == whole
