"""The same word is the same term, however it is written; and nothing else is."""

import re
from itertools import pairwise
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.irregular import BASE_FORMS
from index.terms import STOP_WORDS, pairs, terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12,345", ["12345"]),
        ("It cost 1,234,567.89 in all", ["cost", "1234567.89", "all"]),
        ("3.14, 2.5.", ["3.14", "2.5"]),
        ("1,23", ["1,23"]),  # no thousands
        ("10.5%", ["10.5"]),
        ("version 1.2.3", ["version", "1.2.3"]),
        ("in 1998.", ["1998"]),
        ("the 2nd", ["2nd"]),
    ],
)
def test_a_number_is_one_term_without_thousands_commas(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize("hyphen", ["-", "\u2010", "\u2011"])
def test_a_word_with_a_hyphen_gives_its_parts_and_the_whole(hyphen: str) -> None:
    assert terms(f"COVID{hyphen}19") == ["covid", "19", "covid19"]
    assert terms("COVID19") == ["covid19"]


def test_the_whole_is_given_of_three_parts_at_most() -> None:
    assert terms("one-two-three") == ["one", "two", "three", "onetwothre"]
    assert terms("one-two-three-four") == ["one", "two", "three", "four"]


def test_a_date_gives_its_numbers() -> None:
    assert terms("2024-01-15") == ["2024", "01", "15"]


def test_parts_that_any_sentence_has_are_left_out() -> None:
    assert terms("state-of-the-art") == ["state", "art"]


@pytest.mark.parametrize("mark", ["'", "’"])
def test_both_apostrophes_are_one(mark: str) -> None:
    assert terms(f"the academy{mark}s director") == terms("academy director")
    assert terms(f"the dogs{mark} owner") == terms("dog owner")
    assert terms(f"O{mark}Brien{mark}S") == ["obrien"]
    assert terms(f"don{mark}t") == ["dont"]
    assert terms(f"{mark}quoted{mark}") == terms("quoted")


def test_an_acronym_loses_its_dots() -> None:
    assert terms("U.S.A. USA u.s.a.") == ["usa", "usa", "usa"]
    assert terms("the U.S.-based firm") == ["us", "base", "firm"]
    assert terms("It ended. A new one began.") == ["end", "new", "one", "begin"]


def test_an_acronym_without_dots_is_a_word() -> None:
    assert terms("BABEC (babec), BABEC's") == ["babec", "babec", "babec"]


def test_camel_case_gives_its_parts_and_the_whole() -> None:
    assert terms("SharePoint") == ["share", "point", "sharepoint"]
    assert terms("HTTPServer") == ["http", "server", "httpserver"]
    assert terms("iPhones")[-1:] == terms("iphone")


def test_an_underscore_parts_words() -> None:
    assert terms("mean_terms __init__") == ["mean", "term", "init"]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("café", "cafe"),
        ("CAFÉ", "cafe"),
        ("Zürich", "zurich"),
        ("Straße", "STRASSE"),
        ("ﬁnance", "finance"),
        ("ＢＡＢＥＣ１２", "babec12"),
        ("ΑΘΉΝΑ", "αθηνα"),
        ("co\u00adoperate", "cooperate"),
        ("مُحَمَّد", "محمد"),
        ("שָׁלוֹם", "שלום"),
    ],
)
def test_what_a_word_may_be_written_without_is_folded(written: str, plain: str) -> None:
    assert len(terms(written)) == 1
    assert terms(written) == terms(plain)


@pytest.mark.parametrize(
    ("form", "base"),
    [
        ("led", "lead"),
        ("leads", "lead"),
        ("leading", "lead"),
        ("children", "child"),
        ("won", "win"),
        ("winning", "win"),
        ("WENT", "go"),
        ("built", "build"),
        ("analyses", "analysis"),
        ("academies", "academy"),
    ],
)
def test_forms_of_a_word_are_one_term(form: str, base: str) -> None:
    assert terms(form) == terms(base) != []


def test_forms_of_another_meaning_stay_apart() -> None:
    assert terms("she lives") == terms("she live") != terms("she life")
    assert terms("it leaves") == terms("it left") != terms("it leaf")
    assert terms("two bases") == terms("two base") != terms("two basis")
    assert terms("the ground lay") == ["ground", "lay"]


def test_no_irregular_form_leads_to_another() -> None:
    assert [form for form, base in BASE_FORMS.items() if base in BASE_FORMS] == []


def test_negations_are_kept() -> None:
    assert terms("It is not here, no, never, and nor was it") == [
        "not",
        "here",
        "no",
        "never",
        "nor",
    ]


def test_words_that_any_sentence_has_are_left_out() -> None:
    assert terms("Who is it that they were with?") == []
    assert terms(" ".join(STOP_WORDS)) == terms(" ".join(STOP_WORDS).upper()) == []
    assert terms("who's, WHO’S") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("北京微芯", ["北京", "京微", "微芯"]),
        ("北京。中心", ["北京", "中心"]),
        ("北", ["北"]),
        ("日本語のテスト", ["日本", "本語", "語の", "のテ", "テス", "スト"]),
        ("ﾃｽﾄ", ["テス", "スト"]),
        ("ｶﾞｷﾞ", ["ガギ"]),
        ("𠮷野家", ["𠮷野", "野家"]),
        ("ไทย", ["ไท", "ทย"]),
        ("ที่นี่", ["ที", "ี่", "่น", "นี", "ี่"]),
    ],
)
def test_scripts_without_spaces_give_overlapping_pairs(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_scripts_with_spaces_give_words() -> None:
    assert terms("한국어 문서") == ["한국어", "문서"]
    assert terms("हिन्दी भाषा") == ["हिन्दी", "भाषा"]
    assert terms("Москва, مركز") == ["москва", "مركز"]


def test_mixed_scripts_are_parted() -> None:
    assert terms("由BABEC领导") == ["由", "babec", "领导"]
    assert terms("GPT-4模型") == ["gpt", "4", "模型", "gpt4模型"]


@pytest.mark.parametrize(
    "text", ["", " \n\t", "?!… —", "😀👍🏽👩‍👩‍👧", "'", "-", "_", "\u0301", "\0"]
)
def test_what_holds_no_word_gives_no_term(text: str) -> None:
    assert terms(text) == []


def test_emoji_part_nothing_but_words() -> None:
    assert terms("honey🍯bees") == ["honey", "bee"]


@pytest.mark.parametrize("unit", ["x", "1.", "a.", "北-", "x'"])
def test_no_term_is_longer_than_its_bound(unit: str) -> None:
    found = terms(unit * 500)
    assert found
    assert max(map(len, found)) <= 64


def test_words_are_given_as_they_were_written() -> None:
    text = "Où l’Académie’s COVID‑19 led, U.S. 1,000 ½ 北京市 SharePoint"
    assert list(words(text)) == [
        ("Où", "ou"),
        ("l’Académie’s", "lacademi"),
        ("COVID", "covid"),
        ("19", "19"),
        ("COVID‑19", "covid19"),
        ("led", "lead"),
        ("U.S.", "us"),
        ("1,000", "1000"),
        ("½", "1"),
        ("½", "2"),
        ("北京", "北京"),
        ("京市", "京市"),
        ("Share", "share"),
        ("Point", "point"),
        ("SharePoint", "sharepoint"),
    ]


def test_characters_that_only_together_are_one_are_given_as_that_one() -> None:
    assert list(words("été ｶﾞｷﾞ")) == [("ete", "ete"), ("ガギ", "ガギ")]


def test_pairs_are_neighbours() -> None:
    assert pairs(["a", "b", "c"]) == ["a_b", "b_c"]
    assert pairs(["a"]) == pairs([]) == []


# Characters that the rules look at, and any others.
_PIECES = (
    "a B é e\u0301 1 , . - ' ’ s _ 北 ท ี ㅎ İ 1,000 U.S. ﷺ ͺ ½ ｶ ﾞ \u0323 \xad the Led हि".split()
)
_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.sampled_from([*_PIECES, " ", "\u2028"])).map("".join),
)


@given(_TEXTS)
@example("ͺ")  # an iota that comes apart into a space and a mark
@example("_a_")
def test_any_text_gives_terms_that_can_be_kept(text: str) -> None:
    for term in terms(text):
        assert 0 < len(term) <= 64
        assert not re.search(r"[\s_]", term)
        assert term.split() == [term]


@given(_TEXTS)
def test_every_term_has_the_word_that_it_stands_for(text: str) -> None:
    found = list(words(text))
    assert [term for _, term in found] == terms(text)
    for word, term in found:
        assert term in terms(word)


@given(st.text(st.characters(codec="latin-1")))
def test_a_word_stands_in_the_text_as_it_was_written(text: str) -> None:
    for word, _ in words(text):
        assert word in text


@given(_TEXTS)
def test_composed_and_decomposed_text_give_the_same_terms(text: str) -> None:
    assert terms(normalize("NFD", text)) == terms(normalize("NFC", text)) == terms(text)


@given(st.text(st.characters(codec="ascii")))
def test_case_does_not_matter(text: str) -> None:
    assert terms(text.lower()) == terms(text.upper())
    assert terms(text) == [term.lower() for term in terms(text)]


@given(_TEXTS, _TEXTS)
def test_texts_apart_give_their_terms_one_after_the_other(one: str, other: str) -> None:
    assert terms(f"{one}\n{other}") == terms(one) + terms(other)


@pytest.mark.parametrize(
    "unit",
    ["a-", "a.", "1.", "1,", "a'", "aB", "Aa", "A", "1", "1.1x", "a-1.", "北", "ที่", "é", "-", "_"],
)
def test_a_hundred_thousand_characters_are_read_to_their_end(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    assert terms(f"{text} quokka")[-1] == "quokka"
    assert terms(f"{text}x")  # what nearly matches is not tried again and again


def test_neighbouring_pairs_of_characters_overlap_by_one() -> None:
    found = terms("北京区块链技术创新中心")
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert "".join(pair[0] for pair in found) + found[-1][1] == "北京区块链技术创新中心"
