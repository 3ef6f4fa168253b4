"""The bundled model, for real: known vectors, pinned files, and no network."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.embedders import Embedder, file_digests, open_embedder
from index.embedders.bundled import SHA256, bundled_folder, compare, verify
from index.errors import ModelError

ROOT = Path(__file__).parent.parent

# First numbers of the vector of the sentence below, as sentence-transformers publishes
# all-MiniLM-L6-v2 (fp32); another machine differs in the last digits.
CANONICAL_TEXT = "This is an example sentence"
CANONICAL = [0.0677, 0.0635, 0.0487, 0.0793, 0.0374]


@pytest.fixture(scope="module")
def bundled() -> Iterator[Embedder]:
    return open_embedder("bundled")


def test_passages_and_questions_get_the_published_vectors(bundled: Embedder) -> None:
    (passage,) = bundled.embed_passages([CANONICAL_TEXT])
    question = bundled.embed_question(CANONICAL_TEXT)
    np.testing.assert_allclose(passage[:5], CANONICAL, atol=1e-4)
    np.testing.assert_allclose(question, passage, atol=1e-6)


def test_vectors_are_unit_rows_of_float32_in_the_order_given(bundled: Embedder) -> None:
    texts = ["A tram.", "The bees gave forty kilograms of honey this year.", "北京"]
    vectors = bundled.embed_passages(texts)
    assert (vectors.shape, vectors.dtype) == ((3, bundled.dimension), np.float32)
    assert bundled.dimension == 384
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(bundled.embed_question(text), vector, atol=1e-5)


def test_no_texts_give_no_vectors(bundled: Embedder) -> None:
    assert bundled.embed_passages([]).shape == (0, 384)
    assert bundled.count_tokens([]) == []


def test_tokens_are_counted_without_special_ones(bundled: Embedder) -> None:
    assert bundled.max_tokens == 256
    assert bundled.count_tokens(["the center", "word " * 1000, ""]) == [2, 1000, 0]


def test_the_bundled_files_are_the_pinned_ones() -> None:
    verify()
    assert file_digests(bundled_folder()) == SHA256
    weights = (bundled_folder() / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == SHA256["model.safetensors"]
    assert SHA256["model.safetensors"].startswith("53aa5117")
    assert SHA256["model.safetensors"].endswith("28d9db")


def test_an_altered_or_missing_file_is_named() -> None:
    with pytest.raises(ModelError, match=r"tokenizer.json is altered.*--force-reinstall"):
        compare({**SHA256, "tokenizer.json": "0" * 64})
    with pytest.raises(ModelError, match=r"lacks config.json"):
        compare({name: digest for name, digest in SHA256.items() if name != "config.json"})


def test_a_folder_is_a_model_of_its_own(bundled: Embedder, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(bundled_folder(), folder)
    own = open_embedder(str(folder))
    assert own.fingerprint == bundled.fingerprint  # the same files, so the same vectors
    np.testing.assert_allclose(own.embed_question(CANONICAL_TEXT)[:5], CANONICAL, atol=1e-4)
    config = folder / "config_sentence_transformers.json"
    config.write_text('{"prompts": {"query": "query: ", "document": "passage: "}}')
    prompted = open_embedder(str(folder))
    assert prompted.fingerprint != own.fingerprint
    np.testing.assert_allclose(
        prompted.embed_question("tram"), own.embed_question("query: tram"), atol=1e-5
    )
    np.testing.assert_allclose(
        prompted.embed_passages(["tram"])[0], own.embed_question("passage: tram"), atol=1e-5
    )


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"no \.safetensors file"):
        open_embedder(str(tmp_path))


def test_a_folder_with_broken_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_embedder(str(tmp_path)).embed_question("tram")


def test_a_name_that_cannot_be_a_model_is_refused() -> None:
    with pytest.raises(ModelError, match="no model 'not/a/name': not a folder here"):
        open_embedder("not/a/name")


_WITHOUT_NETWORK = """
import socket, sys
from pathlib import Path

def refuse(*args, **kwargs):
    raise AssertionError(f"network: {args}")

connect = socket.socket.connect
def only_here(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
        refuse(address)
    return connect(self, address)

socket.socket.connect = socket.socket.connect_ex = only_here
socket.getaddrinfo = lambda host, *rest, real=socket.getaddrinfo, **more: (
    real(host, *rest, **more) if host in ("127.0.0.1", "localhost", "0.0.0.0") else refuse(host)
)

from index.build import build
from index.embedders import open_embedder
from qa.answerer import Answerer
from qa.app import create_app
from qa.server import Server, listen
import threading, urllib.request

embedder = open_embedder("bundled", Path(sys.argv[2]) / "models", may_export=True)
build(Path(sys.argv[1]), Path(sys.argv[2]), embedder)
answerer = Answerer.open(Path(sys.argv[2]), embedder)
assert answerer.ask("who leads the center?").hits
server = Server(create_app(lambda: answerer), listen("127.0.0.1", 0))
thread = threading.Thread(target=server.run)
thread.start()
with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/?q=honey") as page:
    assert "bees" in page.read().decode()
server.stop()
thread.join()
print("done without the network")
"""


def test_build_ask_and_serve_work_without_a_network(documents: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_NETWORK, str(documents), str(tmp_path / "ix")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout.strip().endswith("done without the network"), done.stderr[-3000:]
