"""A question has so long: past that it is not begun, and no more is read."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from index.embedders import Vectors
from qa.answerer import Answerer
from qa.app import create_app
from qa.problems import ARRIVED
from qa.readers import ReadText, Span
from tests.conftest import WORDS
from tests.fakes import CountingEmbedder, ListedReader

QUESTION = "who leads the center?"


class Embedder(CountingEmbedder):
    """Counts the questions, too, and takes `seconds` for each."""

    questions = 0
    seconds = 0.0

    def embed_question(self, text: str) -> Vectors:
        self.questions += 1
        time.sleep(self.seconds)
        return super().embed_question(text)


class SlowReader(ListedReader):
    """Takes `seconds` for two passages."""

    seconds = 1.0

    def read(self, question: str, texts: Sequence[ReadText]) -> list[Span | None]:
        time.sleep(self.seconds)
        return super().read(question, texts)


@pytest.mark.parametrize(
    ("server", "asked", "waited", "status"),
    [
        (60.0, 500, 0.6, 503),
        (60.0, 30_000, 0.6, 200),
        (0.5, None, 0.6, 503),
        (0.5, 60_000, 0.6, 503),  # no more than the server allows
        (60.0, None, 0.6, 200),
    ],
)
def test_what_has_waited_too_long_is_dropped_before_it_is_embedded(
    index: Path, server: float, asked: int | None, waited: float, status: int
) -> None:
    embedder = Embedder(WORDS)
    answerer = Answerer.open(index, embedder)
    client = create_app(lambda: answerer, timeout=server).test_client()
    embedder.questions = 0
    reply = client.post(
        "/ask",
        json={"question": QUESTION, "timeout_ms": asked},
        environ_overrides={ARRIVED: time.monotonic() - waited},
    )
    assert (reply.status_code, embedder.questions) == (status, int(status == 200))
    if status == 503:
        assert reply.headers["Retry-After"] == "1"
        assert reply.content_type == "application/problem+json"
        assert "timed out: the question waited longer than the 500 ms" in reply.text


def test_passages_come_where_no_time_is_left_to_read_them(index: Path) -> None:
    embedder = Embedder(WORDS)
    embedder.seconds = 0.1
    reader = ListedReader({"The academy": 3.0})
    answerer = Answerer.open(index, embedder, reader, budget=60)
    client = create_app(lambda: answerer).test_client()
    body = client.post("/ask", json={"question": QUESTION, "timeout_ms": 90}).get_json()
    assert body["degraded"] == ["out of time: nothing was read for an answer"]
    assert (body["answer"], reader.texts) == (None, [])
    assert "The academy leads the center." in body["passages"][0]["text"]
    whole = client.post("/ask", json={"question": QUESTION, "timeout_ms": 60_000}).get_json()
    assert (whole["degraded"], len(reader.texts)) == ([], 4)


def test_what_was_not_read_in_time_is_told(index: Path) -> None:
    reader = SlowReader({"The academy": 3.0})
    answerer = Answerer.open(index, Embedder(WORDS), reader, budget=60)
    response = answerer.ask(QUESTION, timeout=1.0)
    assert response.degraded == ("out of time: 2 of 4 passages were read for an answer",)
    assert response.reading is not None
    assert response.reading.read == len(reader.texts) == 2
    reader.seconds = 0.0
    assert answerer.ask(QUESTION).degraded == ()
