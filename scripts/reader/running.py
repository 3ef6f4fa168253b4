"""From folders to a run and back: what the commands do."""

import json
import logging
import signal
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from index.embedders.bundled import bundled_folder, verify
from index.embedders.onnx_runtime import GRAPH, TOKENIZER, open_tokenizer
from qa.readers.onnx_reader import WEIGHTS
from scripts.evaluation.records import DataProblem
from scripts.reader import checkpoint, mining, model
from scripts.reader.checkpoint import Recipe
from scripts.reader.encoding import Encoded, Layout, encode
from scripts.reader.measuring import Figures, measure
from scripts.reader.model import Reader
from scripts.reader.shipped import restore
from scripts.reader.training import Rhythm, Run

log = logging.getLogger("citewell")

_ASKED, _RETRIEVED = 1000, 200  # of the held-out questions, while training
_FIGURES = "figures.jsonl"

Side = tuple[Encoded, Layout]


def side(name: str, var: Path) -> Side:
    """Both halves of "training" or "held-out".

    Raises:
        DataProblem: they have not been mined.
    """
    tokenizer = open_tokenizer(bundled_folder() / TOKENIZER)
    try:
        halves = mining.load(var / f"{name}-a"), mining.load(var / f"{name}-b")
    except FileNotFoundError as error:
        raise DataProblem(f"{error.filename} is missing; run `mine` first") from None
    encoded = encode(halves, tokenizer)
    return encoded, Layout(encoded, tokenizer)


def changed(recipe: Recipe, said: dict[str, Any]) -> Recipe:
    """The recipe with what was said on the command line, None being nothing."""
    given = {name: value for name, value in said.items() if value is not None}
    parts = {}
    for name in ("mix", "steps", "schedule"):
        part = getattr(recipe, name)
        own = {key: given.pop(key) for key in asdict(part) if key in given}
        parts[name] = replace(part, **own)
    return replace(recipe, **parts, **given)


def train(
    folder: Path,
    var: Path,
    start: Path | None,
    said: dict[str, Any],
    decay: int | None,
    rhythm: Rhythm,
    weights: str | None = None,
) -> None:
    """Train in `folder` until it is stopped or decayed.

    Args:
        start: the checkpoint to go on from, or None.
        said: what differs from that checkpoint's recipe, or from the default.
        decay: let the learning rate fall to 0 in so many steps, from where the run stands or
            from the step that is said.
        weights: of which saved reader to start from instead of from the encoder, see `saved`.
    """
    stored = checkpoint.load(start) if start else None
    recipe = changed(stored.recipe if stored else Recipe(), said)
    if decay is not None:
        now = stored.position.step if stored else 0
        recipe = recipe.decaying(said["decay_from"] or now, decay)
    verify()
    reader = model.from_bert(bundled_folder(), recipe.dropout)
    if weights is not None:
        reader.load_state_dict(saved(weights).state_dict())
    training, held_out = side("training", var), side("held-out", var)
    run = Run(reader, recipe, *training)
    if stored:
        run.restore(stored)
    log.info("from step %d, %s", run.position.step, json.dumps(asdict(recipe)))
    log.info("%d questions, %d held out", *(len(s[0].answers) for s in (training, held_out)))

    def measured(run: Run) -> None:
        with run.as_averaged():
            figures = measure(run.reader, *held_out, asked=_ASKED, retrieved=_RETRIEVED)
        keep(folder, run.position.step, "averaged", figures)

    run.train(folder, rhythm, measured, stopping())
    if recipe.schedule.ends(run.position.step):
        model.save(run.reader, folder / "last")
        with run.as_averaged():
            model.save(run.reader, folder / "averaged")


def saved(weights: str) -> Reader:
    """A reader from a folder that `model.save` wrote, or, for "shipped", from what ships."""
    if weights != "shipped":
        return model.load(Path(weights))
    reader = model.from_bert(bundled_folder()).eval()
    restore(WEIGHTS / GRAPH, reader)
    return reader


def mix(first: str, second: str, share: float, folder: Path) -> None:
    """Save the weights between two readers': `share` of the first's, the rest of the second's."""
    made, other = saved(first), saved(second)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            parameter.lerp_(other.get_parameter(name), 1 - share)
    model.save(made, folder)


def keep(folder: Path, step: int, weights: str, figures: Figures) -> None:
    """Tell figures, and add them to the run's."""
    line = json.dumps({"step": step, "weights": weights, **asdict(figures)})
    log.info("held out: %s", line)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _FIGURES).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def stopping() -> Callable[[], bool]:
    """Whether the process has been asked to end; the step it is in is done first."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return lambda: asked


def readers(path: Path) -> dict[str, tuple[int, Reader]]:
    """(step, reader) by name: "last" and "averaged" of a checkpoint, "saved" of a folder."""
    if path.is_dir():
        return {"saved": (0, model.load(path))}
    stored = checkpoint.load(path)
    found = {}
    for name, weights in (("last", stored.weights), ("averaged", stored.averaged)):
        reader = model.from_bert(bundled_folder()).eval()
        with torch.no_grad():
            for parameter, tensor in weights.items():
                reader.get_parameter(parameter).copy_(tensor)
        found[name] = stored.position.step, reader
    return found


def measure_all(path: Path, var: Path, asked: int, retrieved: int) -> None:
    """Figures of a checkpoint's weights, or of a saved reader's, on the held-out articles."""
    encoded, layout = side("held-out", var)
    for name, (step, reader) in readers(path).items():
        figures = measure(reader, encoded, layout, asked, retrieved)
        keep(path.parent, step, name, figures)


def export(path: Path, folder: Path, weights: str) -> None:
    """The weights of a checkpoint as a folder that `model.load` reads."""
    model.save(readers(path)[weights][1], folder)
