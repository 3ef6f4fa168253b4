"""Shared normalisation with a null option, against values worked out by other means."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from scripts.reader.loss import above_null, group_loss


def loss(
    logits: torch.Tensor,
    gold: list[tuple[int, int]],
    group: list[int],
    negative_weight: float = 0.0,
    allowed: torch.Tensor | None = None,
) -> float:
    """With every token but the first allowed, unless it is said."""
    if allowed is None:
        allowed = torch.ones(logits.shape[:2], dtype=torch.bool)
        allowed[:, 0] = False
    scores = above_null(logits, allowed)
    groups = max(group) + 1
    where = torch.tensor(group), torch.tensor(gold)
    return group_loss(scores, *where, groups, negative_weight).item()


NOTHING = (-1, -1)


def test_one_passage_alone_is_cross_entropy_over_its_tokens_and_cls() -> None:
    logits = torch.randn(1, 6, 2, generator=torch.Generator().manual_seed(0))
    start = cross_entropy(logits[0, :, 0], torch.tensor(2))
    end = cross_entropy(logits[0, :, 1], torch.tensor(4))
    assert abs(loss(logits, [(2, 4)], [0]) - (start + end).item() / 2) < 1e-5
    null = cross_entropy(logits[0, :, 0], torch.tensor(0))
    null = null + cross_entropy(logits[0, :, 1], torch.tensor(0))
    assert abs(loss(logits, [NOTHING], [0]) - null.item() / 2) < 1e-5


def test_passages_of_a_question_share_one_softmax() -> None:
    logits = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(1))
    relative = logits - logits[:, :1]
    expected = 0.0
    for side, target in ((0, 3), (1, 4)):
        options = torch.cat([torch.zeros(1), relative[0, 1:, side], relative[1, 1:, side]])
        # the null, then 4 tokens of the first passage, then those of the second
        expected += cross_entropy(options, torch.tensor(4 + target)).item() / 2
    assert abs(loss(logits, [NOTHING, (3, 4)], [0, 0]) - expected) < 1e-5


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_what_is_added_to_all_logits_of_a_passage_changes_nothing(one: float, two: float) -> None:
    logits = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(2))
    moved = logits + torch.tensor([one, two])[:, None, None]
    gold, group = [(1, 2), NOTHING], [0, 0]
    assert abs(loss(logits, gold, group, 0.5) - loss(moved, gold, group, 0.5)) < 1e-3


def test_groups_do_not_see_each_other() -> None:
    logits = torch.randn(4, 5, 2, generator=torch.Generator().manual_seed(3))
    gold = [(1, 2), NOTHING, NOTHING, (4, 4)]
    together = loss(logits, gold, [0, 0, 1, 2], 0.5)
    apart = (
        loss(logits[:2], gold[:2], [0, 0], 0.5)
        + loss(logits[2:3], gold[2:3], [0], 0.5)
        + loss(logits[3:], gold[3:], [0], 0.5)
    )
    assert abs(together - apart) < 1e-4


def test_negatives_beside_an_answer_are_also_a_group_without_one() -> None:
    logits = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(4))
    gold, group = [(1, 2), NOTHING], [0, 0]
    alone = loss(logits[1:], gold[1:], [0])
    assert abs(loss(logits, gold, group, 0.5) - loss(logits, gold, group) - alone / 2) < 1e-5


def test_tokens_that_are_not_allowed_have_no_part_and_no_gradient() -> None:
    logits = torch.randn(1, 6, 2, generator=torch.Generator().manual_seed(5), requires_grad=True)
    allowed = torch.tensor([[False, False, True, True, True, False]])
    scores = above_null(logits, allowed)
    group_loss(scores, torch.tensor([0]), torch.tensor([[2, 3]]), 1, 0.5).backward()
    assert logits.grad is not None
    assert logits.grad[0, [1, 5]].abs().sum() == 0
    assert (logits.grad[0, [0, 2, 3, 4]] != 0).all()


def test_far_apart_logits_leave_gradients_finite() -> None:
    logits = torch.zeros(2, 4, 2)
    logits[0, 0], logits[1, 1] = 300.0, 300.0
    logits.requires_grad_()
    allowed = torch.ones(2, 4, dtype=torch.bool)
    allowed[:, 0] = False
    gold = torch.tensor([(2, 2), NOTHING])
    group_loss(
        above_null(logits, allowed), torch.zeros(2, dtype=torch.int64), gold, 1, 0.5
    ).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
