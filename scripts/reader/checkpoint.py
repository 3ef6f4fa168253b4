"""What a run needs to go on exactly, in one file that is whole or not there."""

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scripts.reader.sampling import Mix, Steps
from scripts.reader.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what a run learns, beside the data and the encoder it starts from.

    Attributes:
        layer_decay: each layer's learning rate over that of the layer above it.
        negative_weight: see `loss.group_loss`.
        clip: largest norm of a step's gradient.
        average: how much of the averaged weights stays at each step.
    """

    mix: Mix = field(default_factory=Mix)
    steps: Steps = field(default_factory=Steps)
    schedule: Schedule = field(default_factory=Schedule)
    seed: int = 0
    weight_decay: float = 0.01
    layer_decay: float = 1.0
    dropout: float = 0.0
    negative_weight: float = 0.5
    clip: float = 1.0
    average: float = 0.998

    def decaying(self, step: int, steps: int) -> "Recipe":
        """The same, with the learning rate falling from `step` on, to 0 after `steps`."""
        return replace(self, schedule=replace(self.schedule, decay_from=step, decay=steps))


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run is: steps done, and of them in the pass that it is in.

    Attributes:
        examples: passages seen.
        tokens: of them, without padding.
        cpu_seconds: spent in training, of all threads together.
    """

    step: int = 0
    passes: int = 0
    step_of_pass: int = 0
    examples: int = 0
    tokens: int = 0
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Attributes:
    weights: of all that is trained, float32.
    averaged: their exponential moving average.
    optimiser: as torch gives it.
    random: state of torch's generator, which dropout draws from.
    """

    recipe: Recipe
    position: Position
    weights: dict[str, Tensor]
    averaged: dict[str, Tensor]
    optimiser: dict[str, Any]
    random: Tensor


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write under another name, to the disk, then rename: a kill leaves the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    said = {"recipe": asdict(checkpoint.recipe), "position": asdict(checkpoint.position)}
    with draft.open("wb") as file:
        torch.save(
            {
                "said": json.dumps(said),
                "weights": checkpoint.weights,
                "averaged": checkpoint.averaged,
                "optimiser": checkpoint.optimiser,
                "random": checkpoint.random,
            },
            file,
        )
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load(path: Path) -> Checkpoint:
    """What `save` wrote. Only tensors and plain values are read, no code.

    Raises:
        FileNotFoundError: there is none.
    """
    stored = torch.load(path, weights_only=True)
    said = json.loads(stored["said"])
    return Checkpoint(
        recipe=recipe_of(said["recipe"]),
        position=Position(**said["position"]),
        weights=stored["weights"],
        averaged=stored["averaged"],
        optimiser=stored["optimiser"],
        random=stored["random"],
    )


def recipe_of(said: dict[str, Any]) -> Recipe:
    """A recipe from its JSON."""
    parts = {
        "mix": Mix(**said["mix"]),
        "steps": Steps(**said["steps"]),
        "schedule": Schedule(**said["schedule"]),
    }
    return Recipe(**(said | parts))
