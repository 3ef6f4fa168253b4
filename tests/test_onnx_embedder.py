"""The exported model: the vectors of sentence-transformers, without it and without torch."""

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from index.embedders import Embedder, Vectors, onnx_export, open_embedder
from index.embedders.exported import ExportedEmbedder
from index.embedders.exports import RECORD, SUMS, Export, read_export, refusal, write_export
from index.embedders.onnx_runtime import GRAPH
from index.errors import IndexMismatch, IndexMissing, ModelError
from qa.answerer import Answerer

ROOT = Path(__file__).parent.parent

TEXTS = [
    "",
    " ",
    "tram",
    "THE TRAM   reaches\nthe harbor",
    "Naïve café – 北京 Ελλάδα 🐝",
    "a" * 400,
    "The bees gave forty kilograms of honey this year, more than ever before. " * 8,
    "The academy leads the center, and its budget is not known yet. " * 60,
]


def cosines(some: Vectors, others: Vectors) -> Vectors:
    cosine: Vectors = (some * others).sum(axis=-1)
    return cosine


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
def own() -> Embedder:
    """The bundled model as sentence-transformers runs it."""
    return open_embedder("bundled")


@pytest.fixture(scope="module")
def fp32(exports: Path) -> Embedder:
    return open_embedder("bundled", exports, "fp32", may_export=True)


@pytest.fixture(scope="module")
def int8(exports: Path) -> Embedder:
    return open_embedder("bundled", exports, may_export=True)


def test_fp32_vectors_are_those_of_sentence_transformers(fp32: Embedder, own: Embedder) -> None:
    assert cosines(fp32.embed_passages(TEXTS), own.embed_passages(TEXTS)).min() > 0.99999
    for text in TEXTS:
        assert cosines(fp32.embed_question(text), own.embed_question(text)) > 0.99999


def test_int8_vectors_are_near_them(int8: Embedder, own: Embedder) -> None:
    near = cosines(int8.embed_passages(TEXTS), own.embed_passages(TEXTS))
    assert near.min() > 0.96, near
    assert near.mean() > 0.98, near
    assert near.max() < 0.99999  # it is the quantised graph that ran


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_vector_depends_on_nothing_but_its_text(
    precision: str, request: pytest.FixtureRequest
) -> None:
    embedder: Embedder = request.getfixturevalue(precision)
    together = embedder.embed_passages(TEXTS)
    backwards = embedder.embed_passages(TEXTS[::-1])[::-1]
    np.testing.assert_array_equal(together, backwards)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(embedder.embed_passages([text]), vector[None])
        np.testing.assert_array_equal(embedder.embed_question(text), vector)


def test_vectors_are_unit_rows_of_float32(int8: Embedder) -> None:
    vectors = int8.embed_passages(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert int8.embed_question("tram").shape == (384,)


def test_no_texts_give_no_vectors(int8: Embedder) -> None:
    assert int8.embed_passages([]).shape == (0, 384)
    assert int8.count_tokens([]) == []


def test_what_is_past_the_most_tokens_changes_nothing(int8: Embedder) -> None:
    assert int8.max_tokens == 256
    fits = "word " * 254  # and two special tokens
    np.testing.assert_array_equal(
        int8.embed_question(fits + "honey " * 50), int8.embed_question(fits)
    )
    shorter = "word " * 253
    assert cosines(int8.embed_question(shorter + "honey"), int8.embed_question(fits)) < 0.9999


def test_tokens_are_counted_as_sentence_transformers_counts(int8: Embedder, own: Embedder) -> None:
    assert int8.count_tokens(["the center", "word " * 1000, ""]) == [2, 1000, 0]
    assert int8.count_tokens(TEXTS) == own.count_tokens(TEXTS)


def test_each_way_to_run_a_model_has_a_fingerprint_of_its_own(
    fp32: Embedder, int8: Embedder, own: Embedder
) -> None:
    assert len({fp32.fingerprint, int8.fingerprint, own.fingerprint}) == 3
    assert fp32.model == int8.model == own.model == "all-MiniLM-L6-v2"


def test_threads_may_share_an_embedder(int8: Embedder) -> None:
    expected = int8.embed_passages(TEXTS)
    found: dict[int, Vectors] = {}

    def embed(number: int) -> None:
        for _ in range(5):
            found[number] = np.stack([int8.embed_question(text) for text in TEXTS])

    threads = [threading.Thread(target=embed, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for vectors in found.values():
        np.testing.assert_array_equal(vectors, expected)


def test_an_export_is_made_once(
    exports: Path, int8: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = int8.embed_question("tram")

    def refuse(*_: object) -> None:
        raise AssertionError("exported again")

    monkeypatch.setattr(onnx_export, "export_model", refuse)
    again = open_embedder("bundled", exports, may_export=True)
    np.testing.assert_array_equal(again.embed_question("tram"), expected)


_WITHOUT_TORCH = """
import sys
from pathlib import Path
from index.embedders import open_embedder

embedder = open_embedder("bundled", Path(sys.argv[1]))
embedder.embed_question("who leads the center?")
embedder.embed_passages(["The academy leads the center."] * 3)
embedder.count_tokens(["tram"]), embedder.max_tokens, embedder.dimension, embedder.fingerprint
heavy = {"torch", "transformers", "sentence_transformers", "onnx", "huggingface_hub"}
print(sorted(heavy & set(sys.modules)), "onnxruntime" in sys.modules)
"""


def test_a_process_that_has_the_export_never_loads_torch(int8: Embedder, exports: Path) -> None:
    _ = int8.dimension
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _WITHOUT_TORCH, str(exports)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout.strip() == "[] True", done.stderr[-3000:]


def test_a_reader_without_an_export_says_what_to_do(tmp_path: Path) -> None:
    reader = open_embedder("bundled", tmp_path)
    with pytest.raises(ModelError, match=r"not exported in .*\(int8\); run `make index`"):
        reader.embed_question("tram")


def test_a_reader_hears_of_its_index_before_it_hears_of_the_export(
    index: Path, tmp_path: Path, int8: Embedder
) -> None:
    reader = open_embedder("bundled", tmp_path / "none")
    assert reader.fingerprint == int8.fingerprint
    with pytest.raises(IndexMissing):
        Answerer.open(tmp_path / "nothing", reader)
    with pytest.raises(IndexMismatch, match="built with counting"):
        Answerer.open(index, reader)


@pytest.mark.parametrize("name", [GRAPH, "tokenizer.json", RECORD, SUMS])
@pytest.mark.parametrize("harm", ["altered", "cut short", "gone"])
def test_a_damaged_export_is_refused_by_readers_and_made_again_by_builders(
    name: str,
    harm: str,
    int8: Embedder,
    exports: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = exports / int8.fingerprint
    damaged = tmp_path / kept.name
    shutil.copytree(kept, damaged)
    content = bytearray((damaged / name).read_bytes())
    content[len(content) // 2] ^= 1
    if harm == "gone":
        (damaged / name).unlink()
    else:
        (damaged / name).write_bytes(content if harm == "altered" else content[:100])
    with pytest.raises(ModelError, match=r"run `make index`"):
        open_embedder("bundled", tmp_path).embed_question("tram")

    def copy(_: Path, __: str, draft: Path) -> Export:
        for file in (GRAPH, "tokenizer.json"):
            shutil.copy(kept / file, draft)
        whole = read_export(kept)
        assert whole is not None
        return whole

    monkeypatch.setattr(onnx_export, "export_model", copy)
    built = open_embedder("bundled", tmp_path, may_export=True)
    np.testing.assert_array_equal(built.embed_question("tram"), int8.embed_question("tram"))
    assert read_export(damaged) == read_export(kept)
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]  # no drafts


def test_altered_weights_are_never_exported(tmp_path: Path) -> None:
    def altered() -> None:
        raise ModelError("model.safetensors is altered")

    builder = ExportedEmbedder("m", tmp_path, {}, altered, tmp_path / "exports", "int8", True)
    with pytest.raises(ModelError, match="is altered"):
        builder.embed_question("tram")
    assert not (tmp_path / "exports").exists()


def write(content: str) -> Callable[[Path], Export]:
    def into(draft: Path) -> Export:
        (draft / "graph").write_text(content)
        return Export(None, 3, 8, "", "")

    return into


def test_the_first_of_two_exports_at_once_wins(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "export"

    def slow(draft: Path) -> Export:
        write_export(folder, write("first"))  # another process, meanwhile
        return write("second")(draft)

    assert write_export(folder, slow) == read_export(folder)
    assert (folder / "graph").read_text() == "first"
    assert [path.name for path in folder.parent.iterdir()] == ["export"]


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(draft: Path) -> Export:
        (draft / "graph").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_export(tmp_path / "models" / "export", fail)
    assert list((tmp_path / "models").iterdir()) == []


def test_what_a_killed_export_left_behind_is_cleared_away(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, used = tmp_path / f".export-{dead.pid}-x", tmp_path / ".export-1-x"
    left.mkdir()
    used.mkdir()
    write_export(tmp_path / "export", write("whole"))
    assert not left.exists()
    assert used.exists()


# A tiny random model, made here, with what the bundled one lacks: pooling of the first token,
# prompts, a projection, and a length of its own.

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] a the tram harbor bees honey query passage : .".split()


def make_model(folder: Path, *, pooling: str = "cls", kind: str = "bert") -> Path:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Dense, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast, MPNetConfig, MPNetModel

    torch.manual_seed(7)
    size = {
        "vocab_size": len(WORDS),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 40,
        "initializer_range": 0.5,
    }
    base = folder / "base"
    base.mkdir(parents=True)
    (base / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizerFast(vocab=str(base / "vocab.txt"), do_lower_case=True).save_pretrained(base)
    body = MPNetModel(MPNetConfig(**size)) if kind == "mpnet" else BertModel(BertConfig(**size))
    body.save_pretrained(base)
    transformer = Transformer(str(base), max_seq_length=16)
    model = SentenceTransformer(
        modules=[transformer, Pooling(32, pooling), Dense(32, 12)],
        prompts={"query": "query: ", "document": "passage: "},
    )
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"


TINY = ["", "a tram", "the bees honey . " * 20, "HONEY harbor? unknown"]


@pytest.mark.parametrize(
    ("pooling", "kind"), [("cls", "bert"), ("mean", "bert"), ("max", "bert"), ("mean", "mpnet")]
)
def test_another_model_is_exported_with_its_pooling_prompts_and_projection(
    pooling: str, kind: str, tmp_path: Path
) -> None:
    folder = make_model(tmp_path / "made", pooling=pooling, kind=kind)
    own = open_embedder(str(folder))
    exported = open_embedder(str(folder), tmp_path / "exports", "fp32", may_export=True)
    assert exported.fingerprint != own.fingerprint
    assert (exported.dimension, exported.max_tokens) == (12, 16)
    assert exported.count_tokens(TINY) == own.count_tokens(TINY) == [0, 2, 80, 4]
    assert cosines(exported.embed_passages(TINY), own.embed_passages(TINY)).min() > 0.9999
    for text in TINY:
        assert cosines(exported.embed_question(text), own.embed_question(text)) > 0.9999
    # the prompts are told apart
    assert cosines(exported.embed_question("tram"), exported.embed_passages(["tram"])[0]) < 0.999
    (graph,) = (tmp_path / "exports").glob(f"*/{GRAPH}")
    assert (b"MultiHeadAttention" in graph.read_bytes()) == (kind == "bert")


def test_a_model_that_does_not_export_runs_on_sentence_transformers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_model(tmp_path / "made")

    def fail(*_: object) -> None:
        raise NotImplementedError("an operator without a translation")

    monkeypatch.setattr(onnx_export, "write_graph", fail)
    caplog.set_level("INFO", "citewell")
    builder = open_embedder(str(folder), tmp_path / "exports", may_export=True)
    own = open_embedder(str(folder))
    np.testing.assert_allclose(builder.embed_passages(TINY), own.embed_passages(TINY), atol=1e-6)
    assert builder.fingerprint == own.fingerprint
    said = "runs on sentence-transformers: it cannot be exported to ONNX (an operator without"
    told, warned = [record.message for record in caplog.records]
    assert told == f"exporting {folder} to ONNX; this takes half a minute, once"
    assert said in warned
    # A reader finds that out without trying
    reader = open_embedder(str(folder), tmp_path / "exports")
    assert reader.fingerprint == own.fingerprint


def test_a_graph_that_says_something_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_model(tmp_path / "made")
    other = make_model(tmp_path / "other", pooling="max")
    load = onnx_export.load
    monkeypatch.setattr(onnx_export, "load", lambda _, *attention: load(other, *attention))
    draft = tmp_path / "draft"
    draft.mkdir()
    record = onnx_export.export_model(folder, "fp32", draft)
    assert record.refused is not None
    assert "fp32 vectors have a cosine of" in record.refused
    assert list(draft.iterdir()) == []


def test_a_model_that_cannot_be_loaded_is_an_error_and_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"not weights")
    broken = open_embedder(str(tmp_path / "model"), tmp_path / "exports", may_export=True)
    with pytest.raises(ModelError, match="cannot be loaded"):
        broken.embed_question("tram")
    assert list((tmp_path / "exports").iterdir()) == []


def test_with_a_gpu_the_model_stays_on_sentence_transformers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert onnx_export.export_model(tmp_path, "int8", tmp_path) == refusal("there is a GPU")


def test_a_person_can_read_and_verify_what_is_kept(int8: Embedder, exports: Path) -> None:
    kept = exports / int8.fingerprint
    assert json.loads((kept / RECORD).read_text("utf-8")) == {
        "refused": None,
        "dimension": 384,
        "max_tokens": 256,
        "question_prompt": "",
        "passage_prompt": "",
    }
    for line in (kept / SUMS).read_text("utf-8").splitlines():
        sha256, name = line.split("  ")
        assert hashlib.sha256((kept / name).read_bytes()).hexdigest() == sha256
    names = {path.name for path in kept.iterdir()}
    assert names == {GRAPH, "tokenizer.json", RECORD, SUMS}
