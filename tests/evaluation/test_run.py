"""From a set to its figures, by an answerer made by hand and by the product itself."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from scripts.evaluation import failures as missed
from scripts.evaluation.records import EvaluationSet, Question, Results, Rule, SetResult, Target
from scripts.evaluation.run import each, evaluate, outcomes, summary
from scripts.evaluation.sweep import ways
from scripts.evaluation.tables import coverage_table, diagrams, ranking_table
from tests.evaluation.fakes import ListedAnswers, hit
from tests.fakes import CountingEmbedder

QUESTIONS = (
    Question("1", "first?", (Target("a.txt"),)),
    Question("2", "second?", (Target("b.txt"),)),
    Question("3", "never?", (Target("c.txt"),)),
    Question("4", "nothing?", (Target("a.txt"),)),
)
SET = EvaluationSet("letters", Path("none"), Rule.DOCUMENT, QUESTIONS, calibrated=True)


@pytest.fixture
def listed() -> ListedAnswers:
    return ListedAnswers(
        {
            "first?": [hit("a.txt", confidence=0.9), hit("b.txt", confidence=0.5)],
            "second?": [hit("a.txt", confidence=0.9), hit("a.txt"), hit("b.txt")],
            "never?": [hit("a.txt", confidence=0.1, text="what came instead")],
            "nothing?": [],
        },
        {"a.txt": "the first letter", "b.txt": "the second letter", "c.txt": "the third letter"},
    )


def result(listed: ListedAnswers) -> SetResult:
    mode = summary("words", outcomes(SET, listed, "words"), SET)
    return SetResult("letters", SET.rule, 3, 1234, len(QUESTIONS), (mode,))


def test_a_set_comes_to_what_a_hand_computes(listed: ListedAnswers) -> None:
    (mode,) = result(listed).modes
    assert mode.recall_at_1.mean == 1 / 4
    assert mode.recall_at_5.mean == 2 / 4
    assert mode.mrr_at_10.mean == pytest.approx((1 + 1 / 2) / 4)
    assert mode.ndcg_at_10.mean == pytest.approx((1 + 0.63093) / 4, abs=1e-5)
    assert mode.coverage is None
    first, _ = mode.calibrations
    assert first.error == pytest.approx(2 / 3 * 0.4 + 1 / 3 * 0.1)


def test_every_question_is_asked_in_the_mode_for_enough_passages(listed: ListedAnswers) -> None:
    outcomes(SET, listed, "words")
    assert listed.asked == [(question.text, 50, "words") for question in QUESTIONS]


def test_the_table_holds_every_figure_with_its_interval(listed: ListedAnswers) -> None:
    head, line, row = ranking_table([result(listed)]).splitlines()
    assert head.split() == "set questions passages mode R@1 R@5 MRR@10 nDCG@10".split()
    assert set(line) == {"-", " "}
    assert row.split()[:4] == ["letters", "4", "1,234", "words"]
    assert ".250 [.000, .750]" in row
    assert len({len(head), len(line), len(row)}) == 1


def test_what_was_not_measured_has_no_table(listed: ListedAnswers) -> None:
    assert coverage_table([result(listed)]) == ""
    assert diagrams([result(listed)]).startswith("letters, words, of the first: 3 passages")


def test_coverage_has_a_table_of_its_own() -> None:
    question = Question("1", "where?", (Target("a.txt", ((0, 10),)),))
    made = EvaluationSet("spans", Path("none"), Rule.OVERLAP, (question,), covered=True)
    answers = ListedAnswers({"where?": [hit("a.txt", 5, 15)]})
    mode = summary("words", outcomes(made, answers, "words"), made)
    _, _, row = coverage_table([SetResult("spans", made.rule, 1, 1, 1, (mode,))]).splitlines()
    assert row.split() == [
        *("spans", "words"),
        *(".500", "[.500,", ".500]", ".500", "[.500,", ".500]", ".333", "[.333,", ".333]"),
    ]


def test_results_are_json(listed: ListedAnswers) -> None:
    results = Results("2026-01-01T00:00:00+00:00", "m", "int8", "f", None, (result(listed),))
    read = json.loads(json.dumps(asdict(results), allow_nan=False))
    assert read["sets"][0]["modes"][0]["recall_at_1"]["mean"] == 0.25
    assert read["sets"][0]["rule"] == "document"


def test_failures_tell_what_came_instead(listed: ListedAnswers) -> None:
    never, nothing = missed.failures(SET, listed, "words", 5)
    assert never == missed.Failure(
        "never?", None, "what came instead", "a.txt", "the third letter", "c.txt"
    )
    assert (nothing.question, nothing.came, nothing.right) == ("nothing?", "", "the first letter")
    assert missed.text(never) == (
        "? never?\n"
        "  right, not in the first ten (c.txt): the third letter\n"
        "  came first (a.txt): what came instead"
    )


def test_failures_at_rank_1_are_those_that_are_not_first(listed: ListedAnswers) -> None:
    found = list(missed.failures(SET, listed, "words", 1))
    assert [(failure.question, failure.rank) for failure in found] == [
        ("second?", 2),
        ("never?", None),
        ("nothing?", None),
    ]


def test_a_failure_shows_the_text_around_the_span() -> None:
    text = "x" * 100 + " the answer " + "y" * 500
    question = Question("1", "where?", (Target("a.txt", ((101, 111),)),))
    made = EvaluationSet("spans", Path("none"), Rule.OVERLAP, (question,))
    (failure,) = missed.failures(made, ListedAnswers({"where?": []}, {"a.txt": text}), "words", 5)
    assert "the answer" in failure.right
    assert len(failure.right) == 200


def test_the_product_itself_is_asked(tmp_path: Path, documents: Path) -> None:
    questions = (
        Question("1", "who gives honey, the bees?", (Target("notes/bees.txt"),)),
        Question("2", "the tram to the harbor", (Target("tram.txt"),)),
    )
    made = EvaluationSet("own", documents, Rule.DOCUMENT, questions)
    embedder = CountingEmbedder(["bees", "honey", "tram", "harbor"])
    first = evaluate(made, tmp_path / "index", embedder, ("meaning", "words", "hybrid"))
    assert (first.documents, first.questions) == (3, 2)
    assert [mode.mode for mode in first.modes] == ["meaning", "words", "hybrid"]
    assert [mode.recall_at_1.mean for mode in first.modes] == [1, 1, 1]
    embedder.embedded.clear()
    assert evaluate(made, tmp_path / "index", embedder, ("meaning", "words", "hybrid")) == first
    assert embedder.embedded == []


def test_tasks_are_done_in_order_by_one_process_or_two() -> None:
    told: list[int] = []
    assert each(abs, [-1, 2, -3], 1, told.append) == [1, 2, 3]
    assert each(abs, [-1, 2, -3], 2, told.append) == [1, 2, 3]
    assert told == [1, 2, 3, 1, 2, 3]


def test_a_sweep_tries_every_size_with_and_without_overlap_and_context() -> None:
    tried = {(way.size, way.overlap, way.context) for way in ways()}
    assert len(ways()) == len(tried) == 12
    assert {(128, 43, 48), (128, 0, 0), (64, 21, 0), (192, 64, 48)} < tried
