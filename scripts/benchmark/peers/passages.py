"""The passages that citewell cuts documents into, for those that do not cut any themselves."""

import json
from itertools import count
from pathlib import Path

from index import loaders
from index.chunker import Chunking, chunk, embedded_texts
from index.embedders import Embedder
from scripts.benchmark.peers.workers import Order


def write_passages(documents: Path, texts: Path, embedder: Embedder) -> Order:
    """Write what citewell embeds of every passage of a folder, as a JSON list."""
    chunking = Chunking().fitted(embedder.max_tokens)
    ids = count(1)
    found: list[str] = []
    for path in sorted(documents.iterdir()):
        document = loaders.load(documents, path)
        passages = chunk(document, chunking, embedder.count_tokens, ids)
        found += embedded_texts(document.title, passages, chunking, embedder.count_tokens)
    texts.write_text(json.dumps(found), "utf-8")
    return Order(texts, documents, len(found))
