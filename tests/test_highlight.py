"""The sentence that shares the question's rarest words is marked."""

from qa.highlight import best_sentences


def test_the_rarer_word_decides() -> None:
    passages = [
        "The center opens. The academy leads it.",
        "The center is large. The center is far.",
    ]
    # "center" is in both passages, "leads" in one: ln(3/2) against ln(3/1)
    assert best_sentences("who leads the center", passages) == [((18, 39),), ((0, 20),)]
    assert passages[0][18:39] == "The academy leads it."


def test_words_that_begin_alike_count_as_shared() -> None:
    passages = ["It rained. Trading was banned."]
    assert best_sentences("who banned traders?", passages) == [((11, 30),)]


def test_nothing_is_marked_where_nothing_is_shared() -> None:
    assert best_sentences("bees", ["The tram is late."]) == [()]
    assert best_sentences("?!", ["The tram is late."]) == [()]
    assert best_sentences("bees", []) == []
