"""What turns text into vectors: the contract, and the choice between implementations."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

Vectors = NDArray[np.float32]

# int8 is several times faster; fp32 gives the vectors of sentence-transformers.
Precision = Literal["int8", "fp32"]

BUNDLED = "bundled"

_DECIDING = {".safetensors", ".json", ".txt", ".model"}
_OTHER_RUNTIMES = ("onnx/", "openvino/", ".cache/")


class Embedder(Protocol):
    """Questions and passages go in by different doors: many models prompt them apart."""

    @property
    def model(self) -> str:
        """Name for people: what was asked for, or the bundled model's own name."""

    @property
    def fingerprint(self) -> str:
        """Hex digest of everything that decides the vectors: weights, tokenizer, configuration."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Most tokens the model reads at once, special tokens counted."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Length of each text in the model's tokens, special tokens not counted."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimension) float32, unit rows, in the order given; (0, dimension) for none."""

    def embed_question(self, text: str) -> Vectors:
        """(dimension,) float32, unit length."""


def open_embedder(
    model: str,
    exports: Path | None = None,
    precision: Precision = "int8",
    *,
    may_export: bool = False,
) -> Embedder:
    """The embedder for `model`: "bundled", a folder, or a name on the Hugging Face hub.

    Nothing is loaded until the embedder is used. Only a hub name may use the network. The
    bundled weights, whose sha256 are known, are read and compared when they are used: where
    sentence-transformers runs them, and before an export is made. After that the export runs,
    whose own sums are compared at every start, and the weights decide nothing any more.

    Args:
        exports: folder in which exports to ONNX are kept, beside the index, so that an index
            that is moved takes its model along; None runs the model on sentence-transformers.
        precision: of the export.
        may_export: whether a missing or damaged export is made, as a build does; else it is a
            ModelError at first use.

    Raises:
        ModelError: there is no such folder or package.
    """
    from index.embedders import bundled

    if model == BUNDLED:
        name, folder = bundled.NAME, bundled.bundled_folder()
        digests, verify = bundled.SHA256, bundled.verify
    else:
        name, folder = model, Path(model).expanduser()
        if not folder.is_dir():
            from index.embedders.sentence_transformer import download

            folder = download(model)
        digests, verify = file_digests(folder), _just_read
    if exports is None:
        from index.embedders.sentence_transformer import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(name, folder, digests, verify)
    from index.embedders.exported import ExportedEmbedder

    return ExportedEmbedder(name, folder, digests, verify, exports, precision, may_export)


def _just_read() -> None:
    """For a model whose files have no sums but those that were taken just now."""


def file_digests(
    folder: Path, mend: str = "set QA_MODEL to a sentence-transformers folder"
) -> dict[str, str]:
    """sha256 of every file that decides what vectors the model in `folder` gives.

    Keys are paths relative to the folder, sorted. Exports for other runtimes, which lie
    beside the weights in many hub folders, are left out.

    Args:
        mend: what to do where there are none.

    Raises:
        ModelError: the folder holds no weights in safetensors form.
    """
    digests = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in _DECIDING or name.startswith(_OTHER_RUNTIMES) or not path.is_file():
            continue
        with path.open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    if not any(name.endswith(".safetensors") for name in digests):
        raise ModelError(f"{folder} holds no model: no .safetensors file; {mend}")
    return digests
