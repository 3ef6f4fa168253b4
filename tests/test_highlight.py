"""The sentence that shares the question's rarest words is marked."""

from index.analysis import analyse
from index.bm25 import Asked, AskedTerm
from index.forward import Hashes, Terms
from index.library import StoredPassage, packed
from index.records import Passage
from index.terms import words
from qa.highlight import best_sentence


def asked(question: str, **worth: float) -> Asked:
    """Every term is worth 1 unless `worth` says otherwise."""
    terms = [
        AskedTerm(word, ((term, worth.get(term, 1.0)),), worth.get(term, 1.0))
        for word, term in words(question)
    ]
    return Asked(tuple(terms), ())


def marked(
    question: Asked, text: str, heading: tuple[str, ...] = (), title: str = "a"
) -> list[str]:
    """What is marked in a passage of that text."""
    passage = Passage(1, "a.txt", 0, len(text), heading, None, text)
    (analysed,) = analyse(title, [passage], [f"{title}\n{text}"])
    terms: Hashes = Terms.of([analysed.terms]).row(0)
    stored = StoredPassage(passage, title, packed(analysed.sentences))
    return [text[start:end] for start, end in best_sentence(question, stored, terms)]


def test_the_rarer_word_decides() -> None:
    text = "The center opens. The academy leads it."
    question = asked("who leads the center", lead=2.0, center=1.0)
    assert marked(question, text) == ["The academy leads it."]
    question = asked("who leads the center", lead=1.0, center=2.0)
    assert marked(question, text) == ["The center opens."]


def test_of_sentences_that_share_as_much_the_first_is_marked() -> None:
    text = "It is late. No bees here. Bees there."
    assert marked(asked("bees"), text) == ["No bees here."]


def test_a_word_counts_once_in_a_sentence() -> None:
    text = "Bees, bees and bees. Bees in the tram."
    assert marked(asked("bees tram"), text) == ["Bees in the tram."]


def test_forms_of_a_word_count_as_shared() -> None:
    assert marked(asked("who banned trades?"), "It rained. Trading was banned.") == [
        "Trading was banned."
    ]


def test_nothing_is_marked_where_nothing_is_shared() -> None:
    assert marked(asked("bees"), "The tram is late.") == []
    assert marked(asked("?!"), "The tram is late.") == []


def test_words_that_only_ask_are_not_shared() -> None:
    assert marked(asked("who was it?"), "He knew who it was.") == []


def test_a_heading_is_not_marked() -> None:
    text = "Who leads the center\n\nThe center is led by the academy."
    question = asked("who leads the center?")
    assert marked(question, text, ("Who leads the center",)) == [
        "The center is led by the academy."
    ]


def test_words_of_title_and_heading_mark_nothing() -> None:
    assert marked(asked("bees"), "It is late.", ("Of bees",), title="Bees") == []
