"""Trained weights → what the product ships: an int8 graph, its tokenizer, and their sums."""

import hashlib
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from index.embedders.onnx_runtime import GRAPH, TOKENIZER, open_session
from index.embedders.quantisation import Feed, quantise
from qa.readers.layout import Input
from qa.readers.onnx_reader import MODEL_INPUTS, MODEL_OUTPUT, SUMS
from scripts.reader.model import Layer, Reader

FLOAT = "fp32.onnx"


class _Attention(nn.Module):
    """A layer of the model with attention as one operator of ONNX Runtime.

    Its own fusion recognises only what older exporters wrote.
    """

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        layer = self.layer
        b, t, hidden = x.shape
        query, key, value = layer.qkv(x).split(hidden, dim=2)
        mixed: Tensor = torch.onnx.ops.symbolic(
            "com.microsoft::MultiHeadAttention",
            [query, key, value],
            {"num_heads": layer.heads, "scale": float((hidden // layer.heads) ** -0.5)},
            dtype=x.dtype,
            shape=(b, t, hidden),
            version=1,
        )
        x = layer.norm(x + layer.out(mixed))
        y: Tensor = layer.last(x + layer.down(nn.functional.gelu(layer.up(x))))
        return y


class _Whole(nn.Module):
    """One passage at a time, so that no mask is needed."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader
        layers = [layer for layer in reader.layers if isinstance(layer, Layer)]  # they all are
        self.layers = nn.ModuleList(map(_Attention, layers))

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        reader = self.reader
        x = reader.words(ids) + reader.positions.weight[: ids.shape[1]] + reader.kinds(kinds)
        x = reader.norm(x)
        for layer in self.layers:
            x = layer(x)
        logits: Tensor = reader.head(x)
        return logits


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a graph's logits are from the trained reader's, over the tokens of all probes.

    Attributes:
        mean, most: of the absolute differences.
        same: share of probes whose best start and best end are the same tokens.
    """

    mean: float
    most: float
    same: float


def export(reader: Reader, tokenizer: Path, folder: Path, probes: Sequence[Input]) -> None:
    """Write graphs in fp32 and int8, and the tokenizer, and no sums yet: see `seal`.

    Args:
        tokenizer: the file that the reader was trained with.
        probes: show the quantiser which channels are wide.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_graph(reader, folder / FLOAT)
    quantise(folder / FLOAT, folder / GRAPH, [feed(probe) for probe in probes])
    shutil.copyfile(tokenizer, folder / TOKENIZER)


def write_graph(reader: Reader, path: Path) -> None:
    """(1, t) ids and kinds → (1, t, 2) logits, float32."""
    ids = torch.arange(1, 10)[None]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter; `difference` answers for the graph
        program = torch.onnx.export(
            _Whole(reader).eval(),
            (ids, torch.zeros_like(ids)),
            input_names=list(MODEL_INPUTS),
            output_names=[MODEL_OUTPUT],
            dynamic_shapes=({1: torch.export.Dim.DYNAMIC}, {1: torch.export.Dim.DYNAMIC}),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch's exporter gave no program")
    program.save(str(path), external_data=False)


def feed(probe: Input) -> Feed:
    return dict(zip(MODEL_INPUTS, (probe.ids[None], probe.kinds[None]), strict=True))


@torch.no_grad()
def difference(reader: Reader, graph: Path, probes: Sequence[Input]) -> Difference:
    """What a graph says of each probe against what the reader does, in fp32."""
    session = open_session(graph)
    apart: list[NDArray[np.float32]] = []
    same = 0
    for probe in probes:
        (ours,) = session.run([MODEL_OUTPUT], feed(probe))
        theirs = reader(torch.from_numpy(probe.ids[None]), torch.from_numpy(probe.kinds[None]))
        body = slice(probe.start, probe.end)
        wanted = theirs.numpy()[0, body]
        apart.append(np.abs(ours[0, body] - wanted).ravel())
        same += int((ours[0, body].argmax(0) == wanted.argmax(0)).all())
    together = np.concatenate(apart)
    return Difference(float(together.mean()), float(together.max()), same / len(probes))


def seal(folder: Path, *, keep_float: bool = False) -> None:
    """Write the sums of all that is shipped; the fp32 graph isn't, unless it is to be kept."""
    if not keep_float:
        (folder / FLOAT).unlink(missing_ok=True)
    names = sorted(path.name for path in folder.iterdir() if path.suffix in {".onnx", ".json"})
    lines = []
    for name in names:
        with (folder / name).open("rb") as file:
            # in the form of sha256sum -c, so that it can be checked without this program
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    (folder / SUMS).write_text("".join(lines), "utf-8")
