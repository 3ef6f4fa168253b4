"""From candidates to the list, by hand."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from index.analysis import analyse
from index.forward import Terms
from index.library import StoredPassage, packed
from index.records import Passage
from qa.records import Parts
from qa.selection import Candidate, select

ONE = (
    "The depot was opened in the spring of 1911 by the mayor and her whole council, who had "
    "come in the first car, with a band, flags on both sides and children along the muddy "
    "street behind the market."
)


def candidate(
    number: int, score: float, text: str, document: str = "", start: int = 0, title: str = "A"
) -> Candidate:
    passage = Passage(number, document or f"{number}.txt", start, start + len(text), (), None, text)
    (analysed,) = analyse(title, [passage], [f"{title}\n{text}"])
    return Candidate(
        stored=StoredPassage(passage, title, packed(analysed.sentences)),
        terms=Terms.of([analysed.terms]).row(0),
        meaning=score,
        words=None,
        parts=Parts(score, 0.0, 0.0, 0.0, 0.0, 0.0),
    )


def numbers(candidates: list[Candidate], limit: int) -> list[tuple[int, list[int]]]:
    return [
        (entry.candidate.stored.passage.id, [other.passage.id for other in entry.same])
        for entry in select([candidates], limit)
    ]


def test_the_best_come_first_and_no_more_than_the_limit() -> None:
    some = [candidate(1, 0.2, "bees"), candidate(2, 0.9, "trams"), candidate(3, 0.5, "honey")]
    assert numbers(some, 2) == [(2, []), (3, [])]
    assert numbers(some, 9) == [(2, []), (3, []), (1, [])]
    assert numbers([], 5) == []


def ordered(candidates: list[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda candidate: -candidate.fused)


@pytest.mark.parametrize("limit", [1, 2, 5, 9])
def test_batches_change_nothing(limit: int) -> None:
    run = [
        candidate(n, 0.9 - n / 100, f"passage {n} of many, in one text", "one.txt", 20 * n)
        for n in range(6)
    ]
    some = ordered([*run, *(candidate(n, 0.87, ONE) for n in (7, 8)), candidate(9, 0.84, "bees")])
    whole = select([some], limit)
    assert select([[one] for one in some], limit) == whole
    assert select([some[:3], some[3:]], limit) == whole
    assert select([some], 9)[:limit] == whole


def test_a_batch_is_read_only_where_it_may_matter() -> None:
    read: list[int] = []

    def batches() -> Iterator[list[Candidate]]:
        for number, score in enumerate((0.9, 0.8, 0.7)):
            read.append(number)
            yield [candidate(number, score, f"passage {number}")]

    assert len(select(batches(), 1)) == 1
    assert read == [0, 1]  # the second might have said the same


def test_a_list_is_filled_from_later_batches_where_the_first_says_one_thing() -> None:
    same = [candidate(n, 0.9, ONE) for n in range(20)]
    (first, second) = select([same, [candidate(99, 0.5, "bees")]], 5)
    assert len(first.same) == 19
    assert second.candidate.stored.passage.id == 99


def test_ties_stay_in_the_order_given() -> None:
    some = [candidate(n, 0.5, text) for n, text in ((7, "bees"), (3, "trams"), (5, "honey"))]
    assert numbers(some, 9) == [(7, []), (3, []), (5, [])]


def test_a_neighbour_that_repeats_text_is_lowered_once_for_each_better_one() -> None:
    run = [
        candidate(n, 0.9 - n / 100, f"passage {n} {word}", "one.txt", start)
        for n, (word, start) in enumerate([("bees", 0), ("tram", 8), ("honey", 16)])
    ]
    other = candidate(9, 0.82, "something else")
    chosen = select([[*run, other]], 9)
    assert [c.candidate.stored.passage.id for c in chosen] == [0, 2, 9, 1]
    assert [c.candidate.parts.neighbour for c in chosen] == [0, 0, 0, -0.1]
    assert [c.candidate.fused for c in chosen] == pytest.approx([0.9, 0.88, 0.82, 0.79])


def test_passages_that_only_touch_are_no_neighbours() -> None:
    first = candidate(1, 0.9, "bees", "one.txt", 0)
    second = candidate(2, 0.8, "trams", "one.txt", 4)
    assert select([[first, second]], 2)[1].candidate.parts.neighbour == 0


def test_the_same_text_elsewhere_is_named_with_the_better_one() -> None:
    same = [candidate(1, 0.9, ONE), candidate(2, 0.8, ONE.upper()), candidate(3, 0.7, "bees")]
    assert numbers(same, 2) == [(1, [2]), (3, [])]


def test_what_says_the_same_is_named_even_where_the_list_is_full() -> None:
    same = [candidate(1, 0.9, ONE), candidate(2, 0.8, ONE)]
    assert numbers(same, 1) == [(1, [2])]


def test_titles_do_not_make_texts_differ() -> None:
    same = [
        candidate(1, 0.9, ONE, title="Tramways of the north"),
        candidate(2, 0.8, ONE.replace("whole", "entire"), title="A history of depots"),
    ]
    assert numbers(same, 2) == [(1, [2])]


@pytest.mark.parametrize(
    "other",
    [
        ONE.replace("1911", "1912"),
        ONE.replace("was", "was not"),
        ONE.replace("opened", "closed").replace("mayor", "queen").replace("spring", "fall"),
        f"{ONE} The harbor followed after the war, with ships and cranes.",
    ],
)
def test_texts_that_tell_something_else_stay_apart(other: str) -> None:
    assert numbers([candidate(1, 0.9, ONE), candidate(2, 0.8, other)], 2) == [(1, []), (2, [])]


def test_texts_without_words_are_the_same_only_to_the_letter() -> None:
    some = [candidate(1, 0.9, "!?"), candidate(2, 0.8, "!!"), candidate(3, 0.7, "!?")]
    assert numbers(some, 3) == [(1, [3]), (2, [])]


def test_a_fused_score_is_the_sum_of_its_parts() -> None:
    whole = replace(candidate(1, 0.9, "bees"), parts=Parts(0.4, 0.3, 0.2, -0.1, -0.05, 0.0))
    assert whole.fused == pytest.approx(0.75)
