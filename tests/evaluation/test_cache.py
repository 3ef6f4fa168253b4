"""What was embedded once is not embedded again."""

from pathlib import Path

import numpy as np
import pytest

from scripts.evaluation.cache import CachedEmbedder
from tests.fakes import CountingEmbedder


class Unusable(CountingEmbedder):
    """The same model as a `CountingEmbedder`, which may no longer be loaded."""

    dimension = property(lambda self: pytest.fail("loaded"))  # type: ignore[assignment]

    def embed_passages(self, texts):  # type: ignore[no-untyped-def]
        pytest.fail("loaded")

    def embed_question(self, text):  # type: ignore[no-untyped-def]
        pytest.fail("loaded")


WORDS = ["bees", "tram"]


def test_vectors_are_the_embedders_own_in_their_order(tmp_path: Path) -> None:
    real = CountingEmbedder(WORDS)
    with CachedEmbedder(tmp_path / "vectors.db", real) as cached:
        cached.embed_passages(["a tram"])
        vectors = cached.embed_passages(["bees bees tram", "a tram", "bees bees tram"])
        assert real.embedded == ["a tram", "bees bees tram"]
        assert vectors.dtype == np.float32
        assert np.array_equal(
            vectors, real.embed_passages(["bees bees tram", "a tram", "bees bees tram"])
        )
        assert np.array_equal(cached.embed_question("bees?"), real.embed_question("bees?"))
        assert cached.count_tokens(["two words"]) == [2]


def test_a_second_run_does_not_touch_the_model(tmp_path: Path) -> None:
    path = tmp_path / "new" / "vectors.db"
    real = CountingEmbedder(WORDS)
    with CachedEmbedder(path, real) as first:
        passages = first.embed_passages(["bees", "tram"])
        question = first.embed_question("bees")
        facts = first.dimension, first.max_tokens
    with CachedEmbedder(path, Unusable(WORDS)) as second:
        assert np.array_equal(second.embed_passages(["bees", "tram"]), passages)
        assert np.array_equal(second.embed_question("bees"), question)
        assert (second.dimension, second.max_tokens) == facts == (3, 256)
        assert second.embed_passages([]).shape == (0, 3)


def test_questions_and_passages_and_models_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "vectors.db"
    with CachedEmbedder(path, CountingEmbedder(WORDS)) as cached:
        cached.embed_question("bees")
    real = CountingEmbedder(WORDS)
    with CachedEmbedder(path, real) as cached:
        cached.embed_passages(["bees"])
    assert real.embedded == ["bees"]
    other = CountingEmbedder([*WORDS, "harbor"], name="other")
    with CachedEmbedder(path, other) as cached:
        assert cached.embed_passages(["bees"]).shape == (1, 4)
        assert cached.dimension == 4


def test_two_may_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "vectors.db"
    with (
        CachedEmbedder(path, CountingEmbedder(WORDS)) as some,
        CachedEmbedder(path, CountingEmbedder(WORDS)) as others,
    ):
        some.embed_passages(["bees"])
        others.embed_passages(["bees", "tram"])
    with CachedEmbedder(path, Unusable(WORDS)) as cached:
        assert cached.embed_passages(["bees", "tram"]).shape == (2, 3)
