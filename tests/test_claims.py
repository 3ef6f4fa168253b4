"""What passages say, put together."""

from math import e, log

import pytest

from index.records import Passage
from qa.claims import Claim, answers

TEXT = "The tram opened on 4 May 2012. It runs to the old harbor."


def passage(document: str, start: int, end: int) -> Passage:
    return Passage(1, document, start, end, (), None, TEXT[start:end])


def claim(
    words: str, score: float, document: str = "a.txt", span: tuple[int, int] = (0, 57)
) -> Claim:
    """Of a passage that is `TEXT` from `span[0]` to `span[1]`."""
    start = TEXT.index(words)
    return Claim(passage(document, *span), start, start + len(words), words, score, score)


def test_nothing_is_said_without_claims() -> None:
    assert answers([]) == []


def test_the_worthiest_answer_comes_first() -> None:
    said = answers([claim("tram", 1.0), claim("old harbor", 3.0), claim("2012", 2.0)])
    assert [entry.best.text for entry in said] == ["old harbor", "2012", "tram"]
    assert [entry.score for entry in said] == [3.0, 2.0, 1.0]


def test_passages_that_say_the_same_support_each_other() -> None:
    said = answers([claim("The tram", 1.0), claim("2012", 1.5), claim("tram", 1.0, "b.txt")])
    assert [entry.best.text for entry in said] == ["The tram", "2012"]
    assert said[0].score == pytest.approx(log(2 * e))
    assert [c.passage.document_id for c in said[0].claims] == ["a.txt", "b.txt"]


def test_overlapping_passages_bear_no_witness_for_each_other() -> None:
    twice = [claim("4 May 2012", 2.0, span=(0, 30)), claim("4 May 2012", 1.0, span=(4, 57))]
    (said,) = answers(twice)
    assert (said.score, len(said.claims)) == (2.0, 1)


def test_of_spans_that_share_characters_the_worthiest_stands() -> None:
    (said,) = answers([claim("May 2012", 2.0), claim("4 May", 1.0)])
    assert said.best.text == "May 2012"


def test_a_span_that_was_cut_at_its_passage_goes_on_in_the_next() -> None:
    cut, whole = claim("4 May", 2.0, span=(0, 24)), claim("May 2012", 1.0, span=(21, 57))
    (said,) = answers([cut, whole])
    assert said.best.text == "4 May 2012"
    assert TEXT[said.best.start : said.best.end] == "4 May 2012"
    (other,) = answers([claim("May 2012", 2.0, span=(21, 57)), claim("4 May", 1.0, span=(0, 24))])
    assert other.best.text == "4 May 2012"


def test_the_same_place_of_another_document_is_another_place() -> None:
    said = answers([claim("4 May", 1.0), claim("May 2012", 2.0, "b.txt")])
    assert [entry.best.text for entry in said] == ["May 2012", "4 May"]


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [("harbor", "old harbor", False), ("The tram", "tram", False), ("2012", "tram", True)],
)
def test_an_answer_does_not_differ_from_a_part_of_it(one: str, other: str, differ: bool) -> None:
    (first,), (second,) = answers([claim(one, 0.0)]), answers([claim(other, 0.0)])
    assert first.differs(second) is differ
    assert second.differs(first) is differ
