"""Which examples are seen, in which order: the same for the same seed, and from any step on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scripts.reader.encoding import Encoded, Example, Ints, Layout
from scripts.reader.mining import NEGATIVE

Group = tuple[Example, ...]

# Groups sorted by length together, in steps: enough that hardly anything is padding, and few
# enough that a step's groups are still drawn from everywhere.
_SORTED_STEPS = 32


@dataclass(frozen=True, slots=True)
class Mix:
    """What a pass over the questions is made of, as shares of its groups.

    Attributes:
        near: an answer beside negatives that the retriever ranks high in the same articles.
        far: an answer beside negatives of other articles, that it ranks high among those.
        unanswered: negatives alone, either kind; the rest have their answer and nothing else.
        front: examples with title and headings in front, as documents that have them are read.
        negatives: how many a group has that has any.
        highest: negatives are drawn from so many, the highest ranked.
    """

    near: float = 0.30
    far: float = 0.12
    unanswered: float = 0.06
    front: float = 0.5
    negatives: int = 1
    highest: int = 5


@dataclass(frozen=True, slots=True)
class Steps:
    """How a pass is cut.

    Attributes:
        groups: of one step of the optimiser.
        at_once: of one forward and backward; divides `groups`.
    """

    groups: int = 32
    at_once: int = 8


def steps_of_pass(encoded: Encoded, steps: Steps) -> int:
    """Steps of one pass over the questions; those left over wait for the next."""
    return len(encoded.answers) // steps.groups


def one_pass(
    encoded: Encoded, layout: Layout, mix: Mix, steps: Steps, seed: tuple[int, int], first: int
) -> Iterator[list[list[Group]]]:
    """Yield from step `first` on what each one sees: its parts, of `at_once` groups each.

    Args:
        seed: of the run, and the number of the pass.
    """
    lot = np.random.default_rng(seed)
    order = lot.permutation(len(encoded.answers))
    in_bucket = steps.groups * _SORTED_STEPS
    whole = steps_of_pass(encoded, steps) * steps.groups
    for start in range(0, whole, in_bucket):
        # all draws are made, also for the steps that are passed over
        groups = [
            _group(encoded, int(question), mix, lot)
            for question in order[start : min(start + in_bucket, whole)]
        ]
        groups.sort(key=lambda group: max(map(layout.length, group)))
        parts = [groups[at : at + steps.at_once] for at in range(0, len(groups), steps.at_once)]
        shuffled = [parts[number] for number in lot.permutation(len(parts))]
        per_step = steps.groups // steps.at_once
        for at in range(0, len(shuffled), per_step):
            if start // steps.groups + at // per_step >= first:
                yield shuffled[at : at + per_step]


def _group(encoded: Encoded, question: int, mix: Mix, lot: np.random.Generator) -> Group:
    draw, front = lot.random(), bool(lot.random() < mix.front)
    unanswered = draw < mix.unanswered
    near = mix.unanswered <= draw < mix.unanswered + mix.near
    if unanswered:
        near = bool(lot.random() < mix.near / (mix.near + mix.far))
    far = not near and draw < mix.unanswered + mix.near + mix.far
    negatives: list[int] = []
    if near:
        negatives = _drawn(encoded.near[question], encoded.near_kind[question], mix, lot)
    elif far:
        negatives = _drawn(encoded.far[question], encoded.far_kind[question], mix, lot)
    examples = [Example(question, row, front) for row in negatives]
    if unanswered and examples:
        return tuple(examples)
    gold = encoded.gold[question]
    place = int(lot.integers((gold >= 0).sum()))
    first, last = encoded.spans[question, place].tolist()
    return Example(question, int(gold[place]), front, (first, last)), *examples


def _drawn(rows: Ints, kinds: np.ndarray, mix: Mix, lot: np.random.Generator) -> list[int]:
    wrong = rows[kinds == NEGATIVE][: mix.highest]
    taken = lot.permutation(len(wrong))[: mix.negatives]
    return [int(wrong[number]) for number in taken]
