"""The laws of design: whole sentences, never across a heading, nothing lost, linear."""

import re
from collections.abc import Sequence
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.chunker import Chunking, chunk, embedded_texts
from index.records import Document, Passage, Section


def words(texts: Sequence[str]) -> list[int]:
    """A token is a word, as far as a space goes."""
    return [len(text.split()) for text in texts]


def document(text: str, *sections: Section, pages: tuple[int, ...] = ()) -> Document:
    return Document("d.txt", "Title", text, sections or (Section(0, ()),), pages, "/d.txt", 0.0)


def cut(source: Document, size: int = 160, overlap: int = 0) -> list[Passage]:
    return chunk(source, Chunking(size, overlap), words, count(1))


# Sentences, other scripts, emoji with joiners, combining marks, and runs without a space.
_PIECES = st.one_of(
    st.sampled_from(
        [
            "It was led by Dr. Lee. ",
            "Why? ",
            "北京将成立中心。",
            "ا لمركز؟ ",
            "👩‍👩‍👧 ",
            "e\u0301e\u0301",
            "\n",
            "\n\n",
            "- a point\n",
            "x" * 90,
            "\u00a0",
            "\t",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=30),
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    from unicodedata import normalize

    text = normalize("NFC", "".join(draw(st.lists(_PIECES, min_size=1, max_size=25)))) + "."
    starts = draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=4))
    starts = {start for start in starts if start < len(text)}
    sections = [Section(0, ()), *(Section(start, (f"H{start}",)) for start in sorted(starts))]
    return document(text, *sections)


@given(documents(), st.integers(1, 40), st.integers(0, 10))
@settings(max_examples=300, deadline=None)
def test_laws_hold_on_arbitrary_text(source: Document, size: int, overlap: int) -> None:
    chunking = Chunking(size, min(overlap, size - 1))
    passages = chunk(source, chunking, words, count(1))

    covered: set[int] = set()
    stops = [section.start for section in source.sections[1:]] + [len(source.text)]
    for passage in passages:
        assert passage.text == source.text[passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""
        (section,) = [
            s
            for s, stop in zip(source.sections, stops, strict=True)
            if s.start <= passage.start and passage.end <= stop
        ]
        assert passage.heading == section.heading
        covered.update(range(passage.start, passage.end))
    assert [p.id for p in passages] == list(range(1, len(passages) + 1))
    for before, after in pairwise(passages):
        assert before.start < after.start
        assert before.end < after.end
    lost = [i for i, c in enumerate(source.text) if not c.isspace() and i not in covered]
    assert lost == []
    assert chunk(source, chunking, words, count(1)) == passages


@given(documents(), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_no_passage_is_longer_than_its_size(source: Document, size: int) -> None:
    for passage in cut(source, size):
        assert words([passage.text])[0] <= size


def test_passages_are_whole_sentences_of_about_equal_length() -> None:
    source = document("One two three. Four five six. Seven eight nine. Ten eleven twelve.")
    # Twelve words do not fit in ten, so two passages of six and not ten and two.
    assert [p.text for p in cut(source, size=10)] == [
        "One two three. Four five six.",
        "Seven eight nine. Ten eleven twelve.",
    ]


def test_an_abbreviation_does_not_end_a_sentence() -> None:
    source = document("It was approved by Dr. Lee. Then it opened.")
    assert [p.text for p in cut(source, size=6)] == [
        "It was approved by Dr. Lee.",
        "Then it opened.",
    ]


def test_a_heading_begins_a_new_passage() -> None:
    text = "First\n\nShort.\n\nSecond\n\nAlso short."
    source = document(text, Section(0, ("First",)), Section(15, ("Second",)))
    assert [(p.text, p.heading) for p in cut(source)] == [
        ("First\n\nShort.", ("First",)),
        ("Second\n\nAlso short.", ("Second",)),
    ]


def test_overlap_repeats_the_sentences_that_fit_in_it() -> None:
    source = document("One two three. Four five. Six seven eight. Nine ten eleven.")
    assert [p.text for p in cut(source, size=6, overlap=2)] == [
        "One two three. Four five.",
        "Four five. Six seven eight.",
        "Nine ten eleven.",
    ]


def test_a_sentence_that_is_too_long_is_split_between_words() -> None:
    sentence = " ".join(f"word{n}" for n in range(25))
    parts = [p.text for p in cut(document(sentence), size=10)]
    assert " ".join(parts) == sentence
    assert all(re.fullmatch(r"word\d+( word\d+)*", part) for part in parts)


def test_a_sentence_that_is_too_long_is_split_at_line_ends_first() -> None:
    rows = ["Team: Blues; Cups: one", "Team: Flyers; Cups: two", "Team: Leafs; Cups: ten"]
    assert [p.text for p in cut(document("\n".join(rows)), size=5)] == rows


def test_chinese_is_split_between_characters_that_are_words() -> None:
    text = "北京" * 300
    parts = [p.text for p in chunk(document(text), Chunking(50, 0), _characters, count(1))]
    assert "".join(parts) == text
    assert max(map(len, parts)) <= 50


def test_no_combining_mark_is_parted_from_its_letter() -> None:
    text = "q\u0308" * 2000
    for passage in cut(document(text), size=3):
        assert passage.text.startswith("q")


def test_the_page_is_the_one_on_which_the_passage_starts() -> None:
    text = "One is here. Two is there. Three is gone."
    source = document(text, pages=(0, 13, 13, 27))  # the second page is empty
    assert [(p.text, p.page) for p in cut(source, size=3)] == [
        ("One is here.", 1),
        ("Two is there.", 3),
        ("Three is gone.", 4),
    ]


@pytest.mark.parametrize("piece", ["x", "word ", "北", "(", "a.b", "no stop here\n"])
def test_the_tokenizer_sees_linearly_many_characters(piece: str) -> None:
    seen = {}
    for length in (100_000, 1_000_000):
        total = 0

        def counted(texts: Sequence[str]) -> list[int]:
            nonlocal total
            total += sum(map(len, texts))
            return words(texts)

        passages = chunk(
            document((piece * length)[:length].strip()), Chunking(160, 0), counted, count(1)
        )
        assert sum(len(p.text.replace(" ", "").replace("\n", "")) for p in passages) == sum(
            not c.isspace() for c in (piece * length)[:length]
        )
        seen[length] = total
    assert seen[1_000_000] <= 10.5 * seen[100_000] + 1000


def test_title_and_headings_stand_in_front_of_what_is_embedded() -> None:
    text = "Leadership\n\nIt is under the municipal government."
    source = document(text, Section(0, ("Center", "Leadership")))
    (passage,) = cut(source)
    assert embedded_texts("The center", [passage], Chunking(), words) == [
        "The center › Center › Leadership\nIt is under the municipal government."
    ]


def test_a_heading_that_is_the_title_is_not_said_twice() -> None:
    (passage,) = cut(document("Center\n\nIt opens soon.", Section(0, ("Center",))))
    assert embedded_texts("Center", [passage], Chunking(), words) == ["Center\nIt opens soon."]


def test_a_long_title_is_cut_so_that_the_passage_is_not() -> None:
    (passage,) = cut(document("It opens soon."))
    texts = embedded_texts("a b c d e f", [passage], Chunking(context=3), words)
    assert texts == ["a b c\nIt opens soon."]


def test_a_model_that_reads_little_gets_smaller_passages() -> None:
    assert Chunking(160, 20, 48).fitted(512) == Chunking(160, 20, 48)
    assert Chunking(160, 20, 48).fitted(64) == Chunking(46, 20, 16)


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (10, 10), (10, -1)])
def test_a_way_to_cut_that_cannot_be_is_refused(size: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="not a way to cut"):
        Chunking(size, overlap)


def _characters(texts: Sequence[str]) -> list[int]:
    return [len(text) for text in texts]
