"""Retrieve, then read: the one object that the app, the terminal and the scripts call."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from index.embedders import Embedder
from index.errors import QuestionError
from index.records import Document
from index.store import Store
from qa.records import IndexInfo, Mode, Response
from qa.retriever import retrieve

MAX_QUESTION = 1000
MAX_LIMIT = 50
DEFAULT_LIMIT = 5
DEFAULT_MODE: Mode = "hybrid"


class Answerer:
    """Answers questions over one snapshot. Safe to share between threads."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder
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
    def open(cls, index: Path, embedder: Embedder) -> "Answerer":
        """Open the published snapshot of the index in `index`.

        Raises:
            IndexMissing, IndexMismatch, IndexDamaged: as `Store` says.
        """
        return cls(Store(index, embedder.fingerprint, embedder.model), embedder)

    def ask(self, question: str, limit: int = DEFAULT_LIMIT, mode: Mode = DEFAULT_MODE) -> Response:
        """The passages that answer a question, best first.

        Args:
            question: 1 to 1,000 characters that are not all space, no control characters.
            limit: most passages to return, 1 to 50.
            mode: how they are ranked.

        Raises:
            QuestionError: the question or the limit is not as it must be.
        """
        question = clean_question(question)
        check_limit(limit)
        hits, timings = retrieve(question, limit, mode, self._store, self._embedder, self._beside)
        return Response(
            question=question,
            mode=mode,
            answer=None,
            hits=hits,
            index=self.info,
            timings=timings,
        )

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
