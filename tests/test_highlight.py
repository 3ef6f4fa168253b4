"""The sentence that shares the question's rarest words is marked."""

from index.bm25 import Asked, AskedTerm
from index.library import StoredPassage
from index.records import Passage
from index.terms import words
from qa.highlight import best_sentences


def asked(question: str, **worth: float) -> Asked:
    """Every term is worth 1 unless `worth` says otherwise."""
    terms = [
        AskedTerm(word, ((term, worth.get(term, 1.0)),), worth.get(term, 1.0))
        for word, term in words(question)
    ]
    return Asked(tuple(terms), ())


def stored(text: str, heading: tuple[str, ...] = ()) -> StoredPassage:
    return StoredPassage(Passage(1, "a.txt", 0, len(text), heading, None, text), "a")


def test_the_rarer_word_decides() -> None:
    text = "The center opens. The academy leads it."
    question = asked("who leads the center", lead=2.0, center=1.0)
    assert best_sentences(question, [stored(text)]) == [((18, 39),)]
    assert text[18:39] == "The academy leads it."
    question = asked("who leads the center", lead=1.0, center=2.0)
    assert best_sentences(question, [stored(text)]) == [((0, 17),)]


def test_forms_of_a_word_count_as_shared() -> None:
    passage = stored("It rained. Trading was banned.")
    assert best_sentences(asked("who banned trades?"), [passage]) == [((11, 30),)]


def test_each_passage_has_its_own() -> None:
    passages = [stored("Bees sleep."), stored("It is late. No bees.")]
    assert best_sentences(asked("bees"), passages) == [((0, 11),), ((12, 20),)]


def test_nothing_is_marked_where_nothing_is_shared() -> None:
    assert best_sentences(asked("bees"), [stored("The tram is late.")]) == [()]
    assert best_sentences(asked("?!"), [stored("The tram is late.")]) == [()]
    assert best_sentences(asked("bees"), []) == []


def test_words_that_only_ask_are_not_shared() -> None:
    assert best_sentences(asked("who was it?"), [stored("He knew who it was.")]) == [()]


def test_a_heading_is_not_marked() -> None:
    text = "Who leads the center\n\nThe center is led by the academy."
    passage = stored(text, ("Who leads the center",))
    assert best_sentences(asked("who leads the center?"), [passage]) == [((22, 55),)]
    assert text[22:] == "The center is led by the academy."
