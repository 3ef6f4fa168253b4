"""What fails costs its part of an answer, and is told."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from index.bm25 import Asked
from index.embedders import Vectors
from index.store import Store
from qa.answerer import Answerer
from qa.app import create_app
from qa.readers import ReadText, Span
from qa.records import Mode
from qa.terminal import response_lines
from tests.conftest import WORDS
from tests.fakes import CountingEmbedder, ListedReader

QUESTION = "who leads the center?"


class Embedder(CountingEmbedder):
    fails = True

    def embed_question(self, text: str) -> Vectors:
        if self.fails:
            raise RuntimeError("no vectors today")
        return super().embed_question(text)


class WordlessStore(Store):
    def by_words(self, asked: Asked, limit: int) -> np.ndarray:
        raise OSError("no words today")


class BrokenReader(ListedReader):
    def read(self, question: str, texts: Sequence[ReadText]) -> list[Span | None]:
        raise RuntimeError("cannot read today")


def meaningless(index: Path) -> Answerer:
    return Answerer.open(index, Embedder(WORDS))


def wordless(index: Path) -> Answerer:
    embedder = CountingEmbedder(WORDS)
    return Answerer(WordlessStore(index, embedder.fingerprint, embedder.model), embedder)


def unread(index: Path) -> Answerer:
    return Answerer.open(index, CountingEmbedder(WORDS), BrokenReader({}))


WITHOUT_MEANING = "ranking by meaning failed: ranked by words alone"
WITHOUT_WORDS = "ranking by words failed: ranked by meaning alone"
WITHOUT_READER = "the reader failed: nothing was read for an answer"


@pytest.mark.parametrize(
    ("make", "mode", "ranked", "told", "logged"),
    [
        (meaningless, "hybrid", "words", WITHOUT_MEANING, "no vectors today"),
        (meaningless, "meaning", "words", WITHOUT_MEANING, "no vectors today"),
        (wordless, "hybrid", "meaning", WITHOUT_WORDS, "no words today"),
        (wordless, "words", "meaning", WITHOUT_WORDS, "no words today"),
        (unread, "hybrid", "hybrid", WITHOUT_READER, "cannot read today"),
    ],
)
def test_what_fails_is_told_and_the_rest_answers(
    index: Path,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Path], Answerer],
    mode: Mode,
    ranked: Mode,
    told: str,
    logged: str,
) -> None:
    answerer = make(index)
    client = create_app(lambda: answerer).test_client()
    with caplog.at_level(logging.ERROR, "citewell"):
        reply = client.post("/ask", json={"question": QUESTION, "mode": mode})
    body = reply.get_json()
    assert reply.status_code == 200
    assert (body["degraded"], body["mode"], body["answer"]) == ([told], ranked, None)
    assert "The academy leads the center." in body["passages"][0]["text"]
    scores = body["passages"][0]["scores"]
    assert (scores["meaning"] is None, scores["words"] is None) == (
        ranked == "words",
        ranked == "meaning",
    )
    assert logged in caplog.text
    assert f"Incomplete: {told}</p>" in client.get(f"/?q={QUESTION}&mode={mode}").text
    assert f"Incomplete: {told}" in response_lines(answerer.ask(QUESTION, 5, mode), colour=False)


def test_what_needs_no_failed_part_is_whole(index: Path) -> None:
    assert meaningless(index).ask(QUESTION, mode="words").degraded == ()
    assert wordless(index).ask(QUESTION, mode="meaning").degraded == ()
    assert unread(index).ask(QUESTION, answer=False).degraded == ()


def test_where_nothing_is_found_by_what_is_left_the_page_still_tells(index: Path) -> None:
    answerer = meaningless(index)
    page = create_app(lambda: answerer).test_client().get("/?q=zebra").text
    assert "Nothing was found" in page
    assert f"Incomplete: {WITHOUT_MEANING}</p>" in page


def test_where_both_rankings_fail_it_is_a_problem_and_the_next_question_is_answered(
    index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    embedder = Embedder(WORDS)
    answerer = Answerer(WordlessStore(index, embedder.fingerprint, embedder.model), embedder)
    client = create_app(lambda: answerer).test_client()
    reply = client.post("/ask", json={"question": QUESTION})
    assert (reply.status_code, reply.content_type) == (500, "application/problem+json")
    assert "today" not in reply.text
    assert "no vectors today" in caplog.text
    embedder.fails = False
    assert client.post("/ask", json={"question": QUESTION}).get_json()["degraded"] == [
        WITHOUT_WORDS
    ]
