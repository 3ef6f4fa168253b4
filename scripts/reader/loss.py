"""What is minimised: where the answer starts and ends, over all passages of a question."""

import torch
from torch import Tensor

_NEVER = -1e9  # finite, so that no gradient becomes NaN


def above_null(logits: Tensor, allowed: Tensor) -> Tensor:
    """Logits (b, t, 2) relative to the passage's own null, that of its first token, [CLS].

    Tokens that can't be in an answer, where `allowed` (b, t) is False, get a score of never.
    What is left compares across passages: 0 is "no answer here".
    """
    scores = logits - logits[:, :1]
    return scores.masked_fill(~allowed[:, :, None], _NEVER)


def group_loss(
    scores: Tensor, group: Tensor, gold: Tensor, groups: int, negative_weight: float
) -> Tensor:
    """Sum over groups of the mean of the losses of start and end.

    Shared normalisation (Clark and Gardner 2018): a group is the passages of one question,
    and the softmax runs over all their tokens and one null option, whose score is 0. The
    target is every gold token at once, by their summed probability; where a group has none,
    the null. The negatives of a group that has an answer are also a group of their own, at
    `negative_weight`: what the reader sees where the answer's passage wasn't found.

    Args:
        scores: (b, t, 2) from `above_null`.
        group: (b,) int64, which group a passage is of.
        gold: (b, 2) int64, tokens where the answer starts and ends; -1 in a negative.
        groups: how many there are.
    """
    held = gold[:, 0] >= 0
    answered = torch.zeros(groups, dtype=torch.bool).index_fill(0, group[held], True)
    total = torch.logsumexp(scores, 1)  # (b, 2)
    everything = _by_group(total, group, groups)  # (groups, 2), the null not in it
    right = _by_group(_at(scores, gold), group[held], groups, held)
    loss = _with_null(everything).sum() - right[answered].sum()
    if negative_weight:
        beside = ~held & answered[group]
        rest = _by_group(total, group[beside], groups, beside)
        loss = loss + negative_weight * _with_null(rest).sum()
    return loss / 2


def _at(scores: Tensor, gold: Tensor) -> Tensor:
    return scores.gather(1, gold.clamp_min(0)[:, None, :])[:, 0]


def _by_group(values: Tensor, group: Tensor, groups: int, where: Tensor | None = None) -> Tensor:
    """logsumexp of `values` (b, 2) within each group → (groups, 2); `_NEVER` for an empty one."""
    if where is not None:
        values = values[where]
    most = values.new_full((groups, 2), _NEVER)
    most = most.scatter_reduce(0, group[:, None].expand(-1, 2), values.detach(), "amax")
    summed = values.new_zeros(groups, 2).index_add(0, group, (values - most[group]).exp())
    return torch.where(summed > 0, most + summed.clamp_min(1e-30).log(), most)


def _with_null(values: Tensor) -> Tensor:
    return torch.nn.functional.softplus(values)
