"""Exports a sentence-transformers model to ONNX, once, and proves that it says the same.

The only file that imports torch.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.embedders import Embedder, Precision
from index.embedders.exports import Export, refusal
from index.embedders.onnx_runtime import GRAPH, INPUT, OUTPUT, TOKENIZER, OnnxEmbedder
from index.embedders.quantisation import quantise
from index.embedders.sentence_transformer import SentenceTransformerEmbedder, load

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

_FUSED = "onnx_fused"  # our attention, by the name that transformers knows it by

# Least cosine with sentence-transformers. fp32 differs by rounding only.
_LEAST: dict[Precision, float] = {"fp32": 0.9999, "int8": 0.95}

_PARAGRAPH = (
    "The Beijing Academy of Blockchain and Edge Computing leads the national center, which "
    "OPENED on 10 May 2023. Naïve café, 北京, Ελλάδα: costs rose by 3.5% (from €12,400)! "
)
# What shows a difference: nothing, a word, white space, capitals, scripts, and more tokens than
# the model reads, so that masks and windows over distance count too.
PROBES = ["", "tram", "  Who\nleads the center? ", _PARAGRAPH, _PARAGRAPH * 4, _PARAGRAPH * 60]


class _Unexportable(Exception):
    """This model does not become a graph that gives the same vectors."""


def export_model(folder: Path, precision: Precision, draft: Path) -> Export:
    """Put the graph and the tokenizer of the model in `folder` into `draft`.

    Returns:
        The record. `refused` says why, where the model stays on sentence-transformers: there
        is a GPU, or it cannot be exported.

    Raises:
        ModelError: the model cannot be loaded.
    """
    import torch

    if torch.cuda.is_available():
        return refusal("there is a GPU")
    reasons = []
    for attention in (_FUSED, None):  # models with an attention of their own take the second
        try:
            with _quiet():
                return _export(folder, attention, precision, draft)
        except Exception as error:  # an exporter fails in as many ways as there are models
            reasons.append(" ".join(str(error).split())[:200] or type(error).__name__)
        for path in draft.iterdir():
            path.unlink()
    load(folder)  # a model that cannot be loaded at all is an error, not a refusal
    return refusal(f"it cannot be exported to ONNX ({reasons[-1]})")


@contextmanager
def _quiet() -> Iterator[None]:
    """Exporting warns of much that the comparison at its end answers for."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _export(folder: Path, attention: str | None, precision: Precision, draft: Path) -> Export:
    if attention:
        _register_fused_attention()
    model = load(folder, attention).eval()
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise _Unexportable("its tokenizer is not one of the library tokenizers")
    backend.save(str(draft / TOKENIZER))
    write_graph(model, draft / GRAPH)
    dimension = model.get_embedding_dimension()
    export = Export(
        refused=None,
        dimension=dimension or 0,
        max_tokens=int(model.max_seq_length or 512),
        question_prompt=_prompt(model, "query"),
        passage_prompt=_prompt(model, "document", "passage", "corpus"),
    )
    reference = SentenceTransformerEmbedder("", folder, {})
    _compare(reference, export, draft, "fp32")
    if precision == "int8":
        tokens = OnnxEmbedder("", "", draft, export).tokens
        feeds = [{INPUT: tokens(probe)} for probe in PROBES]
        quantise(draft / GRAPH, draft / GRAPH, feeds)
        _compare(reference, export, draft, "int8")
    return export


def _prompt(model: "SentenceTransformer", *names: str) -> str:
    """What sentence-transformers puts before a text, by the first of the names it has."""
    for name in (*names, model.default_prompt_name):
        if name in model.prompts:
            return str(model.prompts[name])
    return ""


def _compare(reference: Embedder, export: Export, draft: Path, precision: Precision) -> None:
    exported = OnnxEmbedder("", "", draft, export, threads=1)
    for ours, theirs in (
        (exported.embed_passages(PROBES), reference.embed_passages(PROBES)),
        *((exported.embed_question(p)[None], reference.embed_question(p)[None]) for p in PROBES),
    ):
        if ours.shape != theirs.shape:
            raise _Unexportable(f"its vectors come out as {ours.shape}, not {theirs.shape}")
        least = float((ours * theirs).sum(axis=1).min())
        if not least >= _LEAST[precision]:  # nan is refused too
            raise _Unexportable(f"{precision} vectors have a cosine of {least:.4f} with its own")


def write_graph(model: "SentenceTransformer", path: Path) -> None:
    """The whole model, pooling and normalisation too, as a graph from token ids to a vector.

    (1, n) int64 → (1, dimension) float32. One text at a time, so it needs no mask.
    """
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stages = model

        def forward(self, ids: "torch.Tensor") -> "torch.Tensor":
            features = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            for stage in self.stages:
                features = stage(features)
            return features["sentence_embedding"]

    with torch.no_grad():
        program = torch.onnx.export(
            Whole().eval(),
            (torch.arange(1, 10)[None],),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({1: torch.export.Dim.DYNAMIC},),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise _Unexportable("the exporter gave no program")
    program.save(str(path), external_data=False)


def _register_fused_attention() -> None:
    """Attention as one operator of ONNX Runtime, which its own fusion no longer recognises."""
    import torch
    from transformers import AttentionInterface, AttentionMaskInterface

    def attend(
        module: "torch.nn.Module",
        query: "torch.Tensor",  # (1, heads, n, width of a head), like key and value
        key: "torch.Tensor",
        value: "torch.Tensor",
        attention_mask: "torch.Tensor | None",
        scaling: float | None = None,
        **more: Any,
    ) -> "tuple[torch.Tensor, None]":
        if (
            attention_mask is not None
            or query.shape[1] != key.shape[1]
            or getattr(module, "is_causal", False)
            or any(more.get(name) is not None for name in ("sliding_window", "position_bias"))
        ):
            raise NotImplementedError("not the plain attention of an encoder")
        batch, heads, length, width = query.shape
        flat = [
            x.transpose(1, 2).reshape(batch, length, heads * width) for x in (query, key, value)
        ]
        attended = torch.onnx.ops.symbolic(
            "com.microsoft::MultiHeadAttention",
            flat,
            {"num_heads": heads, "scale": float(scaling or width**-0.5)},
            dtype=query.dtype,
            shape=(batch, length, heads * width),
            version=1,
        )
        return attended.reshape(batch, length, heads, width), None

    AttentionInterface.register(_FUSED, attend)
    AttentionMaskInterface.register(_FUSED, lambda *_, **__: None)
