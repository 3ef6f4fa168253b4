"""Embeddings by sentence-transformers: any of its models, on a GPU where there is one.

The only file that imports sentence_transformers and huggingface_hub.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.embedders import Vectors
from index.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from transformers import PreTrainedTokenizerBase

_RUNTIME = "sentence-transformers fp32"


class SentenceTransformerEmbedder:
    """The model in a folder. Importing torch takes seconds, so it waits until first use.

    Args:
        verify: called before the model is loaded; a ModelError where its files are altered.
    """

    def __init__(
        self,
        model: str,
        folder: Path,
        digests: dict[str, str],
        verify: Callable[[], None] = lambda: None,
    ) -> None:
        self.model = model
        self._folder = folder
        self._verify = verify
        self.fingerprint = hashlib.sha256(
            json.dumps([_RUNTIME, digests], sort_keys=True).encode()
        ).hexdigest()

    @cached_property
    def _loaded(self) -> "SentenceTransformer":
        self._verify()
        return load(self._folder)

    @cached_property
    def _counter(self) -> "PreTrainedTokenizerBase":
        # its own: a build counts while it embeds, and a tokenizer serves one thread at a time
        counter: PreTrainedTokenizerBase = deepcopy(self._loaded.tokenizer)
        return counter

    @property
    def dimension(self) -> int:
        dimension = self._loaded.get_embedding_dimension()
        if dimension is None:
            raise ModelError(f"{self.model} does not say how long its vectors are")
        return dimension

    @property
    def max_tokens(self) -> int:
        return int(self._loaded.max_seq_length or 512)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        encoded = self._counter(
            list(texts),
            add_special_tokens=False,
            truncation=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,  # a text longer than the model reads is what is being measured
        )
        return [len(ids) for ids in encoded["input_ids"]]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return _unit(self._loaded.encode_document(list(texts), show_progress_bar=False))

    def embed_question(self, text: str) -> Vectors:
        vectors = _unit(self._loaded.encode_query([text], show_progress_bar=False))
        return np.asarray(vectors[0])


def _unit(encoded: object) -> Vectors:
    vectors: Vectors = np.asarray(encoded, np.float32)
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def load(folder: Path, attention: str | None = None) -> "SentenceTransformer":
    """The model in `folder`, with another implementation of its attention where one is named.

    Raises:
        ModelError: it cannot be loaded.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    own = {"attn_implementation": attention} if attention else {}
    try:
        return SentenceTransformer(
            str(folder),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, **own},
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise ModelError(f"the model in {folder} cannot be loaded: {error}") from error


def download(model: str, setting: str = "QA_MODEL") -> Path:
    """The folder of a hub model, fetched on first use and read from the local cache after.

    Args:
        setting: what the model was named in, for the message.

    Raises:
        ModelError: the hub has no such model, or cannot be reached and it is not cached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(model, allow_patterns=["*.json", "*.txt", "*.model", "*.safetensors"])
        )
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            f"no model {model!r}: not a folder here, and not to be had from the hub "
            f"({type(error).__name__}); check the name or set {setting}=bundled"
        ) from error
