"""Any extractive question answering model of the hub or in a folder, through transformers.

Slower than the bundled reader, and its confidence means little until a calibration lies in its
folder. The only file of this side that imports torch and transformers.
"""

import hashlib
import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from index.embedders import file_digests
from index.errors import ModelError
from qa.readers import ReadText, Span
from qa.readers.calibration import FILE, UNFITTED, Calibration, read_calibration
from qa.readers.spans import best_span, whole_words

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

_RUNTIME = "transformers fp32"
_MOST_TOKENS = 512
_MEND = "set QA_READER to the folder of a model for extractive question answering"
_JOIN = "\n"


def open_transformers(name: str) -> "TransformersReader":
    """The model in a folder or of that name on the hub.

    Raises:
        ModelError: there is none, or it has no weights in safetensors form.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        from index.embedders.sentence_transformer import download

        folder = download(name, "QA_READER")
    return TransformersReader(name, folder)


class TransformersReader:
    """Reads front and body as one text, passages one at a time.

    The score is that of transformers' own pipeline: the best start's and end's logits within
    the body, less those of the first token, which a model that was trained on SQuAD 2.0 takes
    for "no answer". One that was not has an answer to everything.
    """

    at_once = 1

    def __init__(self, model: str, folder: Path) -> None:
        self.model = model
        self._folder = folder
        self.fingerprint = hashlib.sha256(
            json.dumps([_RUNTIME, file_digests(folder, _MEND)], sort_keys=True).encode()
        ).hexdigest()
        own = folder / FILE
        self.calibration: Calibration = read_calibration(own) if own.exists() else UNFITTED
        self._turn = threading.Lock()  # a fast tokenizer serves one thread at a time

    @cached_property
    def _loaded(self) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                str(self._folder), local_files_only=True, trust_remote_code=False
            )
            model, missing = AutoModelForQuestionAnswering.from_pretrained(
                str(self._folder),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
            )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            raise ModelError(f"the reader in {self._folder} cannot be loaded: {error}") from error
        if any(key.startswith("qa_outputs") for key in missing["missing_keys"]):
            raise ModelError(
                f"{self.model} is no model for extractive question answering: it has no weights "
                "for start and end; set QA_READER=bundled or name another"
            )
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(f"{self.model} has no fast tokenizer, which tells where words stand")
        return model.eval(), tokenizer

    def read(self, question: str, texts: Sequence[ReadText]) -> list[Span | None]:
        with self._turn:
            return [self._read(question, text) for text in texts]

    def _read(self, question: str, text: ReadText) -> Span | None:
        import torch

        model, tokenizer = self._loaded
        head = f"{text.front}{_JOIN}" if text.front else ""
        encoded = tokenizer(
            question,
            head + text.body,
            truncation="only_second",
            max_length=min(tokenizer.model_max_length, _MOST_TOKENS),
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        places = encoded.pop("offset_mapping")[0].tolist()
        body = _body(encoded, places, len(head))
        if not body:
            return None
        with torch.inference_mode():
            output = model(**encoded)
        logits: Tensor = torch.stack([output.start_logits[0], output.end_logits[0]], 1).float()
        scores = (logits - logits[:1])[body].numpy()
        first, last, score = best_span(scores)
        start, end = places[body[first]][0] - len(head), places[body[last]][1] - len(head)
        return Span(*whole_words(text.body, max(start, 0), end), score)


def _body(encoded: "BatchEncoding", places: Sequence[Sequence[int]], head: int) -> list[int]:
    """Tokens of the body: of the second sequence, and of more than space after the head."""
    return [
        token
        for token, (sequence, (start, end)) in enumerate(
            zip(encoded.sequence_ids(0), places, strict=True)
        )
        if sequence == 1 and head <= start < end
    ]
