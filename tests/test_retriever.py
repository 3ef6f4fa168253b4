"""The order of the hits, computed by hand."""

from collections.abc import Callable

import pytest

from qa.answerer import Answerer

FILES = {
    "a.txt": "It begins here.\n\n" + "Nothing is said of it. " * 20 + "The depot is far away.",
    "b.txt": "Another begins.\n\n" + "Nothing at all is said. " * 20 + "The harbor is near by.",
}


def test_cosines_are_those_of_the_vectors(
    make_answerer: Callable[[dict[str, str]], Answerer],
) -> None:
    answerer = make_answerer({"a.txt": "The tram depot."})
    (hit,) = answerer.ask("tram").hits
    # tram 1, depot 0, the rest .01 against tram 1, depot 1, the rest .01
    expected = 1.0001 / (1.0001**0.5 * 2.0001**0.5)
    assert hit.scores.meaning == pytest.approx(expected, abs=1e-6)
    assert hit.scores.fused == hit.scores.meaning
    assert (hit.scores.words, hit.confidence) == (None, None)


def test_hits_come_best_first(make_answerer: Callable[[dict[str, str]], Answerer]) -> None:
    answerer = make_answerer(FILES)
    hits = answerer.ask("depot").hits
    assert hits[0].passage.document_id == "a.txt"
    assert hits[0].passage.text.endswith("The depot is far away.")
    fused = [hit.scores.fused for hit in hits]
    assert fused == sorted(fused, reverse=True)


def test_openings_come_first_where_nothing_is_near(
    make_answerer: Callable[[dict[str, str]], Answerer],
) -> None:
    answerer = make_answerer({"a.txt": FILES["a.txt"].replace("Nothing", "The tram")})
    (first, *rest) = answerer.ask("bees", 50).hits  # no passage says a word of bees
    assert first.passage.start == 0
    assert first.scores.meaning is not None
    assert first.scores.fused == pytest.approx(
        first.scores.meaning + 0.15 * (1 - max(h.scores.meaning or 0 for h in (first, *rest)) / 0.4)
    )
    assert all(hit.scores.fused == hit.scores.meaning for hit in rest)


def test_a_clear_question_knows_no_openings(
    make_answerer: Callable[[dict[str, str]], Answerer],
) -> None:
    for hit in make_answerer(FILES).ask("depot", 50).hits:
        assert hit.scores.fused == hit.scores.meaning
