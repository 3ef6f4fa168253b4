"""Vectors of a bank, varied."""

import numpy as np
import pytest

from scripts.benchmark.bank import BankEmbedder
from tests.fakes import CountingEmbedder

WORDS = [f"w{n}" for n in range(50)]


def filled() -> tuple[BankEmbedder, CountingEmbedder]:
    real = CountingEmbedder(WORDS)
    bank = BankEmbedder(real, 3)
    bank.embed_passages(WORDS[:2])
    bank.embed_passages(WORDS[2:4])
    return bank, real


def test_the_first_batches_are_embedded_and_the_rest_are_not() -> None:
    bank, real = filled()
    bank.embed_passages(["more", "and more"])
    assert real.embedded == WORDS[:4]
    assert bank.embedded == 4


def test_varied_vectors_are_unit_near_the_bank_and_each_its_own() -> None:
    bank, real = filled()
    vectors = bank.embed_passages([f"text {n}" for n in range(20)])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(20), abs=1e-5)
    nearest = (vectors @ real.embed_passages(WORDS[:4]).T).max(axis=1)
    assert np.all((nearest > 0.6) & (nearest < 0.95))
    assert len(np.unique(vectors, axis=0)) == 20


def test_a_text_gets_the_same_vector_wherever_it_stands() -> None:
    some, _ = filled()
    other, _ = filled()
    assert np.array_equal(
        some.embed_passages(["a", "b"])[1], other.embed_passages(["b", "c", "a"])[0]
    )


def test_it_passes_for_the_real_embedder() -> None:
    bank, real = filled()
    assert (bank.model, bank.fingerprint) == (real.model, real.fingerprint)
    assert (bank.dimension, bank.max_tokens) == (51, 256)
    assert bank.embed_passages([]).shape == (0, 51)
    assert np.array_equal(bank.embed_question("w1"), real.embed_question("w1"))
