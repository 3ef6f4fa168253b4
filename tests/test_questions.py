"""The sample documents and the questions about them, asked of the real model."""

import tomllib
from math import inf
from pathlib import Path
from typing import Any

import pytest

from index import loaders
from index.build import build
from index.embedders import open_embedder
from index.records import Document
from qa.answerer import Answerer
from qa.readers import open_reader
from qa.readers.onnx_reader import SUMS, WEIGHTS
from qa.records import Mode

ROOT = Path(__file__).parent.parent
DOCUMENTS = ROOT / "documents"

QUESTIONS: list[dict[str, Any]] = tomllib.loads((ROOT / "tests/questions.toml").read_text("utf-8"))[
    "question"
]
ANSWERED = [question for question in QUESTIONS if "span" in question]

# Of the questions that have an answer, how many find it in the first 1, 3 and 5 passages, as
# last measured: no change may find fewer. (With wide channels apart int8 is nearer to fp32, and
# by meaning finds three more first; together with words one fell from the third and fifth place.)
RECORDED: dict[Mode, tuple[int, int, int]] = {
    "hybrid": (68, 84, 94),
    "meaning": (60, 87, 95),
    "words": (51, 72, 83),
}


@pytest.fixture(scope="module")
def texts() -> dict[str, Document]:
    paths = (path for path in DOCUMENTS.rglob("*") if path.is_file())
    return {d.id: d for d in (loaders.load(DOCUMENTS, path) for path in paths)}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    report = build(DOCUMENTS, folder, open_embedder("bundled", folder / "models", may_export=True))
    assert report.unreadable == ()
    return folder


@pytest.fixture(scope="module")
def sample(index: Path) -> Answerer:
    return Answerer.open(index, open_embedder("bundled", index / "models"))


@pytest.fixture(scope="module")
def answering(index: Path) -> Answerer:
    """The same with the bundled reader, which reads on however busy the machine is."""
    reader = open_reader("bundled")
    return Answerer.open(index, open_embedder("bundled", index / "models"), reader, budget=inf)


def test_there_are_enough_questions_of_both_kinds() -> None:
    assert len(ANSWERED) >= 60
    assert len(QUESTIONS) - len(ANSWERED) >= 10
    assert len({question["ask"].casefold() for question in QUESTIONS}) == len(QUESTIONS)


def test_every_answer_stands_in_its_document_once(texts: dict[str, Document]) -> None:
    for question in ANSWERED:
        text = texts[question["document"]].text
        assert text.count(question["span"]) >= 1, question
    assert {question["document"] for question in ANSWERED} == set(texts)


def test_documents_are_of_a_readable_length(texts: dict[str, Document]) -> None:
    lengths = {name: len(document.text.split()) for name, document in texts.items()}
    assert {name: n for name, n in lengths.items() if not 300 <= n <= 1500} == {}
    assert 10 <= len(lengths) <= 15
    assert {Path(name).suffix for name in lengths} == {".md", ".txt", ".html", ".pdf", ".docx"}


def rank(sample: Answerer, question: dict[str, Any], mode: Mode = "hybrid") -> float:
    """At which place, from 1, the first passage stands that holds the span that answers."""
    hits = sample.ask(question["ask"], 5, mode).hits
    places = (
        place
        for place, hit in enumerate(hits, 1)
        if hit.passage.document_id == question["document"] and question["span"] in hit.passage.text
    )
    return next(places, inf)


@pytest.mark.parametrize("mode", RECORDED)
def test_no_fewer_questions_find_their_passage_than_were_recorded(
    sample: Answerer, mode: Mode
) -> None:
    ranks = {question["ask"]: rank(sample, question, mode) for question in ANSWERED}
    found = tuple(sum(place <= first for place in ranks.values()) for first in (1, 3, 5))
    missed = [ask for ask, place in ranks.items() if place > 3]
    pairs = zip(found, RECORDED[mode], strict=True)
    assert all(now >= recorded for now, recorded in pairs), (found, missed)


def test_who_leads_the_center_is_answered_first(sample: Answerer) -> None:
    hit = sample.ask("who leads the center?").hits[0]
    assert "Beijing Academy of Blockchain and Edge Computing" in hit.passage.text
    ((start, end),) = hit.highlights
    assert "Beijing Academy" in hit.passage.text[start:end]


reading = pytest.mark.skipif(not (WEIGHTS / SUMS).exists(), reason="no reader's weights are here")


@reading
def test_the_exact_answer_to_who_leads_the_center_is_given(
    answering: Answerer, texts: dict[str, Document]
) -> None:
    answer = answering.ask("who leads the center?").answer
    assert answer is not None
    assert "Beijing Academy of Blockchain and Edge Computing" in answer.text
    assert texts[answer.document_id].text[answer.start : answer.end] == answer.text


@reading
def test_what_nothing_answers_gets_no_answer(answering: Answerer) -> None:
    assert answering.ask("who is the CEO of the center?").answer is None


@reading
def test_every_guess_slices_back_to_its_document(
    answering: Answerer, texts: dict[str, Document]
) -> None:
    for question in QUESTIONS:
        found = answering.ask(question["ask"]).reading
        assert found is not None
        assert found.guess is not None
        guess = found.guess
        assert texts[guess.document_id].text[guess.start : guess.end] == guess.text


@pytest.mark.parametrize("ask", ["who approved the center?", "when was trading banned?"])
def test_a_plain_question_is_answered_first(sample: Answerer, ask: str) -> None:
    (question,) = [question for question in QUESTIONS if question["ask"] == ask]
    assert rank(sample, question) == 1


def test_every_passage_slices_back_to_its_document(
    sample: Answerer, texts: dict[str, Document]
) -> None:
    for question in QUESTIONS:
        for hit in sample.ask(question["ask"], 50).hits:
            p = hit.passage
            assert p.text == texts[p.document_id].text[p.start : p.end]
