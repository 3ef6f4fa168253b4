"""What a passage holds of a question, beside plain loops and by hand."""

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.bm25 import Asked, AskedTerm, ask, matched, score
from index.forward import Terms

Passages = Sequence[Sequence[str]]


def idf(count: int, held: int) -> float:
    return math.log(1 + (count - held + 0.5) / (held + 0.5))


def asked(
    question: str, passages: Passages, alike: dict[str, list[tuple[str, int]]] | None = None
) -> Asked:
    """A question put to passages whose terms are counted."""

    def frequency(term: str) -> int:
        *one, last = term.split("_")
        if one:
            return sum((one[0], last) in pairwise(passage) for passage in passages)
        return sum(last in passage for passage in passages)

    return ask(question, len(passages), frequency, lambda term: (alike or {}).get(term, []))


def scores(question: Asked, passages: Passages) -> list[float]:
    mean = sum(map(len, passages)) / len(passages)
    found = score(question, Terms.of(passages), mean)
    return [float(one) for one in found]


def plain_scores(question: Sequence[str], passages: Passages) -> list[float]:
    """BM25 with k1 = .6 and b = .5, four fifths for terms and one for pairs, as in a book."""
    mean = max(1.0, sum(map(len, passages)) / len(passages))
    found = []
    for passage in passages:
        damping = 0.6 * (1 - 0.5 + 0.5 * len(passage) / mean)
        total = most = 0.0
        for term in dict.fromkeys(question):
            weight = idf(len(passages), sum(term in other for other in passages))
            times = list(passage).count(term)
            total += weight * times / (times + damping)
            most += weight
        result = 0.8 * total / most if most else 0.0
        total = most = 0.0
        for pair in dict.fromkeys(pairwise(question)):
            held = sum(pair in pairwise(other) for other in passages)
            if held:
                weight = idf(len(passages), held)
                times = list(pairwise(passage)).count(pair)
                total += weight * times / (times + damping)
                most += weight
        found.append(result + (0.2 * total / most if most else 0.0))
    return found


def test_a_tiny_case_is_as_by_hand() -> None:
    passages = [["tram", "depot"], ["tram", "tram", "harbor", "may"]]
    # idf: tram is in 2 of 2, depot in 1 of 2, and so is their pair
    tram, depot = math.log(1 + 0.5 / 2.5), math.log(1 + 1.5 / 1.5)
    # damping: of 2 terms where 3 are the mean, and of 4
    short, long = 0.6 * (0.5 + 0.5 * 2 / 3), 0.6 * (0.5 + 0.5 * 4 / 3)
    assert [short, long] == pytest.approx([0.5, 0.7])
    first = 0.8 * (tram / 1.5 + depot / 1.5) / (tram + depot) + 0.2 / 1.5
    second = 0.8 * (tram * 2 / 2.7) / (tram + depot)
    assert first == pytest.approx(1 / 1.5)
    question = asked("the tram depot", passages)
    assert scores(question, passages) == pytest.approx([first, second])


_TERM = st.sampled_from(["tram", "depot", "harbor", "bee", "honey"])
# No term next to itself: a run of three holds the pair twice, one over the other.
_LISTS = st.lists(_TERM, max_size=8).map(
    lambda some: [b for a, b in pairwise(["", *some]) if a != b]
)
_PASSAGES = st.lists(_LISTS.filter(bool), min_size=1, max_size=6)


@given(_LISTS, _PASSAGES)
def test_scores_are_those_of_plain_loops(question: list[str], passages: Passages) -> None:
    found = scores(asked(" ".join(question), passages), passages)
    assert found == pytest.approx(plain_scores(question, passages))


@given(_LISTS, _PASSAGES)
def test_scores_are_from_0_to_below_1(question: list[str], passages: Passages) -> None:
    found = scores(asked(" ".join(question), passages), passages)
    for passage, one in zip(passages, found, strict=True):
        assert 0 <= one < 1
        assert (one > 0) == bool(set(question) & set(passage))


def test_a_passage_without_terms_scores_0() -> None:
    question = asked("tram", [["tram"]])
    assert scores(question, [[], ["tram"], []]) == [0.0, pytest.approx(0.5), 0.0]
    assert score(question, Terms.of([[], []]), 1.0).tolist() == [0.0, 0.0]
    assert score(question, Terms.of([]), 1.0).tolist() == []


@pytest.mark.parametrize("question", ["zebra", "who is it?", "", "?!"])
def test_a_question_without_known_words_scores_0(question: str) -> None:
    assert scores(asked(question, [["tram"], ["depot"]]), [["tram"], ["depot"]]) == [0.0, 0.0]


def test_a_word_that_is_not_known_lowers_the_share() -> None:
    passages = [["tram", "depot"], ["harbor"]]
    (known, _), (less, _) = (
        scores(asked(question, passages), passages) for question in ("tram", "tram zebra")
    )
    # what no passage holds is the rarest of all
    assert less == pytest.approx(known * idf(2, 1) / (idf(2, 1) + idf(2, 0)))


def test_rare_words_count_more_than_common_ones() -> None:
    passages = [["tram", "bee"], ["tram", "may"], ["tram", "may"], ["honey", "may"]]
    found = scores(asked("tram or honey?", passages), passages)
    assert found[3] > found[0] == found[1] > 0


def test_neighbours_are_rewarded() -> None:
    passages = [["tram", "depot", "harbor"], ["tram", "harbor", "depot"]]
    side_by_side, apart = scores(asked("tram depot", passages), passages)
    mean_damping = 0.6
    assert side_by_side - apart == pytest.approx(0.2 / (1 + mean_damping))


def test_a_question_word_counts_once_however_often_it_is_said() -> None:
    passages = [["tram", "harbor"], ["depot", "harbor"]]
    once = asked("tram. Depot.", passages)
    assert asked("Tram, trams! Depot? Tram!", passages).terms[0].matches == once.terms[0].matches
    assert scores(asked("tram or tram or depot", passages), passages) == scores(once, passages)


def test_a_fuzzy_match_counts_less_than_an_exact_one() -> None:
    passages = [["harbor", "may"], ["depot", "may"]]
    harbor, depot = scores(asked("habror depot", passages, {"habror": [("harbor", 1)]}), passages)
    assert harbor == pytest.approx(0.7 * depot)
    (nearer, further) = scores(
        asked("harbour", passages, {"harbour": [("harbor", 1), ("depot", 2)]}), passages
    )
    assert further == pytest.approx(0.7 * nearer)


def test_of_words_spelt_alike_the_nearer_counts_more_however_rare_the_other() -> None:
    passages = [["honey"]] * 30 + [["homey"]] + [["tram"]] * 30
    question = asked("hony", passages, {"honi": [("honey", 1), ("homey", 2)]})
    found = scores(question, passages)
    assert found[0] > found[30] > found[31] == 0


def test_the_most_common_of_words_spelt_alike_gives_the_weight() -> None:
    passages = [["honey"]] * 3 + [["holi"]] + [["tram"]]
    (term,) = asked("hony", passages, {"honi": [("honey", 1), ("holi", 1)]}).terms
    weight = 0.7 * idf(5, 3)
    assert term == AskedTerm("hony", (("honey", weight), ("holi", weight)), weight)


def test_of_words_spelt_alike_the_best_counts_and_not_their_sum() -> None:
    passages = [["honey", "holi"], ["honey", "tram"]]
    both, one = scores(asked("hony", passages, {"honi": [("honey", 1), ("holi", 1)]}), passages)
    assert both == one == pytest.approx(0.8 / 1.6)


def test_an_exact_word_is_never_expanded() -> None:
    passages = [["honey"], ["money"]]
    question = asked("honey", passages, {"honey": [("money", 1)]})
    assert question.terms == (AskedTerm("honey", (("honey", idf(2, 1)),), idf(2, 1)),)


@given(_LISTS.filter(bool), _PASSAGES, st.data())
def test_a_passage_with_one_more_question_word_scores_more(
    question: list[str], passages: Passages, data: st.DataObject
) -> None:
    """Against the same index, a filler is replaced by a word of the question."""
    put = asked(" ".join(question), passages)
    passage = [*data.draw(st.sampled_from(passages)), "filler"]
    known = [term.matches[0][0] for term in put.terms if term.matches]
    with_one_more = [[*passage[:-1], term] for term in known]
    without, *more = score(put, Terms.of([passage, *with_one_more]), 4.0)
    assert all(one > without for one in more)


@given(_LISTS.filter(bool), _PASSAGES, st.integers(1, 20))
def test_a_longer_passage_with_the_same_words_scores_no_more(
    question: list[str], passages: Passages, filler: int
) -> None:
    put = asked(" ".join(question), passages)
    for passage in passages:
        short, long = score(put, Terms.of([passage, [*passage, *["filler"] * filler]]), 4.0)
        assert long < short or short == long == 0


@given(_LISTS, _PASSAGES)
def test_a_passage_scores_the_same_whatever_stands_beside_it(
    question: list[str], passages: Passages
) -> None:
    put = asked(" ".join(question), passages)
    alone = [float(score(put, Terms.of([passage]), 4.0)[0]) for passage in passages]
    assert score(put, Terms.of(passages), 4.0).tolist() == alone


def test_a_term_is_not_found_inside_another() -> None:
    question = asked("art", [["art"], ["start"]])
    passages = Terms.of([["art"], ["start", "artist", "ar", "t"]])
    art, *others = score(question, passages, 1.0)
    assert art == pytest.approx(0.8 / 1.6)
    assert others == [0.0]


def test_neighbouring_repeats_are_each_counted() -> None:
    passages = [["tram", "tram", "tram", "tram"]]
    assert scores(asked("tram", passages), passages) == pytest.approx([0.8 * 4 / 4.6])


def test_matched_are_the_words_as_they_were_written() -> None:
    passages = [["tram", "depot", "cafe"], ["harbor"]]
    question = asked(
        "Is the Café of the TRAMS’ dépot at the harbuor?", passages, {"harbuor": [("harbor", 1)]}
    )
    first, second, nothing = map(Terms.of([*passages, []]).row, range(3))
    assert matched(question, first) == ("Café", "TRAMS", "dépot")
    assert matched(question, second) == ("harbuor",)
    assert matched(question, nothing) == ()


def test_matched_keeps_the_order_in_which_words_are_first_said() -> None:
    passages = [["tram", "depot"]]
    question = asked("Tram and depot, or depots and a tram?", passages)
    assert matched(question, Terms.of(passages).row(0)) == ("Tram", "depot")


def test_weights_are_factors_beside_the_idf() -> None:
    question = Asked(
        (
            AskedTerm("tram", (("tram", 1.5),), 1.5),
            AskedTerm("harbuor", (("harbor", 0.7), ("harbour", 0.49)), 0.7),
            AskedTerm("zebra", (), 3.0),
        ),
        (("tram_harbor", 2.0),),
    )
    assert question.weights() == pytest.approx(
        {"tram": 1.0, "harbor": 1.0, "harbour": 0.7, "tram_harbor": 0.2}
    )
    assert Asked((), ()).weights() == {}


def test_pairs_that_no_passage_holds_are_not_looked_for() -> None:
    passages = [["tram", "depot"], ["harbor"]]
    assert asked("tram depot harbor", passages).pairs == (("tram_depot", idf(2, 1)),)


def test_a_pair_does_not_reach_from_one_passage_into_the_next() -> None:
    passages = [["harbor", "tram"], ["depot", "bee"], ["tram", "depot"]]
    first, second, third = scores(asked("tram depot", passages), passages)
    assert first == second == pytest.approx(0.8 / 2 / 1.6)
    assert third == pytest.approx(2 * first + 0.2 / 1.6)
