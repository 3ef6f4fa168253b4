"""The order of the hits, computed by hand."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from index.embedders import Vectors
from qa.answerer import Answerer
from qa.records import Mode
from qa.retriever import retrieve
from tests.fakes import CountingEmbedder

MakeAnswerer = Callable[[dict[str, str]], Answerer]

MODES: tuple[Mode, ...] = get_args(Mode)

FILES = {
    "a.txt": "It begins here.\n\n" + "Nothing is said of it. " * 20 + "The depot is far away.",
    "b.txt": "Another begins.\n\n" + "Nothing at all is said. " * 20 + "The harbor is near by.",
}


def test_cosines_are_those_of_the_vectors(make_answerer: MakeAnswerer) -> None:
    answerer = make_answerer({"a.txt": "The tram depot."})
    (hit,) = answerer.ask("tram", mode="meaning").hits
    # tram 1, depot 0, the rest .01 against tram 1, depot 1, the rest .01
    expected = 1.0001 / (1.0001**0.5 * 2.0001**0.5)
    assert hit.scores.meaning == pytest.approx(expected, abs=1e-6)
    assert hit.scores.fused == hit.scores.meaning
    assert hit.scores.words is None


def test_by_words_a_passage_gets_its_share_of_the_question(make_answerer: MakeAnswerer) -> None:
    answerer = make_answerer({"1.txt": "Tram depot.", "2.txt": "Nothing else."})
    (hit,) = answerer.ask("tram", mode="words").hits
    # one of one term, once in a passage of the mean length 2: 1 / (1 + .6); and no pair,
    # which is a fifth
    assert hit.scores.words == pytest.approx(0.8 * 1 / 1.6)
    assert hit.scores.fused == hit.scores.words
    assert hit.scores.meaning is None


def test_hybrid_is_the_convex_combination_of_both(make_answerer: MakeAnswerer) -> None:
    answerer = make_answerer(FILES)
    meaning, words, hybrid = (
        {hit.passage.id: hit for hit in answerer.ask("depot harbor", 50, mode).hits}
        for mode in ("meaning", "words", "hybrid")
    )
    assert len(words) == 2
    for number, hit in hybrid.items():
        assert hit.scores.meaning == meaning[number].scores.meaning
        by_words = words[number].scores.words if number in words else 0.0
        assert hit.scores.words == by_words
        assert hit.scores.meaning is not None
        assert hit.scores.words is not None
        before = 0.5 * hit.scores.meaning + 0.5 * hit.scores.words
        assert hit.scores.fused == pytest.approx(before + hit.scores.parts.neighbour)


def test_a_passage_found_by_words_alone_has_its_true_cosine(make_answerer: MakeAnswerer) -> None:
    """150 passages before it are as near, so that it is not among the nearest 100."""
    files = {f"{n:03}.txt": f"A bee called {n}." for n in range(150)}
    hit = make_answerer({**files, "999.txt": "A quokka."}).ask("bees quokka").hits[0]
    assert hit.passage.document_id == "999.txt"
    assert hit.matched == ("quokka",)
    # the embedder knows bees and not bee: 1, .01 against nothing but .01
    assert hit.scores.meaning == pytest.approx(0.01 / 1.0001**0.5, abs=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_hits_come_best_first(make_answerer: MakeAnswerer, mode: Mode) -> None:
    answerer = make_answerer(FILES)
    hits = answerer.ask("depot", mode=mode).hits
    assert hits[0].passage.document_id == "a.txt"
    assert hits[0].passage.text.endswith("The depot is far away.")
    fused = [hit.scores.fused for hit in hits]
    assert fused == sorted(fused, reverse=True)


@pytest.mark.parametrize("mode", MODES)
def test_the_parts_are_the_whole_score(make_answerer: MakeAnswerer, mode: Mode) -> None:
    for hit in make_answerer(FILES).ask("depot of nothing", 50, mode).hits:
        parts = hit.scores.parts
        penalties = parts.heading + parts.neighbour
        total = parts.meaning + parts.words + parts.opening + penalties
        assert hit.scores.fused == pytest.approx(total)
        assert max(parts.heading, parts.neighbour) <= 0 <= parts.opening


@pytest.mark.parametrize("mode", MODES)
def test_a_longer_list_begins_with_the_shorter(make_answerer: MakeAnswerer, mode: Mode) -> None:
    answerer = make_answerer(FILES)
    lists = [answerer.ask("is nothing said of the depot?", n, mode).hits for n in (1, 2, 5, 50)]
    for shorter, longer in pairwise(lists):
        assert longer[: len(shorter)] == shorter


def test_openings_come_first_where_nothing_is_near(make_answerer: MakeAnswerer) -> None:
    answerer = make_answerer({"a.txt": FILES["a.txt"].replace("Nothing", "The tram")})
    # no passage says a word of bees
    (first, *rest) = answerer.ask("bees", 50, "meaning").hits
    assert first.passage.start == 0
    assert first.scores.meaning is not None
    vagueness = 1 - max(h.scores.meaning or 0 for h in (first, *rest)) / 0.4
    assert first.scores.parts.opening == pytest.approx(0.15 * vagueness)
    assert [hit.scores.parts.opening for hit in rest] == [0.0] * len(rest)


@pytest.mark.parametrize("mode", MODES)
def test_a_clear_question_knows_no_openings(make_answerer: MakeAnswerer, mode: Mode) -> None:
    for hit in make_answerer(FILES).ask("depot", 50, mode).hits:
        assert hit.scores.parts.opening == 0


def test_a_heading_alone_stands_below_what_it_heads(make_answerer: MakeAnswerer) -> None:
    answerer = make_answerer({"a.md": "# The depot\n\n## Its age\n\nThe depot is old, they say.\n"})
    first, second = answerer.ask("depot", mode="meaning").hits
    assert first.passage.text == "Its age\n\nThe depot is old, they say."
    assert second.passage.text == "The depot"
    assert (first.scores.parts.heading, second.scores.parts.heading) == (0, -0.1)


def test_what_no_passage_says_is_not_found_by_words(make_answerer: MakeAnswerer) -> None:
    assert make_answerer(FILES).ask("zebra", mode="words").hits == ()
    assert make_answerer(FILES).ask("who was it?", mode="words").hits == ()


@pytest.mark.parametrize("mode", MODES)
def test_words_that_a_passage_holds_are_named(make_answerer: MakeAnswerer, mode: Mode) -> None:
    (hit, *_) = make_answerer(FILES).ask("Is a Depot so far from the zebras?", 5, mode).hits
    assert hit.matched == ("Depot", "far")


def test_the_same_paragraph_in_two_files_is_one_hit_that_names_both(
    make_answerer: MakeAnswerer,
) -> None:
    text = "The tram depot opened in the spring of that year, and the harbor followed it."
    files = {"a.txt": text, "copy/b.txt": f"{text.upper()} ", "c.txt": "The depot is old."}
    first, second = make_answerer(files).ask("when did the tram depot open?").hits
    assert first.passage.document_id == "a.txt"
    (other,) = first.also
    assert (other.document_id, other.start, other.end) == ("copy/b.txt", 0, len(text))
    assert other.source.endswith("/own/copy/b.txt")
    assert (second.passage.document_id, second.also) == ("c.txt", ())


class _NoQuestions(CountingEmbedder):
    def embed_question(self, text: str) -> Vectors:
        raise AssertionError(f"{text} was embedded")

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([super(_NoQuestions, self).embed_question(text) for text in texts])


def test_by_words_nothing_is_embedded(make_answerer: MakeAnswerer) -> None:
    store = make_answerer(FILES)._store
    with ThreadPoolExecutor(1) as beside:
        hits, timings = retrieve("depot", 5, "words", store, _NoQuestions(["depot"]), beside)
    assert hits[0].passage.document_id == "a.txt"
    assert timings.embed < timings.total
