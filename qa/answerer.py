"""Retrieve, then read: the one object that the app, the terminal and the scripts call."""

import logging
import math
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from index import snapshot
from index.chunker import fronts
from index.embedders import Embedder
from index.errors import IndexDamaged, QuestionError
from index.records import Document
from index.store import Store
from qa.readers import Reader, ReadText
from qa.reading import BUDGET_SECONDS, DEPTH, answered, asks, marked, read, reordered, unfinished
from qa.records import Hit, IndexInfo, Mode, Reading, Response, Timings
from qa.retriever import retrieve

log = logging.getLogger("citewell")

MAX_QUESTION = 1000
MAX_LIMIT = 50
DEFAULT_LIMIT = 5
DEFAULT_MODE: Mode = "hybrid"

# What a question is ranked by where that failed.
_INSTEAD: dict[Mode, tuple[Mode, ...]] = {
    "hybrid": ("meaning", "words"),
    "meaning": ("words",),
    "words": ("meaning",),
}

_WARM_UP = "what is this about?"


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
        timeout: float = math.inf,
    ) -> Response:
        """The exact answer to a question, or none, and the passages that answer it, best first.

        A ranking or a reader that fails is logged and named in `degraded`, and the other
        ranking, or the passages without an answer, are what there is.

        Args:
            question: 1 to 1,000 characters that are not all space, no control characters.
            limit: most passages to return, 1 to 50.
            mode: how they are ranked.
            answer: whether a reader, where there is one, is asked. It also reorders the
                passages. A statement asks nothing, see `qa.reading.asks`.
            timeout: seconds, after which nothing is read any more; the passages come.

        Raises:
            QuestionError: the question or the limit is not as it must be.
            Exception: both rankings failed; what the one that was asked for raised.
        """
        asked = time.perf_counter()
        question = clean_question(question)
        check_limit(limit)
        reader = self._reader if answer and asks(question) else None
        found = max(limit, DEPTH) if reader else limit
        mode, hits, timings, degraded = self._ranked(question, found, mode)
        reading = None
        if reader:
            began = time.perf_counter()
            left = asked + timeout - began
            try:
                if left > 0:
                    budget = min(self._budget, left)
                    hits, reading, short = self._read(question, hits, mode, reader, budget)
                else:
                    short = "out of time: nothing was read for an answer"
            except Exception:
                log.exception("the reader failed")
                short = "the reader failed: nothing was read for an answer"
            degraded += (short,) if short else ()
            timings = replace(timings, read=(time.perf_counter() - began) * 1e3)
        return Response(
            question=question,
            mode=mode,
            reading=reading,
            hits=hits[:limit],
            degraded=degraded,
            index=self.info,
            timings=timings,
        )

    def warm_up(self) -> None:
        """Answer a question, so that the first that is asked is not the slow one.

        Raises:
            Exception: whatever fails; nothing is degraded here.
        """
        hits, _ = self._retrieve(_WARM_UP, DEPTH, DEFAULT_MODE)
        if self._reader:
            self._read(_WARM_UP, hits, DEFAULT_MODE, self._reader, self._budget)

    def _retrieve(self, question: str, limit: int, mode: Mode) -> tuple[tuple[Hit, ...], Timings]:
        return retrieve(question, limit, mode, self._store, self._embedder, self._beside)

    def _ranked(
        self, question: str, limit: int, mode: Mode
    ) -> tuple[Mode, tuple[Hit, ...], Timings, tuple[str, ...]]:
        """The hits, how they are ranked, and what that lacks."""
        try:
            return mode, *self._retrieve(question, limit, mode), ()
        except Exception:
            for instead in _INSTEAD[mode]:
                with suppress(Exception):  # where both fail, the first error is the one raised
                    hits, timings = self._retrieve(question, limit, instead)
                    failed = "words" if instead == "meaning" else "meaning"
                    log.exception("ranking by %s failed", failed)
                    lacks = f"ranking by {failed} failed: ranked by {instead} alone"
                    return instead, hits, timings, (lacks,)
            raise

    def _read(
        self, question: str, hits: tuple[Hit, ...], mode: Mode, reader: Reader, budget: float
    ) -> tuple[tuple[Hit, ...], Reading, str]:
        """The hits, marked and in a better order, the answer, and what was left out, or ""."""
        found = read(question, hits, self.text_of, reader, mode, budget)
        reading, said = answered(found, reader, mode, self._threshold)
        ordered = reordered(found, reader.calibration.modes[mode])
        short = ""
        if unfinished(found, reader, mode):
            most = min(len(found), DEPTH)
            short = f"out of time: {reading.read} of {most} passages were read for an answer"
        return marked(ordered, said if reading.answer else ()), reading, short

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
    question = question.strip()
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
    return unicodedata.normalize("NFC", question)


def check_limit(limit: int) -> None:
    """
    Raises:
        QuestionError: `limit` is not between 1 and 50.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise QuestionError(f"limit is {limit}; it must be between 1 and {MAX_LIMIT}")
