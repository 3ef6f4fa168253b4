"""The embedder of a model that is exported once: by ONNX Runtime wherever that works."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from index.embedders import Embedder, Precision, Vectors
from index.embedders.exports import SUMS, Export, read_export, write_export
from index.errors import ModelError

log = logging.getLogger("citewell")

# Raise the number when what an export holds, or how it is run, changes any vector.
_RUNTIME = "onnx 2"


class ExportedEmbedder:
    """Looks for the export at first use, and makes it where it may.

    A builder may export. A reader may not: it never loads torch for a model that has an
    export, and where there is none says what to do.
    """

    def __init__(
        self,
        model: str,
        folder: Path,
        digests: dict[str, str],
        verify: Callable[[], None],
        exports: Path,
        precision: Precision,
        may_export: bool,
    ) -> None:
        self.model = model
        self._folder = folder
        self._digests = digests
        self._verify = verify
        self._may_export = may_export
        self._precision = precision
        self._fingerprint = hashlib.sha256(
            json.dumps([_RUNTIME, precision, digests], sort_keys=True).encode()
        ).hexdigest()
        self._kept = exports / self._fingerprint

    @cached_property
    def _embedder(self) -> Embedder:
        export = self._export()
        if export.refused is not None:
            from index.embedders.sentence_transformer import SentenceTransformerEmbedder

            log.warning("%s runs on sentence-transformers: %s", self.model, export.refused)
            return SentenceTransformerEmbedder(
                self.model, self._folder, self._digests, self._verify
            )
        from index.embedders.onnx_runtime import OnnxEmbedder

        return OnnxEmbedder(self.model, self._fingerprint, self._kept, export)

    def _export(self) -> Export:
        try:
            found = read_export(self._kept)
        except ModelError:
            if not self._may_export:
                raise
            found = None
        if found is not None:
            return found
        if not self._may_export:
            raise ModelError(
                f"{self.model} is not exported in {self._kept.parent} ({self._precision}); "
                "run `make index`"
            )
        from index.embedders.onnx_export import export_model

        self._verify()
        log.info("exporting %s to ONNX; this takes half a minute, once", self.model)
        try:
            return write_export(
                self._kept, lambda draft: export_model(self._folder, self._precision, draft)
            )
        except OSError as error:
            raise ModelError(f"{self._kept} cannot be written: {error}") from error

    @property
    def fingerprint(self) -> str:
        if self._may_export or (self._kept / SUMS).exists():
            return self._embedder.fingerprint
        # a reader without an export hears first what is wrong with its index
        return self._fingerprint

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    @property
    def max_tokens(self) -> int:
        return self._embedder.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.embed_passages(texts)

    def embed_question(self, text: str) -> Vectors:
        return self._embedder.embed_question(text)
