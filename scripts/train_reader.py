"""Train the extractive reader: `mine` once, then `train`, and `measure` what came of it."""

import logging
import os
import sys
from pathlib import Path

import click

from index.errors import CitewellError
from scripts.evaluation import sets
from scripts.evaluation.records import DataProblem

SHIPPED = "shipped"
VAR = sets.ROOT / "var" / "reader"
DATA = Path(os.environ.get("QA_DATA", sets.ROOT.parent / "shared" / "data"))

_data = click.option("--data", type=click.Path(path_type=Path), default=DATA, help="[QA_DATA]")
_var = click.option(
    "--var", type=click.Path(path_type=Path), default=VAR, help="For what is made  [var/reader]"
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Train a small extractive reader on SQuAD 1.1, from the bundled encoder.

    Everything is chosen on a tenth of the training articles, which is held out. Set
    OMP_NUM_THREADS to how many cores it may take.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")


@main.command()
@_data
@_var
def mine(data: Path, var: Path) -> None:
    """Index the articles and ask every question, for the negatives that look right."""
    from scripts.reader.preparing import prepare

    prepare(data, var)


@main.command()
@_var
@click.option("--run", "name", default="first", show_default=True, help="Its folder in --var.")
@click.option("--resume", is_flag=True, help="Go on from the run's latest checkpoint.")
@click.option("--from", "start", type=click.Path(exists=True, path_type=Path), help="A checkpoint.")
@click.option("--weights", help=f"Start from those of a saved reader, a folder or {SHIPPED!r}.")
@click.option("--decay", type=click.IntRange(1), help="Let the rate fall to 0 in so many steps.")
@click.option("--decay-from", type=click.IntRange(0), help="From this step, not from where it is.")
@click.option("--sitting", type=click.IntRange(1), help="Stop after so many steps.")
@click.option("--measure-every", type=click.IntRange(1), default=400, show_default=True)
@click.option("--save-seconds", type=float, default=300.0, show_default=True)
@click.option("--log-seconds", type=float, default=60.0, show_default=True)
@click.option("--peak", type=float, help="Learning rate.")
@click.option("--warmup", type=click.IntRange(1), help="Steps.")
@click.option("--seed", type=int)
@click.option("--weight-decay", type=float)
@click.option("--layer-decay", type=float)
@click.option("--dropout", type=float)
@click.option("--negative-weight", type=float)
@click.option("--average", type=float)
@click.option("--near", type=float, help="Share of groups with negatives of the same articles.")
@click.option("--far", type=float, help="Share of groups with negatives of other articles.")
@click.option("--unanswered", type=float, help="Share of groups of negatives alone.")
@click.option("--negatives", type=click.IntRange(1), help="Of a group that has any.")
@click.option("--highest", type=click.IntRange(1), help="Ranks that negatives are drawn from.")
@click.option("--front", type=float, help="Share of groups with title and headings in front.")
@click.option("--groups", type=click.IntRange(1), help="Questions of a step.")
@click.option("--at-once", type=click.IntRange(1), help="Questions of a forward and backward.")
def train(
    var: Path,
    name: str,
    resume: bool,
    start: Path | None,
    weights: str | None,
    decay: int | None,
    sitting: int | None,
    measure_every: int,
    save_seconds: float,
    log_seconds: float,
    **said: float | None,
) -> None:
    """Train until SIGTERM, or until the rate has decayed; either way a checkpoint is written.

    What isn't said stays as it was in the checkpoint, or is the default.
    """
    from scripts.reader import running
    from scripts.reader.training import LATEST, Rhythm

    folder = var / name
    if resume + bool(start) + bool(weights) > 1:
        raise click.UsageError("--resume, --from and --weights exclude each other")
    if said["decay_from"] is not None and decay is None:
        raise click.UsageError("--decay-from needs --decay")
    if resume:
        start = folder / LATEST
    elif (folder / LATEST).exists():
        raise click.UsageError(f"{folder} has a checkpoint; say --resume, or another --run")
    rhythm = Rhythm(log_seconds, save_seconds, measure_every, sitting)
    running.train(folder, var, start, said, decay, rhythm, weights)


@main.command()
@_var
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--asked", type=click.IntRange(1), default=4000, show_default=True)
@click.option("--retrieved", type=click.IntRange(1), default=1000, show_default=True)
def measure(var: Path, path: Path, asked: int, retrieved: int) -> None:
    """Figures on the held-out articles, of a checkpoint or of a folder with weights."""
    from scripts.reader import running

    running.measure_all(path, var, asked, retrieved)


@main.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--weights", type=click.Choice(["last", "averaged"]), default="averaged")
def export(path: Path, folder: Path, weights: str) -> None:
    """Write a checkpoint's weights as safetensors."""
    from scripts.reader import running

    running.export(path, folder, weights)


@main.command()
@click.argument("first")
@click.argument("second")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--share", type=click.FloatRange(0, 1), default=0.5, show_default=True)
def mix(first: str, second: str, folder: Path, share: float) -> None:
    """Write weights between those of two readers, SHARE of the first's.

    Runs from the same start end near enough to each other that between them is a better reader
    (model soups, Wortsman et al. 2022). Each is a folder of saved weights, or what ships.
    """
    from scripts.reader import running

    running.mix(first, second, share, folder)


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (CitewellError, DataProblem) as error:
        click.echo(f"train_reader: {error}", err=True)
        sys.exit(1)
