"""Hits and an answerer made by hand."""

from collections.abc import Mapping, Sequence

from index.records import Document, Passage, Section
from qa.records import Hit, IndexInfo, Mode, Parts, Response, Scores, Timings


def passage(document_id: str, start: int = 0, end: int = 10, text: str = "") -> Passage:
    return Passage(1, document_id, start, end, (), None, text)


def hit(
    document_id: str,
    start: int = 0,
    end: int = 10,
    confidence: float = 0.5,
    text: str = "",
) -> Hit:
    found = passage(document_id, start, end, text)
    return Hit(
        passage=found,
        title="",
        source="",
        scores=Scores(None, None, None, 1.0, 0.5, Parts(0.5, 0.5, 0.0, 0.0, 0.0, 0.0)),
        highlights=(),
        confidence=confidence,
        matched=(),
        also=(),
    )


class ListedAnswers:
    """Answers each question with the hits listed for it, and remembers what it was asked."""

    def __init__(self, listed: Mapping[str, Sequence[Hit]], texts: Mapping[str, str] | None = None):
        self.listed = listed
        self.texts = texts or {}
        self.asked: list[tuple[str, int, str]] = []

    def ask(self, question: str, limit: int, mode: Mode) -> Response:
        self.asked.append((question, limit, mode))
        return Response(
            question=question,
            mode=mode,
            reading=None,
            hits=tuple(self.listed[question])[:limit],
            degraded=(),
            index=IndexInfo(1, "", 1, 1, "listed"),
            timings=Timings(0, 0, 0, 0),
        )

    def document(self, document_id: str) -> Document | None:
        text = self.texts.get(document_id)
        if text is None:
            return None
        return Document(document_id, "T", text, (Section(0, ()),), (), "/", 0)
