"""The training itself: steps, their log, checkpoints, and figures on what is held out."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW

from scripts.reader.checkpoint import Checkpoint, Position, Recipe, save
from scripts.reader.encoding import Encoded, Layout
from scripts.reader.loss import group_loss
from scripts.reader.model import Reader
from scripts.reader.reading import token_scores
from scripts.reader.sampling import Group, one_pass, steps_of_pass

log = logging.getLogger("citewell")

LATEST = "latest.pt"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often what is done beside training.

    Attributes:
        log_seconds, save_seconds: between lines and checkpoints.
        measure_steps: between figures.
        most_steps: of this sitting, None for no end.
    """

    log_seconds: float = 60.0
    save_seconds: float = 300.0
    measure_steps: int = 500
    most_steps: int | None = None


@dataclass(slots=True)
class _Tally:
    """Since the last line of the log."""

    began: float = field(default_factory=time.monotonic)
    cpu: float = field(default_factory=time.process_time)
    loss: float = 0.0
    groups: int = 0
    examples: int = 0
    tokens: int = 0
    padding: int = 0
    norm: float = 0.0
    steps: int = 0


class Run:
    """A run from a recipe, or from a checkpoint on."""

    def __init__(self, reader: Reader, recipe: Recipe, encoded: Encoded, layout: Layout) -> None:
        """
        Args:
            reader: trained in place.
            encoded: the side that is trained on.
        """
        self.reader, self.recipe, self.position = reader, recipe, Position()
        self._encoded, self._layout = encoded, layout
        self._trained = {n: p for n, p in reader.named_parameters() if p.requires_grad}
        self.averaged = {name: p.detach().clone() for name, p in self._trained.items()}
        self._optimiser = AdamW(parameter_groups(reader, recipe), lr=0.0, foreach=True)
        torch.manual_seed(recipe.seed)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on where a checkpoint was written. Its recipe is not taken over."""
        self._put(checkpoint.weights)
        self.averaged = {name: t.clone() for name, t in checkpoint.averaged.items()}
        self._optimiser.load_state_dict(checkpoint.optimiser)
        torch.set_rng_state(checkpoint.random)
        self.position = checkpoint.position

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(
            recipe=self.recipe,
            position=self.position,
            weights={name: p.detach() for name, p in self._trained.items()},
            averaged=self.averaged,
            optimiser=self._optimiser.state_dict(),
            random=torch.get_rng_state(),
        )

    @contextmanager
    def as_averaged(self) -> Iterator[None]:
        """The reader with the averaged weights meanwhile."""
        own = {name: p.detach().clone() for name, p in self._trained.items()}
        self._put(self.averaged)
        try:
            yield
        finally:
            self._put(own)

    @torch.no_grad()
    def _put(self, weights: dict[str, Tensor]) -> None:
        for name, parameter in self._trained.items():
            parameter.copy_(weights[name])

    def train(
        self,
        folder: Path,
        rhythm: Rhythm,
        measured: Callable[["Run"], None],
        stopped: Callable[[], bool],
    ) -> None:
        """Train until the learning rate has decayed, `stopped` says so, or the sitting ends.

        A checkpoint is written to `folder` now and then, at the end of every pass, where it
        is kept, and when it stops.

        Args:
            measured: takes figures of the run as it stands.
        """
        self.reader.train()
        tally, saved = _Tally(), time.monotonic()
        last = None if rhythm.most_steps is None else self.position.step + rhythm.most_steps
        while not self._over(last, stopped):
            for parts in self._rest_of_pass():
                self._step(parts, tally)
                now = time.monotonic()
                if now - tally.began >= rhythm.log_seconds:
                    self._tell(tally)
                    tally = _Tally()
                if now - saved >= rhythm.save_seconds:
                    save(self.checkpoint(), folder / LATEST)
                    saved = now
                if self.position.step % rhythm.measure_steps == 0:
                    measured(self)
                    tally = _Tally()
                if self._over(last, stopped):
                    break
            if self.position.step_of_pass == steps_of_pass(self._encoded, self.recipe.steps):
                passes = self.position.passes + 1
                self.position = replace(self.position, passes=passes, step_of_pass=0)
                save(self.checkpoint(), folder / f"pass-{passes}.pt")
        save(self.checkpoint(), folder / LATEST)
        log.info("stopped after step %d", self.position.step)

    def _over(self, last: int | None, stopped: Callable[[], bool]) -> bool:
        step = self.position.step
        return stopped() or self.recipe.schedule.ends(step) or (last is not None and step >= last)

    def _rest_of_pass(self) -> Iterator[list[list[Group]]]:
        at = self.position
        seed = self.recipe.seed, at.passes
        return one_pass(
            self._encoded, self._layout, self.recipe.mix, self.recipe.steps, seed, at.step_of_pass
        )

    def _step(self, parts: list[list[Group]], tally: _Tally) -> None:
        began, at = time.process_time(), self.position
        groups = sum(map(len, parts))
        examples = tokens = 0
        for part in parts:
            batch = self._layout.batch(part)
            loss = group_loss(
                token_scores(self.reader, batch),
                torch.from_numpy(batch.group),
                torch.from_numpy(batch.gold),
                len(part),
                self.recipe.negative_weight,
            )
            torch.autograd.backward(loss / groups)
            tally.loss += loss.item()
            tally.padding += batch.valid.size - int(batch.valid.sum())
            examples += len(batch.ids)
            tokens += int(batch.valid.sum())
        norm = torch.nn.utils.clip_grad_norm_(self._trained.values(), self.recipe.clip)
        rate = self.recipe.schedule.rate(at.step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        _average(self.averaged, self._trained, self.recipe.average, at.step)
        self.position = replace(
            at,
            step=at.step + 1,
            step_of_pass=at.step_of_pass + 1,
            examples=at.examples + examples,
            tokens=at.tokens + tokens,
            cpu_seconds=at.cpu_seconds + time.process_time() - began,
        )
        tally.groups += groups
        tally.examples += examples
        tally.tokens += tokens
        tally.norm += float(norm)
        tally.steps += 1

    def _tell(self, tally: _Tally) -> None:
        spent, at = time.process_time() - tally.cpu, self.position
        log.info(
            "step %d (pass %d, %d) seen %d; %.1f passages and %.0f tokens per CPU second, "
            "%.1f%% padding; loss %.3f, gradient %.2f, rate %.2e",
            *(at.step, at.passes, at.step_of_pass, at.examples),
            *(tally.examples / spent, tally.tokens / spent),
            100 * tally.padding / (tally.padding + tally.tokens),
            *(tally.loss / tally.groups, tally.norm / tally.steps),
            self.recipe.schedule.rate(at.step),
        )


def parameter_groups(reader: Reader, recipe: Recipe) -> list[dict[str, Any]]:
    """What is trained, by learning rate and weight decay; "scale" is of the learning rate.

    Biases and normalisations aren't decayed.
    """
    groups: dict[tuple[float, float], list[Tensor]] = {}
    layers = reader.shape.layers
    for name, parameter in reader.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.startswith("head."):
            below = 0
        elif name.startswith("layers."):
            below = layers - int(name.split(".")[1])
        else:
            below = layers + 1
        key = recipe.layer_decay**below, recipe.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault(key, []).append(parameter)
    return [
        {"params": parameters, "scale": scale, "weight_decay": decay}
        for (scale, decay), parameters in groups.items()
    ]


@torch.no_grad()
def _average(
    averaged: dict[str, Tensor], trained: dict[str, torch.nn.Parameter], keep: float, step: int
) -> None:
    """Exponential moving average, that of few steps being nearly their mean."""
    keep = min(keep, (step + 1) / (step + 10))
    torch._foreach_lerp_(
        list(averaged.values()), [trained[name].detach() for name in averaged], 1 - keep
    )
