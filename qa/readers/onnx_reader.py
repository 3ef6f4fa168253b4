"""The bundled reader: this project's own weights, run by ONNX Runtime without torch.

A passage goes through the graph alone, several on as many threads, as passages are embedded
(index/embedders/onnx_runtime.py): in a padded batch its int8 activations would share a scale
with its neighbours', and its score depend on them.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.cores import cores
from index.embedders.onnx_runtime import GRAPH, TOKENIZER, open_session, open_tokenizer
from index.errors import ModelError
from qa.readers import ReadText, Span
from qa.readers.calibration import FILE, UNFITTED, Calibration, read_calibration
from qa.readers.layout import Input, laid_out, marks_of
from qa.readers.spans import Floats, best_span, whole_words

if TYPE_CHECKING:
    from index.embedders.onnx_runtime import InferenceSession, Tokenizer

NAME = "citewell-reader"
SUMS = "SHA256SUMS"
MODEL_INPUTS, MODEL_OUTPUT = ("ids", "kinds"), "logits"
"""(1, t) int64 each; (1, t, 2) float32, of start and end."""

MOST_TOKENS = 512

# The same on any machine, since reading stops between one call and the next: on one with
# other cores other passages would be read, and other answers given.
_AT_ONCE = 2

WEIGHTS = Path(__file__).parent / "weights"

_MEND = "install citewell again, or set QA_READER=none to do without exact answers"


def open_bundled(folder: Path = WEIGHTS) -> "OnnxReader | None":
    """The reader whose weights ship with the project; None where none do.

    Raises:
        ModelError: a file is missing or altered; it is named.
    """
    if not (folder / SUMS).exists():
        if (folder / GRAPH).exists():
            raise ModelError(f"{folder / SUMS} is missing; {_MEND}")
        return None
    return OnnxReader(folder, verified(folder))


def verified(folder: Path) -> str:
    """Compare the files in `folder` with the sums that lie there; a digest of all of them.

    Raises:
        ModelError: a file is missing or altered; it is named.
    """
    lines = (folder / SUMS).read_text("utf-8").splitlines()
    expected = dict(line.split("  ", 1)[::-1] for line in lines if "  " in line)
    if len(expected) != len(lines) or not {GRAPH, TOKENIZER} <= expected.keys():
        raise ModelError(f"{folder / SUMS} is altered; {_MEND}")
    for name, sha256 in expected.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f"{folder / name} cannot be read: {error}; {_MEND}") from error
        if found != sha256:
            raise ModelError(f"{folder / name} is altered; {_MEND}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


class OnnxReader:
    """An exported reader.

    Args:
        fingerprint: of the files, see `verified`.
        threads: passages read at the same time; None for one per core, as many as
            are read at once.
        graph: which file of the folder is run.
    """

    model = NAME
    at_once = _AT_ONCE

    def __init__(
        self, folder: Path, fingerprint: str, threads: int | None = None, graph: str = GRAPH
    ) -> None:
        self.fingerprint = fingerprint
        self._threads = threads or min(cores(), _AT_ONCE)
        self.calibration: Calibration = (
            read_calibration(folder / FILE) if (folder / FILE).exists() else UNFITTED
        )
        self._folder = folder
        self._graph = graph

    @cached_property
    def _session(self) -> "InferenceSession":
        return open_session(self._folder / self._graph, _MEND)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        return open_tokenizer(self._folder / TOKENIZER, _MEND)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="citewell-reader")

    def read(self, question: str, texts: Sequence[ReadText]) -> list[Span | None]:
        if not texts:
            return []
        parts = [question, *(part for text in texts for part in (text.front, text.body))]
        encoded = self._tokenizer.encode_batch(parts, add_special_tokens=False)
        asked, marks = np.array(encoded[0].ids, np.int64), marks_of(self._tokenizer.token_to_id)
        inputs, places = [], []
        for front, body in zip(encoded[1::2], encoded[2::2], strict=True):
            ids = np.array(front.ids, np.int64), np.array(body.ids, np.int64)
            inputs.append(laid_out(marks, asked, *ids, MOST_TOKENS))
            places.append(body.offsets)
        _ = self._session  # made once, before the threads ask for it
        scored = (
            map(self._scores, inputs)
            if self._threads == 1 or len(inputs) == 1
            else self._pool.map(self._scores, inputs)
        )
        return [
            _span(text.body, offsets, scores)
            for text, offsets, scores in zip(texts, places, scored, strict=True)
        ]

    def _scores(self, entry: Input) -> Floats:
        """(t, 2) of the body's tokens, above the passage's null, which is that of [CLS]."""
        feed = dict(zip(MODEL_INPUTS, (entry.ids[None], entry.kinds[None]), strict=True))
        (logits,) = self._session.run([MODEL_OUTPUT], feed)
        scores: Floats = logits[0, entry.start : entry.end] - logits[0, :1]
        return scores


def _span(
    body: str,
    places: Sequence[tuple[int, int]],
    scores: Floats,
) -> Span | None:
    if not len(scores):
        return None
    first, last, score = best_span(scores)
    start, end = whole_words(body, places[first][0], places[last][1])
    return Span(start, end, score)
