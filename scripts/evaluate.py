"""Measure how well passages are found and questions answered: `make evaluate`, or with
ARGS="--sets sample", ARGS="--answers"."""

import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import get_args

import click

from index.build import build
from index.embedders import Precision
from index.errors import CitewellError
from qa.answerer import Answerer
from qa.readers import open_reader
from qa.records import Mode
from scripts.evaluation import answering, sets
from scripts.evaluation import failures as missed
from scripts.evaluation.answers import AnswerResult, AnswerResults
from scripts.evaluation.records import DataProblem, Results, SetResult
from scripts.evaluation.run import Task, each, open_cached, run
from scripts.evaluation.sweep import (
    SweepResults,
    SweepRow,
    SweepTask,
    made,
    sweep_table,
    try_way,
    ways,
)
from scripts.evaluation.tables import (
    answer_table,
    coverage_table,
    diagrams,
    ranking_table,
    risk_table,
)

VAR = sets.ROOT / "var" / "evaluate"
DATA = Path(os.environ.get("QA_DATA", sets.ROOT.parent / "shared" / "data"))
MODES: tuple[Mode, ...] = get_args(Mode)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sets", "chosen", metavar="A,B", help="Which sets  [all there are]")
@click.option("--modes", metavar="A,B", default=",".join(MODES), show_default=True)
@click.option("--sample", type=click.IntRange(1), help="Ask this many questions of each set.")
@click.option("--failures", metavar="SET", help="List what was missed in SET instead.")
@click.option("--answers", is_flag=True, help="Measure the reader's answers instead.")
@click.option("--reader", default=os.environ.get("QA_READER", "bundled"), show_default=True)
@click.option("--sweep", is_flag=True, help="Compare ways to cut passages instead.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="hybrid",
    help="Of --failures, --sweep  [hybrid]",
)
@click.option("--count", type=click.IntRange(1), default=50, show_default=True)
@click.option("--rank", type=click.IntRange(1, 10), default=5, show_default=True)
@click.option("--articles", type=click.IntRange(1), help="Sweep this many articles only.")
@click.option("--model", default=os.environ.get("QA_MODEL", "bundled"), show_default=True)
@click.option(
    "--precision", type=click.Choice(get_args(Precision)), default="int8", show_default=True
)
@click.option("--processes", type=click.IntRange(1), default=2, show_default=True)
def main(
    chosen: str | None,
    modes: str,
    sample: int | None,
    failures: str | None,
    answers: bool,
    reader: str,
    sweep: bool,
    mode: Mode,
    count: int,
    rank: int,
    articles: int | None,
    model: str,
    precision: Precision,
    processes: int,
) -> None:
    """Index data sets as the product does, ask their questions, and tell how many are answered.

    Beside the sample, sets are read from the folder QA_DATA. What is built goes to
    var/evaluate, the figures to var/evaluate/results.json.
    """
    # or every process would start as many threads as there are cores
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    try:
        if failures:
            _failures(failures, mode, sample, count, rank, model)
        elif answers:
            _answers(chosen, sample, model, reader, processes)
        elif sweep:
            _sweep(mode, articles, sample, model, processes)
        else:
            names = chosen.split(",") if chosen else list(sets.names(DATA))
            _evaluate(names, _modes(modes), sample, model, precision, processes)
    except (CitewellError, DataProblem) as error:
        click.echo(f"evaluate: {error}", err=True)
        sys.exit(1)


def _modes(listed: str) -> tuple[Mode, ...]:
    asked = listed.split(",")
    if unknown := {*asked} - {*MODES}:
        raise click.BadParameter(f"{unknown.pop()!r} is none of {', '.join(MODES)}")
    return tuple(mode for mode in MODES if mode in asked)


def _evaluate(
    names: list[str],
    modes: tuple[Mode, ...],
    sample: int | None,
    model: str,
    precision: Precision,
    processes: int,
) -> None:
    def done(result: SetResult) -> None:
        click.echo(f"{result.name}: {result.questions} questions asked", err=True)

    for name in names:  # all of them first: a run takes minutes
        sets.check(name, DATA)
    tasks = [Task(name, modes, DATA, VAR, model, precision, sample) for name in names]
    results = each(run, tasks, processes, done)
    for text in (ranking_table(results), coverage_table(results), diagrams(results)):
        if text:
            click.echo(f"{text}\n")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with open_cached(VAR, model, precision) as embedder:
        fingerprint = embedder.fingerprint
    _write("results", Results(now, model, precision, fingerprint, sample, tuple(results)))


def _answers(
    chosen: str | None, sample: int | None, model: str, reader: str, processes: int
) -> None:
    def done(result: AnswerResult) -> None:
        click.echo(f"{result.name}: measured", err=True)

    if open_reader(reader) is None:
        raise DataProblem(f"there is no reader {reader!r} to measure")
    asked = chosen.split(",") if chosen else list(answering.names(DATA))
    tasks = [answering.AnswerTask(name, DATA, VAR, model, reader, sample) for name in asked]
    results = each(answering.measure, tasks, processes, done)
    for text in (answer_table(results), risk_table(results)):
        if text:
            click.echo(f"{text}\n")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    _write("answers", AnswerResults(now, model, reader, sample, tuple(results)))


def _failures(name: str, mode: Mode, sample: int | None, count: int, rank: int, model: str) -> None:
    made = sets.make(name, DATA, VAR, sample)
    index = VAR / name / "index"
    with open_cached(VAR, model) as embedder:
        build(made.documents, index, embedder)
        found = missed.failures(made, Answerer.open(index, embedder), mode, rank)
        for failure in islice(found, count):
            click.echo(f"{missed.text(failure)}\n")


def _sweep(
    mode: Mode, articles: int | None, sample: int | None, model: str, processes: int
) -> None:
    def done(row: SweepRow) -> None:
        click.echo(f"{row.chunking} tried", err=True)

    tasks = [SweepTask(way, mode, DATA, VAR, model, articles, sample) for way in ways()]
    made(tasks[0])
    rows = each(try_way, tasks, processes, done)
    click.echo(sweep_table(rows))
    _write("sweep", SweepResults(mode, articles, sample, tuple(rows)))


def _write(name: str, results: Results | SweepResults | AnswerResults) -> None:
    path = VAR / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(results), indent=2) + "\n", "utf-8")
    click.echo(f"written to {path}", err=True)


if __name__ == "__main__":
    main()
