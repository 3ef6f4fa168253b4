"""Fit what a reader's scores mean, on held-out training articles.

`.venv/bin/python -m scripts.calibrate_reader` writes qa/readers/weights/calibration.json; with
`--reader FOLDER` the same for a model of transformers, into its folder. Needs what
`python -m scripts.train_reader mine` has left in --var.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from index.embedders.onnx_runtime import GRAPH
from index.errors import CitewellError
from qa.readers import BUNDLED, Reader
from qa.readers.calibration import FILE, Calibration, write_calibration
from qa.readers.onnx_reader import WEIGHTS, OnnxReader
from scripts.evaluation.calibration import calibrate
from scripts.evaluation.metrics import auroc
from scripts.evaluation.records import DataProblem, Judged
from scripts.evaluation.run import open_cached
from scripts.evaluation.tables import table
from scripts.reader import fitting
from scripts.reader.asking import MODES, Asked, asked
from scripts.train_reader import DATA, VAR


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", type=click.Path(path_type=Path), default=DATA, help="[QA_DATA]")
@click.option("--var", type=click.Path(path_type=Path), default=VAR, help="[var/reader]")
@click.option("--reader", "name", default=BUNDLED, show_default=True, help="Or a folder.")
@click.option("--weights", type=click.Path(path_type=Path), default=WEIGHTS, help="Of bundled.")
@click.option("--questions", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--absent", type=float, default=0.1, show_default=True)
def main(data: Path, var: Path, name: str, weights: Path, questions: int, absent: float) -> None:
    """Ask QUESTIONS of each held-out half, read what is found, fit, and write.

    ABSENT is the share of questions whose answer the index shall be taken to lack. The
    threshold is for more of them, so that answers stay right where people ask in vain.
    """
    try:
        with open_cached(var, "bundled") as embedder:
            reader, folder = _opened(name, weights)
            every = list(asked(data, var, embedder, reader, questions))
    except (CitewellError, DataProblem) as error:
        click.echo(f"calibrate_reader: {error}", err=True)
        sys.exit(1)
    fitted = fitting.fit(every, absent, reader.at_once, reader.model)
    write_calibration(fitted, folder / FILE)
    if name == BUNDLED:
        from scripts.reader.export import seal

        seal(folder)
    some = fitting.early(every, fitted, reader.at_once)  # as the product reads
    for text in (
        before_and_after(some, fitted),
        by_depth(every, fitted, reader.at_once),
        told(some, fitted, absent),
    ):
        click.echo(f"{text}\n")
    click.echo(f"written to {folder / FILE}", err=True)


def _opened(name: str, weights: Path) -> tuple[Reader, Path]:
    if name == BUNDLED:
        if not (weights / GRAPH).exists():
            raise DataProblem(f"{weights} holds no weights; run scripts.export_reader first")
        return OnnxReader(weights, ""), weights
    from qa.readers.transformers_reader import open_transformers

    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise DataProblem(f"{name} is no folder; download the model into one first")
    return open_transformers(name), folder


def before_and_after(every: Sequence[Asked], fitted: Calibration) -> str:
    """What reordering does, and the answers, of questions whose answer is there."""
    present = [entry for entry in every if entry.present]
    rows = []
    for mode in MODES:
        weights = fitted.modes[mode]
        first = [
            np.mean([(fitting.ranked(e, mode, w) or [False])[0] for e in present])
            for w in (replace(weights, order=0.0), weights)
        ]
        rank = [
            fitting.reciprocal(present, mode, w) for w in (replace(weights, order=0.0), weights)
        ]
        said = [
            fitting.open_f1(present, mode, weights.prior),
            fitting.open_exact(present, mode, weights.prior),
        ]
        figures = (f"{value:.3f}" for value in (*first, *rank, *said))
        fixed = (weights.order, weights.order_from, weights.reach, weights.prior)
        rows.append((mode, *figures, *map(str, fixed)))
    head = (
        *("mode", "R@1", "reordered", "MRR", "reordered", "F1", "EM"),
        *("order", "from", "reach", "prior"),
    )
    return table(head, rows)


def by_depth(every: Sequence[Asked], fitted: Calibration, at_once: int) -> str:
    """What reading less would cost, in mode hybrid."""
    weights = fitted.modes["hybrid"]
    present = [entry for entry in every if entry.present]
    rows = []
    for enough in (-1e9, 0.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 1e9):
        some = fitting.early(present, replace(fitted, enough=enough), at_once)
        read = np.mean([sum(e.read for e in entry.found["hybrid"]) for entry in some])
        first = np.mean([(fitting.ranked(e, "hybrid", weights) or [False])[0] for e in some])
        f1 = fitting.open_f1(some, "hybrid", weights.prior)
        mark = " *" if enough == fitted.enough else ""
        rows.append((f"{enough:g}{mark}", f"{read:.2f}", f"{first:.3f}", f"{f1:.3f}"))
    return table(("enough", "passages read", "R@1", "F1"), rows)


def told(every: Sequence[Asked], fitted: Calibration, absent: float) -> str:
    """Whether confidence means what it says."""
    rows = []
    for mode in MODES:
        sure, right, weight = fitting.judged(every, fitted, mode, absent)
        present = np.array([entry.present for entry in every])
        error = calibrate(
            "present",
            [Judged(c, bool(r)) for c, r in zip(sure[present], right[present], strict=True)],
        ).error
        given = sure >= fitted.threshold
        rows.append(
            (
                mode,
                f"{auroc(sure[present], sure[~present]):.3f}",
                f"{error:.3f}",
                f"{(weight * right)[given].sum() / max(weight[given].sum(), 1e-9):.3f}",
                f"{given[present].mean():.3f}",
                f"{given[~present].mean():.3f}",
            )
        )
    head = (
        *("mode", "AUROC", "ECE, present", "precision"),
        *("answered, present", "answered, absent"),
    )
    return f"threshold {fitted.threshold}, absent {absent}\n{table(head, rows)}"


if __name__ == "__main__":
    main()
