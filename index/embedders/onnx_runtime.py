"""Embeddings by ONNX Runtime and tokenizers, from an export: no torch, one text at a time.

A text goes through alone, never in a batch. There is then no padding, and its vector depends on
nothing else; in a batch the int8 activations share one scale, and the neighbours shift it.
It is the faster way too: two texts on two threads beat a padded batch on two
(docs/embedding.md). The only file that runs onnxruntime and tokenizers.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.cores import cores
from index.embedders import Vectors
from index.embedders.exports import Export
from index.errors import ModelError

if TYPE_CHECKING:
    # named as they are, for others that run graphs without knowing the libraries
    from onnxruntime import InferenceSession as InferenceSession
    from tokenizers import Tokenizer as Tokenizer

GRAPH, TOKENIZER = "model.onnx", "tokenizer.json"
INPUT, OUTPUT = "token_ids", "vector"

_MEND = "run `make index`"


class OnnxEmbedder:
    """An exported model. Threads may share it: one text takes one thread.

    Args:
        threads: passages embedded at the same time; None for one per core.
    """

    def __init__(
        self,
        model: str,
        fingerprint: str,
        folder: Path,
        export: Export,
        threads: int | None = None,
    ) -> None:
        self.model = model
        self.fingerprint = fingerprint
        self.dimension = export.dimension
        self.max_tokens = export.max_tokens
        self._folder = folder
        self._export = export
        self._threads = threads or cores()

    @cached_property
    def _session(self) -> "InferenceSession":
        return open_session(self._folder / GRAPH)

    @cached_property
    def _counter(self) -> "Tokenizer":
        return open_tokenizer(self._folder / TOKENIZER)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        tokenizer = open_tokenizer(self._folder / TOKENIZER)
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        encoded = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(text) for text in encoded]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        _ = self._session, self._tokenizer  # made once, before the threads ask for them
        prompted = [self._export.passage_prompt + text for text in texts]
        if self._threads == 1:
            return np.stack([self._embed(text) for text in prompted])
        with ThreadPoolExecutor(self._threads) as pool:
            return np.stack(list(pool.map(self._embed, prompted)))

    def embed_question(self, text: str) -> Vectors:
        return self._embed(self._export.question_prompt + text)

    def tokens(self, text: str) -> NDArray[np.int64]:
        """(1, n): what the graph is run on."""
        return np.array([self._tokenizer.encode(text).ids], np.int64)

    def _embed(self, text: str) -> Vectors:
        (vectors,) = self._session.run([OUTPUT], {INPUT: self.tokens(text)})
        vector: Vectors = vectors[0]
        unit: Vectors = vector / np.linalg.norm(vector)
        return unit


def open_session(graph: Path, mend: str = _MEND) -> "InferenceSession":
    """A session in which one text takes one thread.

    Args:
        mend: what to do where the file is damaged.

    Raises:
        ModelError: the file is no graph that this ONNX Runtime reads.
    """
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # a plan for each of many lengths would be kept
    # Without VNNI products of int8 are summed in 16 bits, which some exceed: a processor of that
    # kind would find other vectors and answers. Exact there, too, a run takes a tenth longer.
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 3
    try:
        return InferenceSession(
            str(graph),
            options,
            providers=["CPUExecutionProvider"],
            # The fused kernel takes longer than the two it replaces: 19 ms for a passage of 160
            # tokens with it, 15 ms without.
            disabled_optimizers=["SkipLayerNormFusion"],
        )
    except Exception as error:  # ONNX Runtime's exceptions share no base but this
        raise ModelError(f"{graph} cannot be loaded: {error}; {mend}") from error


def open_tokenizer(path: Path, mend: str = _MEND) -> "Tokenizer":
    """The tokenizer in a file, without the padding and truncation that may be stored in it.

    Args:
        mend: what to do where the file is damaged.

    Raises:
        ModelError: the file is no tokenizer.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # what tokenizers raises is a bare Exception
        raise ModelError(f"{path} cannot be loaded: {error}; {mend}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
