"""SQuAD's training articles, divided, and each part indexed as the product indexes documents."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np

from index.build import build
from index.chunker import Chunking, chunk, fronts
from index.embedders import Embedder
from scripts.evaluation.files import load
from scripts.evaluation.records import EvaluationSet
from scripts.evaluation.squad import Article, article_set, read

SQUAD = Path("squad") / "train-v1.1.json"
PARTS = ("training-a", "training-b", "held-out-a", "held-out-b")
OTHER = {
    "training-a": "training-b",
    "training-b": "training-a",
    "held-out-a": "held-out-b",
    "held-out-b": "held-out-a",
}
"""The part that holds nothing of a part's articles: what an index is like that can't answer."""

_HELD_OUT = 10  # one article in so many
_SEED = 0


@dataclass(frozen=True, slots=True)
class CutPassage:
    """A passage as the reader gets it.

    Attributes:
        document_id, start, end: where it stands, as `index.records.Passage` says.
        front: title and headings, which may not hold the answer; "" where there are none.
        body: the rest of what is embedded.
        offset: where `body` begins in the document, in code points.
    """

    document_id: str
    start: int
    end: int
    front: str
    body: str
    offset: int


def divide(articles: Sequence[Article], seed: int = _SEED) -> dict[str, tuple[Article, ...]]:
    """Articles by part, by lot: a tenth is held out, and either side is halved.

    The halves are what lets a question be asked of an index without its article.
    """
    lot = np.random.default_rng(seed).permutation(len(articles))
    held = -(-len(articles) // _HELD_OUT)
    sides = lot[held:], lot[:held]
    halves = [half for side in sides for half in (side[::2], side[1::2])]
    return {
        part: tuple(articles[number] for number in sorted(half.tolist()))
        for part, half in zip(PARTS, halves, strict=True)
    }


def composed(article: Article) -> Article:
    """The article without the paragraphs that are not NFC: loading would move their offsets."""
    kept = (text for text in article.paragraphs if unicodedata.is_normalized("NFC", text.text))
    return replace(article, paragraphs=tuple(kept))


def ambiguous(path: Path) -> frozenset[str]:
    """Questions whose answer stands more than once in its paragraph, the offset being a guess."""
    data = json.loads(path.read_text("utf-8"))["data"]
    return frozenset(
        asked["id"]
        for article in data
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
        if asked.get("offset_ambiguous")
    )


def indexed(part: str, data: Path, var: Path, embedder: Embedder) -> EvaluationSet:
    """A part's articles as documents, with the index brought up to date in `index_of`."""
    articles = [composed(article) for article in divide(read(data / SQUAD))[part]]
    made = article_set(part, articles, var / part / "documents")
    build(made.documents, index_of(part, var), embedder)
    return made


def index_of(part: str, var: Path) -> Path:
    return var / part / "index"


def passages(documents: Path, embedder: Embedder) -> list[CutPassage]:
    """All passages of a folder, in order, cut as `index.build` cuts them."""
    fitted = Chunking().fitted(embedder.max_tokens)
    cut = []
    for path in sorted(documents.iterdir()):
        document = load(documents, path.name)
        made = chunk(document, fitted, embedder.count_tokens, count())
        found = fronts(document.title, made, fitted, embedder.count_tokens)
        for passage, (front, after) in zip(made, found, strict=True):
            cut.append(
                CutPassage(
                    document_id=passage.document_id,
                    start=passage.start,
                    end=passage.end,
                    front=front,
                    body=passage.text[after:],
                    offset=passage.start + after,
                )
            )
    return cut
