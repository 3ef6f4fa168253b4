"""What is kept of a passage: terms as of the whole, sentences as places in its text."""

from hypothesis import given
from hypothesis import strategies as st

from index.analysis import Analysed, analyse
from index.library import StoredPassage, packed
from index.records import Passage, Sentence
from index.terms import terms


def analysed(text: str, title: str = "The center", heading: tuple[str, ...] = ()) -> Analysed:
    passage = Passage(1, "a.txt", 0, len(text), heading, None, text)
    body = text[passage.after((title, *heading)[-1]) :]
    path = " › ".join((title, *heading))
    (found,) = analyse(title, [passage], [f"{path}\n{body}"])
    return found


def test_a_small_passage_is_as_by_hand() -> None:
    text = "The academy leads it. It opened in May."
    assert analysed(text) == Analysed(
        ("center", "academi", "lead", "open", "may"), (Sentence(0, 21, 1), Sentence(22, 39, 3))
    )


def test_the_heading_that_opens_a_passage_is_in_no_sentence() -> None:
    text = "History\n\nIt opened in May."
    found = analysed(text, heading=("History",))
    assert found == Analysed(("center", "histori", "open", "may"), (Sentence(9, 26, 2),))
    assert text[9:26] == "It opened in May."


def test_a_passage_that_is_its_heading_alone_has_no_sentence() -> None:
    assert analysed("History", heading=("History",)).sentences == (Sentence(0, 7, 2),)
    assert analysed("History\n", heading=("History",)).sentences == ()


_TEXTS = st.lists(
    st.sampled_from(
        ["U.S. tram", "3.14", "e.g.", "東京都", "Café", "\n\n", "don't", ".", "?", "A-b"]
    ),
    max_size=12,
).map(" ".join)


@given(_TEXTS.filter(str.strip))
def test_terms_of_the_sentences_are_the_terms_of_the_whole(text: str) -> None:
    found = analysed(text)
    assert list(found.terms) == terms(f"The center\n{text}")
    ends = [*(sentence.first for sentence in found.sentences[1:]), len(found.terms)]
    for sentence, end in zip(found.sentences, ends, strict=True):
        said = text[sentence.start : sentence.end]
        assert list(found.terms[sentence.first : end]) == terms(said)


@given(st.lists(st.builds(Sentence, *[st.integers(0, 2**32 - 1)] * 3)).map(tuple))
def test_sentences_come_back_as_they_were_packed(sentences: tuple[Sentence, ...]) -> None:
    passage = Passage(1, "a.txt", 0, 4, (), None, "tram")
    assert StoredPassage(passage, "a", packed(sentences)).sentences == sentences
