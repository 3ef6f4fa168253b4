"""A reader of a few hundred weights, exported: it says what the trained one says, without torch."""

import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from index.errors import ModelError
from qa.readers import ReadText, open_reader
from qa.readers.calibration import (
    FILE,
    UNFITTED,
    read_calibration,
    write_calibration,
)
from qa.readers.layout import Marks, laid_out
from qa.readers.onnx_reader import SUMS, WEIGHTS, OnnxReader, open_bundled, verified
from scripts.reader import export
from scripts.reader.encoding import Example
from scripts.reader.reading import words
from scripts.reader.shipped import restore
from tests.tiny_reader import reader as tiny
from tests.tiny_reader import side, tokenizer

ROOT = Path(__file__).parent.parent

QUESTION = "Who leads the harbor?"
TEXTS = [
    ReadText("Old notes", "Ann leads the harbor."),
    ReadText("", "Ben leads the depot, and Cleo the center."),
    ReadText("Notes", "The old office."),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of `tests.tiny_reader`, as the product ships its own."""
    made = tmp_path_factory.mktemp("weights")
    tokenizer().save(str(made / "own.json"))
    export.export(tiny(positions=512).eval(), made / "own.json", made, [])
    (made / "own.json").unlink()
    write_calibration(replace(UNFITTED, threshold=0.7), made / FILE)
    export.seal(made, keep_float=True)
    return made


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_the_graph_says_what_the_trained_reader_says(folder: Path) -> None:
    _, layout = side()
    probes = [layout.input(Example(n, n, front=bool(n % 2))) for n in range(8)]
    trained = tiny(positions=512).eval()
    exact = export.difference(trained, folder / export.FLOAT, probes)
    assert exact.most < 1e-5
    assert exact.same == 1
    rough = export.difference(trained, folder / "model.onnx", probes)
    assert 0 < rough.mean < 0.05  # it is the quantised graph that ran


def test_spans_are_those_of_the_trained_reader(folder: Path) -> None:
    encoded, layout = side()
    exported = OnnxReader(folder, "", graph=export.FLOAT)
    trained = tiny(positions=512).eval()
    for number in range(16):
        example = Example(number, int(encoded.gold[number, 0]), front=True)
        batch = layout.batch([[example]])
        with torch.no_grad():
            logits = trained(torch.from_numpy(batch.ids), torch.from_numpy(batch.kinds))[0].numpy()
        scores = (logits - logits[:1])[batch.allowed[0]]
        best = max(
            (scores[a, 0] + scores[z, 1], (a, z))
            for a in range(len(scores))
            for z in range(a, len(scores))
        )
        text = ReadText(*encoded.written(example))
        (span,) = exported.read(encoded.asked[number], [text])
        assert span is not None
        assert span.score == pytest.approx(float(best[0]), abs=1e-4)
        assert text.body[span.start : span.end] == words(encoded, example, np.array(best[1]))


def test_a_span_depends_on_question_and_passage_alone(folder: Path) -> None:
    read = OnnxReader(folder, "", threads=2).read(QUESTION, TEXTS)
    assert OnnxReader(folder, "", threads=1).read(QUESTION, TEXTS[::-1])[::-1] == read
    for text, span in zip(TEXTS, read, strict=True):
        assert OnnxReader(folder, "").read(QUESTION, [text]) == [span]


def test_spans_are_whole_words_of_the_body(folder: Path) -> None:
    for text, span in zip(TEXTS, OnnxReader(folder, "").read(QUESTION, TEXTS), strict=True):
        assert span is not None
        assert 0 <= span.start < span.end <= len(text.body)
        before, after = text.body[: span.start][-1:], text.body[span.end :][:1]
        assert not before.isalnum()
        assert not after.isalnum()


def test_nothing_is_read_from_nothing(folder: Path) -> None:
    reader = OnnxReader(folder, "")
    assert reader.read(QUESTION, []) == []
    assert reader.read(QUESTION, [ReadText("Notes", " \n"), TEXTS[0]])[0] is None


def test_a_passage_longer_than_the_model_reads_is_cut(folder: Path) -> None:
    (span,) = OnnxReader(folder, "").read(QUESTION, [ReadText("", "old notes . " * 400)])
    assert span is not None
    assert span.end <= len("old notes . ") * 170


def test_the_parts_stand_in_the_order_that_was_trained() -> None:
    marks = Marks(first=2, between=3, padding=0)
    parts = np.array([5, 6]), np.array([7]), np.array([8, 9, 10])
    made = laid_out(marks, *parts)
    assert made.ids.tolist() == [2, 5, 6, 3, 7, 8, 9, 10, 3]
    assert made.kinds.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert made.ids[made.start : made.end].tolist() == [8, 9, 10]
    assert laid_out(marks, *parts, most=8).ids.tolist() == [2, 5, 6, 3, 7, 8, 9, 3]
    assert laid_out(marks, *parts, most=6).ids.tolist() == [2, 5, 6, 3, 8, 3]
    assert len(laid_out(marks, np.zeros(80, int), *parts[1:]).ids) == 64 + 1 + 3 + 3


def test_whole_weights_are_opened_with_their_calibration(folder: Path) -> None:
    opened = open_bundled(folder)
    assert opened is not None
    assert opened.calibration.threshold == 0.7
    assert opened.fingerprint == verified(folder)
    assert len(opened.fingerprint) == 64


def test_without_weights_there_is_no_reader(tmp_path: Path) -> None:
    assert open_bundled(tmp_path) is None
    assert open_reader("none") is None


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "model.onnx").unlink(), r"model.onnx cannot be read: .* QA_READER=none"),
        (lambda f: (f / "model.onnx").write_bytes(b""), "model.onnx is altered; install citewell"),
        (lambda f: (f / FILE).write_text("{}"), "calibration.json is altered"),
        (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer.json is altered"),
        (lambda f: (f / SUMS).unlink(), "SHA256SUMS is missing"),
        (lambda f: (f / SUMS).write_text("nothing"), "SHA256SUMS is altered"),
        (lambda f: (f / SUMS).write_text(""), "SHA256SUMS is altered"),
    ],
)
def test_damaged_weights_are_named_with_what_to_do(
    copy: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(copy)
    with pytest.raises(ModelError, match=message):
        open_bundled(copy)


def test_a_graph_that_is_none_says_what_to_do(copy: Path) -> None:
    (copy / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"cannot be loaded: .* set QA_READER=none"):
        OnnxReader(copy, "").read(QUESTION, TEXTS)


def test_another_tokenizer_is_refused(copy: Path) -> None:
    path = copy / "tokenizer.json"
    path.write_text(path.read_text("utf-8").replace("[CLS]", "[ABC]"), "utf-8")
    with pytest.raises(ModelError, match=r"not BERT's: it has no \[CLS\]"):
        OnnxReader(copy, "").read(QUESTION, TEXTS)


def test_a_calibration_is_read_as_it_was_written(tmp_path: Path) -> None:
    weights = replace(UNFITTED.modes["words"], order=0.25, answer=(1, 2, 3, 4, 5, 6.5))
    made = replace(UNFITTED, enough=12.0, modes={**UNFITTED.modes, "words": weights})
    write_calibration(made, tmp_path / FILE)
    assert read_calibration(tmp_path / FILE) == made
    write_calibration(UNFITTED, tmp_path / FILE)
    assert math.isinf(read_calibration(tmp_path / FILE).enough)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"modes": {"hybrid": {"order": "x"}}}'])
def test_what_is_no_calibration_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ModelError, match=r"cannot be used: .*scripts.calibrate_reader"):
        read_calibration(tmp_path / FILE)


def test_reading_loads_no_torch(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from qa.readers import ReadText\n"
        "from qa.readers.onnx_reader import open_bundled\n"
        f"reader = open_bundled(Path({str(folder)!r}))\n"
        f"print(reader.read('who?', [ReadText('', 'Ann leads.')])[0] is not None)\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split("\n")[:2] == ["True", "[]"]


@pytest.mark.skipif(not (WEIGHTS / SUMS).exists(), reason="no reader's weights are here")
def test_the_weights_that_ship_are_whole_and_calibrated() -> None:
    opened = open_reader("bundled")
    assert opened is not None
    assert opened.calibration.fitted_to


@pytest.mark.parametrize("wide", [(), (5, 20)], ids=["none wide", "two wide"])
def test_training_can_go_on_from_what_ships(tmp_path: Path, wide: tuple[int, ...]) -> None:
    trained = tiny(positions=512).eval()
    with torch.no_grad():
        for parameter in filter(lambda p: p.requires_grad, trained.parameters()):
            parameter += 0.01 * torch.randn_like(parameter)  # equal ones are exported once
        trained.layers[0].up.bias[list(wide)] = 90.0  # far beyond what the others give
    _, layout = side()
    probes = [layout.input(Example(n, n, front=bool(n % 2))) for n in range(8)]
    tokenizer().save(str(tmp_path / "own.json"))
    export.export(trained, tmp_path / "own.json", tmp_path, probes)
    begun = tiny(positions=512).eval()
    for parameter in filter(lambda p: p.requires_grad, begun.parameters()):
        torch.nn.init.normal_(parameter)
    restore(tmp_path / "model.onnx", begun)
    for name, parameter in trained.named_parameters():
        kept = parameter.ndim == 1 or name == "positions.weight"  # as they are, in fp32
        most = 1e-6 if kept else 0.51 * float(parameter.detach().abs().max()) / 127
        assert torch.allclose(begun.get_parameter(name), parameter, rtol=0, atol=most), name
