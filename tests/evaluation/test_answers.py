"""Figures of answers, against what a person counts."""

import json
from pathlib import Path

import pytest

from qa.readers.normalisation import f1_of, normalised
from scripts.evaluation import answering
from scripts.evaluation.answers import (
    Answered,
    best_guesses,
    calibration_errors,
    given,
    risks,
    told_apart,
    with_nulls,
)
from scripts.evaluation.records import DataProblem
from tests.test_transformers_reader import write_model


def answered(text: str, sure: float, *marked: str, given: bool = True) -> Answered:
    return Answered(text, sure, given, marked)


EVERY = [
    answered("The tram", 0.9, "tram", "a bus"),  # exact
    answered("old tram", 0.7, "tram", "bus"),  # 2/3
    answered("honey", 0.4, "tram", given=False),
    answered("honey", 0.2, given=False),  # nothing answers, and none was given
    answered("bees", 0.8),  # nothing answers, and one was given
]


@pytest.mark.parametrize(
    ("text", "plain"),
    [("The  Tram!", "tram"), ("a an the", ""), ("U.S.A.", "usa"), ("Anthem", "anthem")],
)
def test_answers_are_compared_as_squad_compares_them(text: str, plain: str) -> None:
    assert normalised(text) == plain


def test_f1_is_that_of_the_most_alike_of_the_marked_answers() -> None:
    assert f1_of("the old tram", "tram") == pytest.approx(2 / 3)
    assert f1_of("bees bees", "bees") == pytest.approx(2 / 3)  # a word counts as often as it stands
    assert [entry.f1 for entry in EVERY] == pytest.approx([1, 2 / 3, 0, 0, 0])
    assert [entry.exact for entry in EVERY] == [1, 0, 0, 0, 0]


def test_best_guesses_count_whether_given_or_not() -> None:
    exact, f1 = best_guesses(EVERY[:3])
    assert (exact.name, exact.value.mean, exact.count) == ("EM", pytest.approx(1 / 3), 3)
    assert f1.value.mean == pytest.approx((1 + 2 / 3) / 3)


def test_a_null_is_right_where_nothing_answers_and_wrong_elsewhere() -> None:
    exact, f1 = with_nulls(EVERY)
    assert exact.value.mean == pytest.approx((1 + 0 + 0 + 1 + 0) / 5)
    assert f1.value.mean == pytest.approx((1 + 2 / 3 + 0 + 1 + 0) / 5)


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    figure = told_apart(EVERY[:3], EVERY[3:])
    assert figure.value.mean == pytest.approx((2 + 1 + 1) / 6)


def test_of_the_answers_given_the_right_ones_are_counted() -> None:
    answers, right = given(EVERY)
    assert (answers.value.mean, answers.count) == (pytest.approx(3 / 5), 5)
    assert (right.value.mean, right.count) == (pytest.approx(2 / 3), 3)
    assert len(given([answered("x", 0.1, "y", given=False)])) == 1


def test_calibration_errors_tell_half_right_from_exact() -> None:
    loose, strict = calibration_errors([answered("old tram", 1.0, "tram")] * 4)
    assert (loose.value.mean, strict.value.mean) == (pytest.approx(0), pytest.approx(1))


def test_risk_is_what_is_wrong_among_the_surest() -> None:
    lot = [answered("tram" if n < 6 else "bus", 1 - n / 10, "tram") for n in range(10)]
    curve = {point.share: point.risk for point in risks(lot[::-1])}
    assert curve[0.5] == 0
    assert curve[0.8] == pytest.approx(2 / 8)
    assert curve[1.0] == pytest.approx(4 / 10)


def write_squad(path: Path, questions: dict[str, list[str]]) -> None:
    context = "Ann leads the harbor and Ben leads the old depot."
    asked = [
        {
            "id": str(number),
            "question": question,
            "answers": [{"answer_start": context.index(text), "text": text} for text in texts],
        }
        for number, (question, texts) in enumerate(questions.items())
    ]
    path.parent.mkdir(exist_ok=True)
    data = [{"title": "Harbor", "paragraphs": [{"context": context, "qas": asked}]}]
    path.write_text(json.dumps({"data": data}))


def test_a_given_paragraph_is_read_and_judged(tmp_path: Path) -> None:
    reader = str(write_model(tmp_path / "reader"))
    asked = {"who leads the harbor?": ["Ann"], "who leads the zoo?": []}
    write_squad(tmp_path / "squad" / "dev-v2.0.json", asked)
    task = answering.AnswerTask("squad-2.0", tmp_path, tmp_path / "var", "bundled", reader, None)
    result = answering.measure(task)
    counts = {figure.name: figure.count for figure in result.figures}
    assert counts == {"EM, nulls count": 2, "F1, nulls count": 2, "EM": 1, "F1": 1, "AUROC": 2}
    assert len(result.risks) == 10


@pytest.mark.parametrize(
    ("name", "reader", "message"),
    [("squad-2.0", "none", "there is no reader 'none'"), ("zoo", "", "no set 'zoo'; there are")],
)
def test_what_cannot_be_measured_is_named(
    tmp_path: Path, name: str, reader: str, message: str
) -> None:
    reader = reader or str(write_model(tmp_path / "reader"))
    task = answering.AnswerTask(name, tmp_path, tmp_path, "bundled", reader, None)
    with pytest.raises(DataProblem, match=message):
        answering.measure(task)
