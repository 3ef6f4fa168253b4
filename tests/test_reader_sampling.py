"""What a run sees: all of it, in an order that can be taken up anywhere."""

from collections import Counter

import numpy as np
import pytest

from scripts.reader.encoding import Encoded, Example, Layout
from scripts.reader.mining import NEGATIVE
from scripts.reader.sampling import Group, Mix, Steps, one_pass
from tests.tiny_reader import VOCABULARY, side

STEPS = Steps(groups=4, at_once=2)


@pytest.fixture(scope="module")
def encoded() -> Encoded:
    return side()[0]


@pytest.fixture(scope="module")
def layout() -> Layout:
    return side()[1]


def seen(
    encoded: Encoded, layout: Layout, mix: Mix, seed: tuple[int, int] = (0, 0), first: int = 0
) -> list[list[list[Group]]]:
    return list(one_pass(encoded, layout, mix, STEPS, seed, first))


def flat(steps: list[list[list[Group]]]) -> list[Group]:
    return [group for step in steps for part in step for group in part]


def test_a_pass_asks_every_question_once(encoded: Encoded, layout: Layout) -> None:
    steps = seen(encoded, layout, Mix())
    assert [len(part) for step in steps for part in step] == [2] * 8
    assert sorted(group[0].question for group in flat(steps)) == list(range(16))
    assert all(len({example.question for example in group}) == 1 for group in flat(steps))


def test_a_pass_is_the_same_again_and_from_any_step_on(encoded: Encoded, layout: Layout) -> None:
    whole = seen(encoded, layout, Mix())
    assert seen(encoded, layout, Mix()) == whole
    assert seen(encoded, layout, Mix(), first=3) == whole[3:]
    assert seen(encoded, layout, Mix(), seed=(0, 1)) != whole
    assert seen(encoded, layout, Mix(), seed=(1, 0)) != whole


def test_negatives_neither_hold_the_span_nor_its_words(encoded: Encoded, layout: Layout) -> None:
    mix = Mix(near=0.9, far=0.0, unanswered=0.1, negatives=3, highest=9)
    for number in range(20):
        for group in flat(seen(encoded, layout, mix, seed=(0, number))):
            for example in group:
                question, row = example.question, example.row
                if example.span is None:
                    place = encoded.near[question].tolist().index(row)
                    assert encoded.near_kind[question, place] == NEGATIVE
                else:
                    assert row == encoded.gold[question, 0]


def test_shares_are_as_the_mix_says(encoded: Encoded, layout: Layout) -> None:
    mix = Mix(near=0.3, far=0.2, unanswered=0.1, front=0.25)
    kinds: Counter[str] = Counter()
    for number in range(100):
        for group in flat(seen(encoded, layout, mix, seed=(0, number))):
            kinds["front"] += group[0].front
            negatives = [example for example in group if example.span is None]
            assert len(negatives) <= 1
            kinds["unanswered" if len(negatives) == len(group) else f"{len(negatives)}"] += 1
    shares = {kind: count / 1600 for kind, count in kinds.items()}
    assert shares == pytest.approx({"front": 0.25, "unanswered": 0.1, "0": 0.4, "1": 0.5}, abs=0.04)


def test_a_batch_is_question_front_and_body(layout: Layout) -> None:
    # passage 8 of the first half ends in the words of answer 0
    batch = layout.batch(
        [[Example(0, 0, False, (0, 0)), Example(0, 8, True)], [Example(1, 1, True)]]
    )
    texts = [" ".join(VOCABULARY[number] for number in row if number) for row in batch.ids]
    assert texts == [
        "[CLS] who leads the harbor ? [SEP] ann leads the harbor . [SEP]",
        "[CLS] who leads the harbor ? [SEP] old notes the old ann . [SEP]",
        "[CLS] who leads the depot ? [SEP] old notes ben leads the depot . [SEP]",
    ]
    assert batch.group.tolist() == [0, 0, 1]
    assert batch.gold.tolist() == [[7, 7], [-1, -1], [-1, -1]]
    bodies = ["".join(row) for row in np.where(batch.allowed, "x", "-")]
    assert bodies == ["-------xxxxx---", "---------xxxx--", "---------xxxxx-"]
    assert batch.valid.sum(1).tolist() == [13, 14, 15]
    assert batch.kinds.sum(1).tolist() == [6, 7, 8]
    assert [layout.length(Example(0, 8, True)), layout.length(Example(0, 0, False))] == [14, 13]
