"""The sentence that shares the question's rarest words is marked."""

from qa.highlight import best_sentences


def test_the_rarer_word_decides() -> None:
    passages = [
        "The center opens. The academy leads it.",
        "The center is large. The center is far.",
    ]
    # "center" is in both passages, "leads" in one: ln(3/2) against ln(3/1)
    assert best_sentences("who leads the center", passages, [0, 0]) == [((18, 39),), ((0, 20),)]
    assert passages[0][18:39] == "The academy leads it."


def test_words_that_begin_alike_count_as_shared() -> None:
    passages = ["It rained. Trading was banned."]
    assert best_sentences("who banned traders?", passages, [0]) == [((11, 30),)]


def test_nothing_is_marked_where_nothing_is_shared() -> None:
    assert best_sentences("bees", ["The tram is late."], [0]) == [()]
    assert best_sentences("?!", ["The tram is late."], [0]) == [()]
    assert best_sentences("bees", [], []) == []


def test_words_that_only_ask_are_not_shared() -> None:
    assert best_sentences("who was it?", ["He knew who it was."], [0]) == [()]


def test_a_heading_is_not_marked() -> None:
    passage = "Who leads the center\n\nThe center is led by the academy."
    assert best_sentences("who leads the center?", [passage], [22]) == [((22, 55),)]
    assert passage[22:] == "The center is led by the academy."
