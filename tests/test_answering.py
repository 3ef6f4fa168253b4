"""Retrieve, then read: the exact answer or none, and what it does to the passages."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from index.build import build
from qa.answerer import Answerer
from qa.app import create_app
from qa.readers import ReadText
from qa.readers.calibration import UNFITTED, Calibration, Evidence, Weights, probability
from qa.reading import DEPTH
from qa.records import Mode
from qa.terminal import response_lines
from tests.conftest import FILES, write_files
from tests.fakes import CountingEmbedder, ListedReader

QUESTION = "who leads the center?"

Make = Callable[..., Answerer]


def calibrated(
    order: float = 0.1,
    enough: float = math.inf,
    threshold: float = 0.5,
    order_from: float = -math.inf,
    reach: float = math.inf,
) -> Calibration:
    """Confidence is that of the score alone."""
    alone = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    weights = Weights(order, order_from, reach, prior=0.0, answer=alone, passage=alone)
    modes: dict[Mode, Weights] = {"hybrid": weights, "meaning": weights, "words": weights}
    return Calibration("by hand", threshold, enough, modes)


@pytest.fixture
def make(tmp_path: Path, embedder: CountingEmbedder) -> Make:
    """Answerers over documents of a test's own, with a reader."""

    def made(reader: ListedReader | None, files: dict[str, str] = FILES, **more: Any) -> Answerer:
        folder = write_files(tmp_path / "own", files)
        build(folder, tmp_path / "own-index", embedder)
        return Answerer.open(tmp_path / "own-index", embedder, reader, **more)

    return made


def test_the_answer_is_a_span_of_its_document(make: Make) -> None:
    answerer = make(ListedReader({"The academy": 3.0}, calibrated()))
    answer = answerer.ask(QUESTION).answer
    assert answer is not None
    document = answerer.document(answer.document_id)
    assert document is not None
    assert document.text[answer.start : answer.end] == answer.text == "The academy"
    assert answer.confidence == pytest.approx(1 / (1 + math.exp(-3)))
    assert (answer.document_id, answer.title) == ("center.md", "The new center")
    assert answer.heading == ("The new center", "Leadership")


def test_what_is_read_is_the_passage_after_its_title_and_headings(make: Make) -> None:
    reader = ListedReader({"academy": 1.0}, calibrated())
    make(reader).ask(QUESTION, 1)
    assert reader.texts[0] == ReadText(
        "The new center › Leadership", "The academy leads the center. Its budget is not known yet."
    )


def test_under_the_threshold_there_is_no_answer_but_a_guess(make: Make) -> None:
    answerer = make(ListedReader({"The academy": -1.0}, calibrated()))
    response = answerer.ask(QUESTION)
    assert response.answer is None
    assert response.reading is not None
    assert response.reading.guess is not None
    assert response.reading.guess.text == "The academy"
    assert response.reading.guess.confidence < 0.5 == response.reading.threshold


@pytest.mark.parametrize(("threshold", "given"), [(0.0, True), (0.2, True), (0.3, False)])
def test_the_threshold_can_be_set(make: Make, threshold: float, given: bool) -> None:
    reader = ListedReader({"The academy": -1.0}, calibrated())  # which is 0.27
    response = make(reader, threshold=threshold).ask(QUESTION)
    assert (response.answer is not None) is given


def test_a_reader_that_finds_nothing_gives_no_answer(make: Make) -> None:
    response = make(ListedReader({}, calibrated())).ask(QUESTION)
    assert response.reading is not None
    assert (response.reading.guess, response.reading.read) == (None, 4)
    assert len(response.hits) == 4


def test_where_nothing_is_found_nothing_is_read_or_answered(make: Make) -> None:
    response = make(ListedReader({"tram": 1.0}, calibrated())).ask("zebra?", mode="words")
    assert (response.answer, response.hits) == (None, ())
    assert response.reading is not None
    assert (response.reading.read, response.reading.guess) == (0, None)


def test_equal_answers_of_several_documents_support_each_other(make: Make) -> None:
    files = {"a.txt": "The tram leads on.", "b.txt": "No tram leads.", "c.txt": "A bus leads."}
    response = make(ListedReader({"tram": 1.0, "bus": 1.5}, calibrated()), files).ask("leads?")
    assert response.answer is not None
    assert response.answer.text == "tram"
    assert response.reading is not None
    assert response.reading.support == 2
    assert response.reading.score == pytest.approx(1 + math.log(2))
    assert response.reading.margin == pytest.approx(1 + math.log(2) - 1.5)


def test_the_passage_with_the_best_answer_moves_up(make: Make) -> None:
    plain = make(None).ask(QUESTION).hits
    last = plain[-1].passage
    assert last.document_id == "tram.txt"
    read = make(ListedReader({"in May": 9.0, "academy": -9.0}, calibrated()))
    hits = read.ask(QUESTION).hits
    assert hits[0].passage == last
    assert {hit.passage.id for hit in hits} == {hit.passage.id for hit in plain}
    assert [hit.scores.reader for hit in hits].count(9.0) == 1
    for hit in hits:
        assert hit.scores.fused == pytest.approx(hit.scores.parts.total)
        rest = max(other.scores.fused for other in hits if other is not hit)
        assert hit.scores.lead == pytest.approx(hit.scores.fused - rest)
    fused = [hit.scores.fused for hit in hits]
    assert fused == sorted(fused, reverse=True)


def test_a_reader_of_which_nothing_is_known_does_not_reorder(make: Make) -> None:
    plain = make(None).ask(QUESTION).hits
    hits = make(ListedReader({"bees gave": 30.0}, UNFITTED)).ask(QUESTION).hits
    assert [(hit.passage, hit.confidence) for hit in hits] == [
        (hit.passage, hit.confidence) for hit in plain
    ]


def test_without_answer_the_reader_costs_and_changes_nothing(make: Make) -> None:
    reader = ListedReader({"bees gave": 30.0}, calibrated())
    off, plain = make(reader).ask(QUESTION, answer=False), make(None).ask(QUESTION)
    assert reader.texts == []
    assert off.timings.read == 0
    assert (off.reading, off.hits) == (plain.reading, plain.hits) == (None, plain.hits)


def test_the_list_of_a_larger_limit_begins_with_that_of_a_smaller_one(make: Make) -> None:
    files = {f"{n}.txt": f"The center number {n}{n} leads." for n in range(9)}
    answerer = make(ListedReader({"77": 8.0, "33": 4.0}, calibrated()), files)
    lists = [answerer.ask(QUESTION, limit).hits for limit in (1, 2, 5, 9)]
    for shorter, longer in pairwise(lists):
        passages = [hit.passage for hit in longer][: len(shorter)]
        assert [hit.passage for hit in shorter] == passages


def test_no_more_are_read_than_the_depth_and_the_others_stay_behind(make: Make) -> None:
    files = {f"{n}.txt": f"The center number {n}{n} leads." for n in range(9)}
    reader = ListedReader({"number": -5.0}, calibrated())
    hits = make(reader, files).ask(QUESTION, 9).hits
    assert len(reader.texts) == DEPTH
    read = [hit.scores.reader is not None for hit in hits]
    assert read == [True] * DEPTH + [False] * (9 - DEPTH)


@pytest.mark.parametrize(
    ("enough", "budget", "read"), [(4.0, 60.0, 2), (6.0, 60.0, 6), (6.0, 0.0, 2)]
)
def test_reading_stops_when_it_is_enough(
    make: Make, enough: float, budget: float, read: int
) -> None:
    files = {f"{n}.txt": f"The center number {n}{n} leads." for n in range(9)}
    reader = ListedReader({"number": 5.0}, calibrated(enough=enough))
    response = make(reader, files, budget=budget).ask(QUESTION)
    assert response.reading is not None
    assert response.reading.read == len(reader.texts) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("who leads the center", True),
        ("who leads the center?", True),
        ("Which academy leads the center.", True),
        ("In which year did the center open.", True),
        ("The academy, which leads the center, knows who does what.", False),
        ("Does the academy lead the center.", True),
        ("Name the academy.", True),
        ("academy center", True),
        ("The academy leads the center.", False),
        ("Center leadership by an academy.", False),
        ("...", True),
    ],
)
def test_a_statement_is_looked_up_and_not_answered(make: Make, text: str, read: bool) -> None:
    answerer = make(ListedReader({"The academy": 3.0}, calibrated()))
    response = answerer.ask(text)
    assert (response.reading is not None) is read
    if not read:
        assert response.hits == answerer.ask(text, answer=False).hits


def test_what_stands_far_behind_the_first_is_not_read(make: Make) -> None:
    files = {f"{n}.txt": f"The center number {n}{n} leads." for n in range(4)}
    files |= {f"bee{n}.txt": f"Bees {n}{n} sleep in a hive." for n in range(4)}
    reader = ListedReader({"number": -5.0}, calibrated(reach=0.3))
    answerer = make(reader, files)
    hits = answerer.ask(QUESTION, 8, answer=False).hits
    behind = [hits[0].scores.fused - hit.scores.fused for hit in hits]
    assert behind[3] < 0.3 < behind[4]
    found = answerer.ask(QUESTION, 8).reading
    assert found is not None
    assert found.read == len(reader.texts) == 4


@pytest.mark.parametrize(("least", "first"), [(3.0, "33"), (3.5, "00")])
def test_a_reader_that_finds_no_answer_leaves_the_order(
    make: Make, least: float, first: str
) -> None:
    files = {f"{n}.txt": f"The center number {n}{n} leads." for n in range(4)}
    scores = {"33": 3.0, "number": -5.0}
    answerer = make(ListedReader(scores, calibrated(order_from=least)), files)
    hits = answerer.ask(QUESTION).hits
    assert first in hits[0].passage.text
    assert sorted(hit.scores.reader or 0.0 for hit in hits) == [-5.0, -5.0, -5.0, 3.0]


def test_the_answer_is_marked_where_it_stands(make: Make) -> None:
    marks = {
        hit.passage.text[start:end]
        for hit in make(ListedReader({"The academy": 3.0}, calibrated())).ask(QUESTION).hits
        for start, end in hit.highlights
    }
    assert "The academy" in marks
    assert "The academy leads the center." not in marks
    unsure = make(ListedReader({"The academy": -3.0}, calibrated())).ask(QUESTION).hits
    marks = {hit.passage.text[a:b] for hit in unsure for a, b in hit.highlights}
    assert "The academy leads the center." in marks


def test_an_answer_over_http_slices_back_and_is_explained(make: Make) -> None:
    answerer = make(ListedReader({"The academy": 3.0}, calibrated()))
    client = create_app(lambda: answerer).test_client()
    body = client.post("/ask", json={"question": QUESTION, "explain": True}).get_json()
    answer, reader = body["answer"], body["explain"]["reader"]
    document = answerer.document(answer["document"])
    assert document is not None
    assert document.text[answer["start"] : answer["end"]] == answer["text"] == "The academy"
    assert answer["passage"] in {passage["id"] for passage in body["passages"]}
    assert reader.pop("guess") == answer
    assert reader == {
        "model": "listed",
        "read": 4,
        "score": 3.0,
        "margin": None,
        "support": 1,
        "threshold": 0.5,
    }
    assert body["passages"][0]["explain"]["reader"] == pytest.approx(0.3)
    schemas = client.get("/openapi.json").get_json()["components"]["schemas"]
    assert set(schemas["AnswerOut"]["properties"]) == set(answer)
    assert set(schemas["ReadingOut"]["properties"]) == {*reader, "guess"}


def test_the_guess_is_told_only_where_explained(make: Make) -> None:
    answerer = make(ListedReader({"The academy": -3.0}, calibrated()))
    client = create_app(lambda: answerer).test_client()

    def asked(**more: bool) -> dict[str, Any]:
        body: dict[str, Any] = client.post("/ask", json={"question": QUESTION, **more}).get_json()
        return body

    assert asked()["answer"] is asked(explain=True)["answer"] is None
    assert "The academy" not in str({**asked(), "passages": []})
    assert asked(explain=True)["explain"]["reader"]["guess"]["text"] == "The academy"
    assert asked(answer=False, explain=True)["explain"]["reader"] is None


def test_the_page_says_the_answer_first(make: Make) -> None:
    def page(score: float) -> str:
        answerer = make(ListedReader({"The academy": score}, calibrated()))
        return create_app(lambda: answerer).test_client().get(f"/?q={QUESTION}").text

    assert '<p class="said" dir="auto">The academy</p>' in page(3.0)
    assert "<mark>The academy</mark> leads the center." in page(3.0)
    assert "No answer in your documents; closest passages:" in page(-3.0)


@pytest.mark.parametrize(
    ("score", "colour", "lines"),
    [
        (3.0, False, ["The academy", "The new center: center.md  (95%)", ""]),
        (3.0, True, ["\033[1mThe academy\033[0m", "The new center: center.md  (95%)", ""]),
        (-3.0, True, ["No answer in your documents; closest passages:", ""]),
    ],
)
def test_the_terminal_says_the_answer_first(
    make: Make, score: float, colour: bool, lines: list[str]
) -> None:
    response = make(ListedReader({"The academy": score}, calibrated())).ask(QUESTION)
    shown = list(response_lines(response, colour=colour))
    assert shown[: len(lines)] == lines
    assert "1. The new center" in shown[len(lines)]


def test_what_a_document_says_does_not_write_to_the_terminal(make: Make) -> None:
    response = make(ListedReader({"The academy": 3.0}, calibrated())).ask(QUESTION)
    assert response.reading is not None
    assert response.reading.guess is not None
    hostile = replace(response.reading.guess, text="\033[2Jthe\nacademy")
    told = replace(response, reading=replace(response.reading, guess=hostile))
    assert next(iter(response_lines(told, colour=False))) == "[2Jthe academy"


def test_probability_is_logistic_and_stays_within_bounds() -> None:
    none = Evidence(0.0, 0.0, 0.0, 0.0, 0.0)
    assert probability((0.0,) * 6, none) == 0.5
    assert probability((math.log(3), 0, 0, 0, 0, 0), none) == pytest.approx(0.75)
    assert probability((0, 1, 0, 0, 0, 0), replace(none, score=1e9)) < 1
    assert probability((0, 0, 1, 0, 0, 0), replace(none, margin=-1e9)) > 0
