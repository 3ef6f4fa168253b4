"""Ways to quantise the bundled model, compared: how near, how good, how fast, how large.

    python scripts/compare_quantisation.py squadshifts/new_wiki_v1.0.json [scifact]

The first argument is a file in SQuAD's format: questions are looked up among its paragraphs. The
second is a folder with corpus.jsonl, queries_test.jsonl and qrels/. Recipes take turns while they
are timed, so that whatever else the machine does meets all of them.
"""

import csv
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from index.embedders import Embedder, Vectors, open_embedder
from index.embedders.bundled import bundled_folder
from index.embedders.exports import Export
from index.embedders.onnx_export import PROBES, export_model
from index.embedders.onnx_runtime import GRAPH, INPUT, TOKENIZER, OnnxEmbedder, open_tokenizer
from index.embedders.quantisation import quantise

QUESTIONS, TIMED, ROUNDS = 2000, 48, 3

Recipe = Callable[[Path, Path], None]


def dynamic(graph: Path, to: Path, *operators: str, **how: object) -> None:
    quantize_dynamic(
        graph,
        to,
        op_types_to_quantize=operators or ["MatMul"],
        extra_options={"MatMulConstBOnly": True},
        **({"per_channel": True, "weight_type": QuantType.QInt8} | how),
    )


def in_blocks(graph: Path, to: Path, bits: int, block: int) -> None:
    model = onnx.load(graph)
    quantiser = MatMulNBitsQuantizer(
        model, bits=bits, block_size=block, is_symmetric=True, accuracy_level=4
    )
    quantiser.process()
    quantiser.model.save_model_to_file(str(to), False)


def half_embeddings(graph: Path, to: Path) -> None:
    dynamic(graph, to)
    model = onnx.load(to)
    tables = {table.name: table for table in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        nodes.append(node)
        if node.op_type == "Gather" and len(tables[node.input[0]].dims) == 2:
            table, name = tables[node.input[0]], node.output[0]
            half = numpy_helper.to_array(table).astype(np.float16)
            table.CopyFrom(numpy_helper.from_array(half, table.name))
            node.output[0] = f"{name}_half"
            nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    del model.graph.value_info[:]
    onnx.save(model, to)


def set_apart(graph: Path, to: Path) -> None:
    tokenizer = open_tokenizer(graph.parent / TOKENIZER)
    tokenizer.enable_truncation(256)
    quantise(graph, to, [{INPUT: np.array([tokenizer.encode(text).ids])} for text in PROBES])


RECIPES: dict[str, Recipe] = {
    "fp32": lambda graph, to: to.hardlink_to(graph) if to != graph else None,
    "int8 per channel": quantise,
    "  wide channels apart": set_apart,  # the one in use
    "  embeddings fp16": half_embeddings,
    "  embeddings fp32": dynamic,
    "int8 per tensor": partial(dynamic, per_channel=False),
    "int8 per channel, 7 bits": partial(dynamic, reduce_range=True),
    "u8 weights per channel": partial(dynamic, weight_type=QuantType.QUInt8),
    "8 bits, blocks of 32": partial(in_blocks, bits=8, block=32),
    "8 bits, blocks of 128": partial(in_blocks, bits=8, block=128),
    "4 bits, blocks of 32": partial(in_blocks, bits=4, block=32),
}


@dataclass(slots=True)
class Row:
    """One line of the table; the times are what the rounds measured."""

    embedder: Embedder
    megabytes: float
    cosine: str = "1"
    quality: list[float] = field(default_factory=list)
    question_ms: list[float] = field(default_factory=list)
    passages_s: list[float] = field(default_factory=list)


def ranks(questions: Vectors, passages: Vectors, right: list[int]) -> np.ndarray:
    """(questions,) place of the right passage, from 1."""
    scores = questions @ passages.T
    own = scores[np.arange(len(right)), right]
    return (scores > own[:, None]).sum(axis=1) + 1


def ndcg(questions: Vectors, passages: Vectors, relevant: list[set[int]]) -> float:
    best = np.argsort(-(questions @ passages.T), axis=1)[:, :10]
    gain = 1 / np.log2(np.arange(2, 12))
    found = [
        sum(g for g, p in zip(gain, row, strict=True) if p in right) / gain[: len(right)].sum()
        for row, right in zip(best, relevant, strict=True)
    ]
    return float(np.mean(found))


def read_squad(path: Path) -> tuple[list[str], list[str], list[int]]:
    paragraphs, questions, right = [], [], []
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            questions += [asked["question"] for asked in paragraph["qas"]]
            right += [len(paragraphs)] * len(paragraph["qas"])
            paragraphs.append(paragraph["context"])
    some = np.random.default_rng(0).permutation(len(questions))[:QUESTIONS]
    return paragraphs, [questions[i] for i in some], [right[i] for i in some]


def read_scifact(folder: Path) -> tuple[list[str], list[str], list[set[int]]]:
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").open(encoding="utf-8")]
    place = {entry["_id"]: i for i, entry in enumerate(corpus)}
    relevant: dict[str, set[int]] = {}
    with (folder / "qrels" / "test.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            relevant.setdefault(row["query-id"], set()).add(place[row["corpus-id"]])
    queries = [json.loads(line) for line in (folder / "queries_test.jsonl").open(encoding="utf-8")]
    queries = [query for query in queries if query["_id"] in relevant]
    texts = [f"{entry['title']}\n{entry['text']}" for entry in corpus]
    return texts, [q["text"] for q in queries], [relevant[q["_id"]] for q in queries]


def embedder(folder: Path, export: Export, recipe: Recipe, name: str) -> Row:
    own = folder / name.strip().replace(" ", "-")
    own.mkdir()
    (own / TOKENIZER).hardlink_to(folder / TOKENIZER)
    recipe(folder / GRAPH, own / GRAPH)
    size = (own / GRAPH).stat().st_size / 1e6
    return Row(OnnxEmbedder(name, name, own, export), size)


def time_all(rows: dict[str, Row], passages: list[str], questions: list[str]) -> None:
    for _ in range(ROUNDS):
        for row in rows.values():
            row.embedder.embed_passages(passages[:2])
            start = time.perf_counter()
            row.embedder.embed_passages(passages[:TIMED])
            row.passages_s.append(TIMED / (time.perf_counter() - start))
            for question in questions[:40]:
                start = time.perf_counter()
                row.embedder.embed_question(question)
                row.question_ms.append((time.perf_counter() - start) * 1e3)


def main(squad: str, scifact: str | None = None) -> None:
    logging.disable(logging.WARNING)  # the quantisers tell of every node
    paragraphs, questions, right = read_squad(Path(squad))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export = export_model(bundled_folder(), "fp32", folder)
        rows = {"sentence-transformers": Row(open_embedder("bundled"), 90.9)}
        for recipe in RECIPES:
            rows[recipe] = embedder(folder, export, RECIPES[recipe], recipe)
        time_all(rows, paragraphs, questions)
        show(rows)
        exact: Vectors | None = None
        for recipe in RECIPES:
            row = rows[recipe]
            passages = row.embedder.embed_passages(paragraphs)
            exact = passages if exact is None else exact
            cosines = (passages * exact).sum(axis=1)
            row.cosine = f"{cosines.mean():.4f}/{cosines.min():.4f}"
            asked = np.stack([row.embedder.embed_question(text) for text in questions])
            place = ranks(asked, passages, right)
            row.quality += [np.mean(place == 1), np.mean(np.where(place <= 10, 1 / place, 0))]
            print(recipe, row.cosine, *(f"{q:.4f}" for q in row.quality), flush=True)
        for recipe in ("fp32", "int8 per channel", "  wide channels apart") if scifact else ():
            texts, claims, relevant = read_scifact(Path(scifact or ""))
            found = rows[recipe].embedder.embed_passages(texts)
            claimed = np.stack([rows[recipe].embedder.embed_question(text) for text in claims])
            rows[recipe].quality.append(ndcg(claimed, found, relevant))
            print(recipe, f"nDCG@10 {rows[recipe].quality[-1]:.4f}", flush=True)
        show(rows)


def show(rows: dict[str, Row]) -> None:
    print("| recipe | MB | cosine mean/least | R@1 | MRR@10 | nDCG@10 | question | passages/s |")
    print("|---|---|---|---|---|---|---|---|")
    for recipe, row in rows.items():
        quality = [f"{value:.4f}" for value in row.quality] + [""] * (3 - len(row.quality))
        print(
            f"| {recipe} | {row.megabytes:.0f} | {row.cosine} | {' | '.join(quality)} "
            f"| {np.median(row.question_ms):.2f} ms | {max(row.passages_s):.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
