"""Retrieve, then read: the one object that the app, the terminal and the scripts call."""

import time
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from index import snapshot
from index.chunker import fronts
from index.embedders import Embedder
from index.errors import IndexDamaged, QuestionError
from index.records import Document
from index.store import Store
from qa.readers import Reader, ReadText
from qa.reading import BUDGET_SECONDS, DEPTH, answered, asks, marked, read, reordered
from qa.records import Hit, IndexInfo, Mode, Reading, Response
from qa.retriever import retrieve

MAX_QUESTION = 1000
MAX_LIMIT = 50
DEFAULT_LIMIT = 5
DEFAULT_MODE: Mode = "hybrid"


class Answerer:
    """Answers questions over one snapshot. Safe to share between threads."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        reader: Reader | None = None,
        threshold: float | None = None,
        budget: float = BUDGET_SECONDS,
    ) -> None:
        """
        Args:
            reader: finds the exact answer; None answers with passages alone.
            threshold: least confidence of an answer that is given; None for the reader's own.
            budget: seconds, after which no further passages are read.
        """
        self._store = store
        self._embedder = embedder
        self._reader = reader
        self._threshold = threshold
        self._budget = budget
        self._beside = ThreadPoolExecutor(1, "citewell-words")
        manifest = store.manifest
        self.info = IndexInfo(
            snapshot=manifest.snapshot,
            built_at=manifest.built_at,
            documents=manifest.documents,
            passages=manifest.passages,
            model=manifest.model,
        )

    @classmethod
    def open(
        cls,
        index: Path,
        embedder: Embedder,
        reader: Reader | None = None,
        threshold: float | None = None,
        budget: float = BUDGET_SECONDS,
    ) -> "Answerer":
        """Open the published snapshot of the index in `index`; the rest is as for the class.

        Raises:
            IndexMissing, IndexMismatch, IndexDamaged: as `Store` says.
        """
        while True:
            published = snapshot.current(index)
            try:
                store = Store(index, embedder.fingerprint, embedder.model)
                break
            except IndexDamaged:  # or replaced: a build may delete from what is being opened
                if snapshot.current(index) == published:
                    raise
        return cls(store, embedder, reader, threshold, budget)

    def ask(
        self,
        question: str,
        limit: int = DEFAULT_LIMIT,
        mode: Mode = DEFAULT_MODE,
        answer: bool = True,
    ) -> Response:
        """The exact answer to a question, or none, and the passages that answer it, best first.

        Args:
            question: 1 to 1,000 characters that are not all space, no control characters.
            limit: most passages to return, 1 to 50.
            mode: how they are ranked.
            answer: whether a reader, where there is one, is asked. It also reorders the
                passages. A statement asks nothing, see `qa.reading.asks`.

        Raises:
            QuestionError: the question or the limit is not as it must be.
        """
        question = clean_question(question)
        check_limit(limit)
        reader = self._reader if answer and asks(question) else None
        found = max(limit, DEPTH) if reader else limit
        hits, timings = retrieve(question, found, mode, self._store, self._embedder, self._beside)
        reading = None
        if reader:
            began = time.perf_counter()
            hits, reading = self._read(question, hits, mode, reader)
            timings = replace(timings, read=(time.perf_counter() - began) * 1e3)
        return Response(
            question=question,
            mode=mode,
            reading=reading,
            hits=hits[:limit],
            index=self.info,
            timings=timings,
        )

    def _read(
        self, question: str, hits: Sequence[Hit], mode: Mode, reader: Reader
    ) -> tuple[tuple[Hit, ...], Reading]:
        found = read(question, hits, self.text_of, reader, mode, self._budget)
        reading, said = answered(found, reader, mode, self._threshold)
        ordered = reordered(found, reader.calibration.modes[mode])
        return marked(ordered, said if reading.answer else ()), reading

    def text_of(self, hit: Hit) -> tuple[ReadText, int]:
        """A hit as a reader reads it, and where its body begins in the document's text."""
        passage = hit.passage
        chunking = self._store.manifest.chunking.fitted(self._embedder.max_tokens)
        ((front, after),) = fronts(hit.title, [passage], chunking, self._embedder.count_tokens)
        return ReadText(front, passage.text[after:]), passage.start + after

    def document(self, document_id: str) -> Document | None:
        """A document as the snapshot has it; None where it has none of that id."""
        return self._store.document(document_id)


def clean_question(question: str) -> str:
    """The question as it is asked: NFC, no space round it.

    Raises:
        QuestionError: it is empty, too long, or holds control characters or surrogates.
    """
    question = unicodedata.normalize("NFC", question).strip()
    if not question:
        raise QuestionError("question is empty; write one")
    if len(question) > MAX_QUESTION:
        raise QuestionError(
            f"question has {len(question)} characters; it may have {MAX_QUESTION} at most"
        )
    for character in question:
        if character not in "\t\n\r" and unicodedata.category(character) in {"Cc", "Cs"}:
            raise QuestionError(
                f"question holds the control character U+{ord(character):04X}; take it out"
            )
    return question


def check_limit(limit: int) -> None:
    """
    Raises:
        QuestionError: `limit` is not between 1 and 50.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise QuestionError(f"limit is {limit}; it must be between 1 and {MAX_LIMIT}")
