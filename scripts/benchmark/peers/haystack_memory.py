"""Haystack: its in-memory store, searched by embedding, through pipelines as its guide has it."""

import sys
from collections.abc import Sequence

# in an environment of its own
from haystack import Document, Pipeline  # type: ignore[import-not-found]
from haystack.components.retrievers.in_memory import (  # type: ignore[import-not-found]
    InMemoryEmbeddingRetriever,
)
from haystack.document_stores.in_memory import (  # type: ignore[import-not-found]
    InMemoryDocumentStore,
)
from haystack.document_stores.types import DuplicatePolicy  # type: ignore[import-not-found]
from haystack_integrations.components.embedders.sentence_transformers import (  # type: ignore[import-not-found]
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from scripts.benchmark.peers.protocol import Work, serve


class Haystack:
    def __init__(self, model: str) -> None:
        self._documents = SentenceTransformersDocumentEmbedder(model=model, progress_bar=False)
        self._documents.warm_up()
        self._store = InMemoryDocumentStore()
        embedder = SentenceTransformersTextEmbedder(model=model, progress_bar=False)
        self._pipeline = Pipeline()
        self._pipeline.add_component("embedder", embedder)
        self._pipeline.add_component("retriever", InMemoryEmbeddingRetriever(self._store))
        self._pipeline.connect("embedder.embedding", "retriever.query_embedding")
        self._pipeline.warm_up()

    def embed(self, texts: Sequence[str]) -> None:
        self._documents.run([Document(content=text) for text in texts])

    def index(self, work: Work) -> None:
        self._store.delete_all_documents()
        made = self._documents.run([Document(content=text) for text in work.texts])
        self._store.write_documents(made["documents"], DuplicatePolicy.OVERWRITE)

    def ask(self, question: str, limit: int, mode: str) -> list[str]:
        found = self._pipeline.run({"embedder": {"text": question}, "retriever": {"top_k": limit}})
        return [document.content for document in found["retriever"]["documents"]]


if __name__ == "__main__":
    serve(Haystack(sys.argv[1]))
