"""A run: it learns, it goes on exactly, and it keeps what it says."""

import json
import os
import signal
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from qa.readers.normalisation import f1_of
from scripts.evaluation.metrics import auroc
from scripts.reader import checkpoint
from scripts.reader.checkpoint import Checkpoint, Recipe, load, recipe_of
from scripts.reader.measuring import measure
from scripts.reader.running import changed, stopping
from scripts.reader.sampling import Mix, Steps
from scripts.reader.schedule import Schedule
from scripts.reader.training import LATEST, Rhythm, Run, parameter_groups
from tests.tiny_reader import reader, side

RECIPE = Recipe(
    mix=Mix(near=0.5, far=0.2, unanswered=0.1),
    steps=Steps(groups=4, at_once=2),
    schedule=Schedule(peak=1e-2, warmup=4),
    dropout=0.1,
)


def run(folder: Path, recipe: Recipe, steps: int, start: Checkpoint | None = None) -> Run:
    """`steps` of a tiny run that starts anew or from a checkpoint."""
    made = Run(reader(), recipe, *side())
    if start:
        made.restore(start)
    made.train(folder, Rhythm(most_steps=steps, measure_steps=10**6), lambda _: None, lambda: False)
    return made


def test_a_resumed_run_is_the_run_that_was_not_stopped(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", RECIPE, 11)
    run(tmp_path / "parts", RECIPE, 6)
    stored = load(tmp_path / "parts" / LATEST)
    assert (stored.position.step, stored.position.passes, stored.position.step_of_pass) == (6, 1, 2)
    resumed = run(tmp_path / "parts", stored.recipe, 5, stored)
    assert resumed.position.examples == whole.position.examples
    for ours, theirs in zip(
        resumed.reader.state_dict().values(), whole.reader.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs)
    for name, tensor in whole.averaged.items():
        assert torch.equal(resumed.averaged[name], tensor)


def test_asked_to_stop_it_finishes_its_step_and_writes_a_checkpoint(tmp_path: Path) -> None:
    made = Run(reader(), RECIPE, *side())
    made.train(tmp_path, Rhythm(), lambda _: None, lambda: made.position.step >= 3)
    assert load(tmp_path / LATEST).position.step == 3
    assert not list(tmp_path.glob("*.draft"))


def test_a_pass_is_kept_at_its_end(tmp_path: Path) -> None:
    run(tmp_path, RECIPE, 9)
    kept = load(tmp_path / "pass-2.pt").position
    assert (kept.step, kept.passes, kept.step_of_pass) == (8, 2, 0)


def test_it_ends_when_the_rate_has_decayed(tmp_path: Path) -> None:
    made = Run(reader(), RECIPE.decaying(2, 3), *side())
    made.train(tmp_path, Rhythm(), lambda _: None, lambda: False)
    assert made.position.step == 5


def test_it_learns_what_a_person_sees_at_a_glance(tmp_path: Path) -> None:
    recipe = Recipe(
        # the halves contradict each other: far passages are not for this
        mix=Mix(near=0.9, far=0.0, unanswered=0.1, negatives=3, highest=8),
        steps=Steps(groups=8, at_once=8),
        schedule=Schedule(peak=1e-2, warmup=10, decay_from=150, decay=150),
    )
    made = Run(reader(), recipe, *side(front=""))
    before = measure(made.reader, *side(front=""), asked=16, retrieved=16)
    made.train(tmp_path, Rhythm(), lambda _: None, lambda: False)
    after = measure(made.reader, *side(front=""), asked=16, retrieved=16)
    assert after.exact == 1.0
    assert after.first >= 0.9 > before.first
    assert after.first_before == 1 / 8
    assert made.reader.training


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = run(tmp_path, RECIPE, 2)
    again = load(tmp_path / LATEST)
    assert (again.recipe, again.position) == (made.recipe, made.position)
    assert recipe_of(json.loads(json.dumps(asdict(RECIPE)))) == RECIPE


def test_a_kill_while_writing_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run(tmp_path, RECIPE, 1)
    before = (tmp_path / LATEST).read_bytes()

    def killed(state: object, file: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(made.checkpoint(), tmp_path / LATEST)
    assert (tmp_path / LATEST).read_bytes() == before


def test_the_rate_rises_stays_and_falls_when_it_is_told_to() -> None:
    steady = Schedule(peak=0.1, warmup=10)
    assert [steady.rate(step) for step in (0, 4, 9, 10, 10**6)] == pytest.approx(
        [0.01, 0.05, 0.1, 0.1, 0.1]
    )
    assert not steady.ends(10**9)
    falling = Schedule(peak=0.1, warmup=10, decay_from=100, decay=50)
    assert [falling.rate(step) for step in (99, 100, 125, 150)] == pytest.approx(
        [0.1, 0.1, 0.05, 0.0]
    )
    assert [falling.ends(step) for step in (149, 150)] == [False, True]


def test_lower_layers_learn_slower_and_biases_are_not_decayed() -> None:
    small = reader()
    groups = parameter_groups(small, Recipe(layer_decay=0.5, weight_decay=0.1))
    of = {id(p): (g["scale"], g["weight_decay"]) for g in groups for p in g["params"]}
    named = dict(small.named_parameters())
    assert of[id(named["head.weight"])] == (1.0, 0.1)
    assert of[id(named["layers.1.up.weight"])] == (0.5, 0.1)
    assert of[id(named["layers.0.up.bias"])] == (0.25, 0.0)
    assert of[id(named["positions.weight"])] == (0.125, 0.1)
    assert id(named["words.weight"]) not in of
    assert len(of) == len(named) - 1


def test_f1_and_auroc_by_hand() -> None:
    assert f1_of("The Beijing Academy", "beijing academy!") == 1.0
    assert f1_of("the academy of Beijing", "Beijing Academy") == pytest.approx(0.8)
    assert f1_of("harbor", "depot") == 0.0
    high, low = torch.tensor([1.0, 2.0, 3.0]).numpy(), torch.tensor([0.0, 2.0]).numpy()
    # pairs won: (1,0), (2,0), (3,0), (3,2); (2,2) is half of one
    assert auroc(high, low) == pytest.approx(4.5 / 6)


def test_averaged_weights_are_lent_and_given_back(tmp_path: Path) -> None:
    made = run(tmp_path, RECIPE, 5)
    own = made.reader.head.weight.detach().clone()
    with made.as_averaged():
        assert torch.equal(made.reader.head.weight, made.averaged["head.weight"])
    assert torch.equal(made.reader.head.weight, own)
    assert not torch.equal(own, made.averaged["head.weight"])


def test_sigterm_is_a_wish_to_stop() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        stopped = stopping()
        assert not stopped()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopped()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_what_is_said_changes_its_part_of_the_recipe_alone() -> None:
    said = {"peak": 0.1, "near": 0.7, "groups": 16, "dropout": 0.2, "seed": None}
    expected = replace(
        RECIPE,
        mix=replace(RECIPE.mix, near=0.7),
        steps=replace(RECIPE.steps, groups=16),
        schedule=replace(RECIPE.schedule, peak=0.1),
        dropout=0.2,
    )
    assert changed(RECIPE, said) == expected
