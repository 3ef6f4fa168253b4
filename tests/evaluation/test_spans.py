"""Span recall, precision and IoU, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.evaluation.records import Coverage, Target
from scripts.evaluation.spans import coverage, intersection, length, union
from tests.evaluation.fakes import passage

TARGET = [Target("d", ((0, 10), (30, 40)))]


def test_one_passage_over_half_of_a_span() -> None:
    """5 of 20 characters found in the 15 retrieved; 15 + 20 - 5 in either."""
    found = coverage(TARGET, [passage("d", 5, 20)])
    assert found == Coverage(5 / 20, 5 / 15, 5 / 30)


def test_exactly_the_spans_is_perfect() -> None:
    found = coverage(TARGET, [passage("d", 0, 10), passage("d", 30, 40)])
    assert found == Coverage(1, 1, 1)


def test_a_character_retrieved_twice_is_found_once_and_paid_twice() -> None:
    found = coverage(TARGET, [passage("d", 0, 10), passage("d", 0, 10)])
    assert found == Coverage(10 / 20, 10 / 20, 10 / 30)


def test_a_passage_of_another_document_only_costs() -> None:
    found = coverage(TARGET, [passage("d", 0, 10), passage("other", 0, 10)])
    assert found == Coverage(10 / 20, 10 / 20, 10 / 30)


def test_what_only_touches_covers_nothing() -> None:
    assert coverage(TARGET, [passage("d", 10, 30)]) == Coverage(0, 0, 0)


def test_references_that_overlap_count_once() -> None:
    found = coverage([Target("d", ((0, 10), (5, 15)))], [passage("d", 0, 15)])
    assert found == Coverage(1, 1, 1)


def test_no_passages_cover_nothing() -> None:
    assert coverage(TARGET, []) == Coverage(0, 0, 0)


RANGES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 10)).map(lambda pair: (pair[0], sum(pair))),
    max_size=6,
)


@given(RANGES, RANGES)
def test_ranges_are_sets_of_places(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    def places(ranges: list[tuple[int, int]]) -> set[int]:
        return {place for start, end in ranges for place in range(start, end)}

    joined, common = union(some), intersection(union(some), union(others))
    assert places(joined) == places(some)
    assert length(joined) == len(places(some))
    assert places(common) == places(some) & places(others)
    assert length(common) == len(places(common))


@pytest.mark.parametrize("end", [3, 5, 8])
def test_more_of_a_span_is_more_recall(end: int) -> None:
    target = [Target("d", ((0, 8),))]
    assert coverage(target, [passage("d", 0, end)]).recall == end / 8
