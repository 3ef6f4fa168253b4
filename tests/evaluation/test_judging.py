"""Which hits count as finds, and at which rank."""

from dataclasses import replace
from pathlib import Path

import pytest

from qa.records import Place
from scripts.evaluation.judging import finds, judge, limit, ranks
from scripts.evaluation.records import EvaluationSet, Judged, Question, Rule, Target
from tests.evaluation.fakes import hit, passage


def question(*targets: Target) -> Question:
    return Question("q", "who?", targets)


@pytest.mark.parametrize(
    ("start", "end", "overlaps", "contains"),
    [
        (0, 10, False, False),  # ends where the span begins
        (0, 11, True, False),
        (10, 20, True, True),
        (5, 25, True, True),
        (12, 15, True, False),
        (19, 30, True, False),
        (20, 30, False, False),  # begins where the span ends
    ],
)
def test_a_passage_finds_the_span_it_reaches_into(
    start: int, end: int, overlaps: bool, contains: bool
) -> None:
    target = Target("d", ((10, 20),))
    assert finds(passage("d", start, end), target, Rule.OVERLAP) is overlaps
    assert finds(passage("d", start, end), target, Rule.CONTAIN) is contains
    assert not finds(passage("other", start, end), target, Rule.OVERLAP)
    assert not finds(passage("other", start, end), target, Rule.CONTAIN)


def test_any_of_the_spans_will_do() -> None:
    target = Target("d", ((10, 20), (50, 60)))
    assert finds(passage("d", 55, 70), target, Rule.OVERLAP)


def test_passages_of_one_document_are_one_result_at_their_best_rank() -> None:
    found = [passage(name) for name in ["a", "a", "b", "a", "b", "c"]]
    assert ranks(question(Target("b")), found, Rule.DOCUMENT) == (2,)
    assert ranks(question(Target("c")), found, Rule.DOCUMENT) == (3,)
    assert ranks(question(Target("c"), Target("a")), found, Rule.DOCUMENT) == (1, 3)


def test_passages_are_results_of_their_own_where_spans_are_sought() -> None:
    found = [passage("d", 0, 5), passage("d", 5, 10), passage("d", 8, 14)]
    assert ranks(question(Target("d", ((9, 10),))), found, Rule.OVERLAP) == (2,)


def test_what_stands_below_the_tenth_result_is_not_found() -> None:
    found = [passage(str(number)) for number in range(12)]
    assert ranks(question(Target("9")), found, Rule.DOCUMENT) == (10,)
    assert ranks(question(Target("10")), found, Rule.DOCUMENT) == ()
    assert ranks(question(Target("9")), [], Rule.DOCUMENT) == ()


def test_documents_need_more_passages_than_results() -> None:
    assert limit(Rule.DOCUMENT) == 50
    assert limit(Rule.OVERLAP) == limit(Rule.CONTAIN) == 10


def test_the_first_five_are_judged_and_covered() -> None:
    asked = EvaluationSet("s", Path(), Rule.OVERLAP, (), covered=True)
    hits = [hit("d", 10 * n, 10 * n + 10, confidence=1 - n / 10) for n in range(6)]
    outcome = judge(question(Target("d", ((15, 25), (55, 60)))), hits, asked)
    assert [entry.right for entry in outcome.judged] == [False, True, True, False, False]
    assert outcome.judged[1] == Judged(0.9, True)
    assert outcome.ranks == (2,)
    assert outcome.coverage is not None
    assert outcome.coverage.recall == 10 / 15  # the sixth passage holds the rest


def test_coverage_is_measured_where_a_set_asks_for_it() -> None:
    asked = EvaluationSet("s", Path(), Rule.DOCUMENT, ())
    assert judge(question(Target("d")), [hit("d")], asked).coverage is None
    assert judge(question(Target("d")), [], asked).judged == ()


def test_a_text_in_several_places_is_found_in_the_one_that_is_sought() -> None:
    several = replace(hit("d", 0, 10), also=(Place("e", "", "", 50, 60, None),))
    asked = EvaluationSet("s", Path(), Rule.OVERLAP, ())
    assert judge(question(Target("e", ((55, 57),))), [several], asked).ranks == (1,)
    assert judge(question(Target("e", ((60, 70),))), [several], asked).ranks == ()
    documents = replace(asked, rule=Rule.DOCUMENT)
    assert judge(question(Target("e")), [hit("c"), several], documents).ranks == (2,)
