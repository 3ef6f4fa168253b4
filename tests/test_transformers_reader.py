"""A tiny model for extractive question answering, read as transformers runs it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from index.errors import ModelError
from qa.readers import ReadText, open_reader
from qa.readers.calibration import FILE, UNFITTED, write_calibration

QUESTION = "who leads the harbor?"
TEXTS = [
    ReadText("Old notes", "Ann leads the harbor and Ben the depot."),
    ReadText("", "ann leads"),
]
WORDS = "who leads the harbor ? . ann ben and depot old notes".split()


def write_model(folder: Path, kind: str = "BertForQuestionAnswering") -> Path:
    import transformers

    folder.mkdir(exist_ok=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.5,
    )
    getattr(transformers, kind)(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


def by_hand(folder: Path, text: ReadText) -> tuple[str, float]:
    """The best span by a search through all."""
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    context = f"{text.front}\n{text.body}" if text.front else text.body
    encoded = tokenizer(QUESTION, context, return_offsets_mapping=True, return_tensors="pt")
    places: Sequence[Sequence[int]] = encoded.pop("offset_mapping")[0].tolist()
    with torch.no_grad():
        output = model(**encoded)
    start, end = output.start_logits[0].tolist(), output.end_logits[0].tolist()
    head = len(context) - len(text.body)
    body = [n for n, s in enumerate(encoded.sequence_ids(0)) if s == 1 and places[n][0] >= head]
    score, first, last = max(
        (start[a] + end[z] - start[0] - end[0], a, z) for a in body for z in body if a <= z
    )
    return context[places[first][0] : places[last][1]], score


@pytest.mark.parametrize("text", TEXTS, ids=["with a front", "without"])
def test_the_best_span_of_the_body_is_found(folder: Path, text: ReadText) -> None:
    reader = open_reader(str(folder))
    assert reader is not None
    (span,) = reader.read(QUESTION, [text])
    assert span is not None
    words, score = by_hand(folder, text)
    assert text.body[span.start : span.end] == words
    assert span.score == pytest.approx(score, abs=1e-4)


def test_a_span_depends_on_question_and_passage_alone(folder: Path) -> None:
    reader = open_reader(str(folder))
    assert reader is not None
    together = reader.read(QUESTION, TEXTS)
    assert together == [span for text in TEXTS for span in reader.read(QUESTION, [text])]
    assert reader.read(QUESTION, []) == []
    assert reader.read(QUESTION, [ReadText("Old notes", " ")]) == [None]


def test_its_confidence_is_not_fitted_until_a_calibration_lies_in_its_folder(
    folder: Path, tmp_path: Path
) -> None:
    reader = open_reader(str(folder))
    assert reader is not None
    assert reader.calibration == UNFITTED
    assert reader.model == str(folder)
    own = write_model(tmp_path / "own")
    write_calibration(replace(UNFITTED, threshold=0.9), own / FILE)
    calibrated = open_reader(str(own))
    assert calibrated is not None
    assert calibrated.calibration.threshold == 0.9
    assert calibrated.fingerprint != reader.fingerprint


def test_a_model_for_something_else_is_refused(tmp_path: Path) -> None:
    reader = open_reader(str(write_model(tmp_path, "BertForMaskedLM")))
    assert reader is not None
    with pytest.raises(ModelError, match=r"no model for extractive question answering: .*bundled"):
        reader.read(QUESTION, TEXTS)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no model: no \.safetensors file; set QA_READER"):
        open_reader(str(tmp_path))


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    reader = open_reader(str(tmp_path))
    assert reader is not None
    with pytest.raises(ModelError, match="cannot be loaded"):
        reader.read(QUESTION, TEXTS)
