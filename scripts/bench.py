"""Measure how fast it answers and builds: `make bench`, or with ARGS="--passages 1000"."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from scripts.benchmark import changes, corpus, parts
from scripts.benchmark.figures import Spread
from scripts.benchmark.levels import take
from scripts.benchmark.output import machine, write
from scripts.benchmark.processes import ROOT, BenchmarkProblem, module, run
from scripts.benchmark.records import Modes, Results
from scripts.benchmark.tables import report
from scripts.evaluation.files import write_changed

VAR = ROOT / "var" / "bench"
DATA = Path(os.environ.get("QA_DATA", ROOT.parent / "shared" / "data"))

_RATE_PASSAGES = 1000
_MODE_QUESTIONS = 200


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--passages", type=click.IntRange(100), default=10_000, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option(
    "--questions",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="For each number of clients in each round.",
)
@click.option("--swaps", type=click.IntRange(1), default=20, show_default=True)
@click.option(
    "--embedded",
    type=click.IntRange(1),
    default=50_000,
    show_default=True,
    help="Passages that go through the model; the vectors of the rest are varied from these.",
)
@click.option("--keep", is_flag=True, help="Go on from the index of the run before.")
def main(passages: int, rounds: int, questions: int, swaps: int, embedded: int, keep: bool) -> None:
    """Index real text, serve it, and tell latencies, throughput, memory, starts and rebuilds.

    The text is read from the folder QA_DATA. What is built goes to var/bench, the figures to
    var/bench/results.json. Leave the machine alone while it runs.
    """
    try:
        results = _measure(passages, rounds, questions, swaps, embedded, keep)
    except BenchmarkProblem as error:
        click.echo(f"bench: {error}", err=True)
        sys.exit(1)
    click.echo(report(results))
    write(VAR / "results.json", f"{passages} passages", results)


def _measure(
    passages: int, rounds: int, count: int, swaps: int, embedded: int, keep: bool
) -> Results:
    var = VAR / str(passages)
    documents, index, log = var / "documents", var / "index", var / "server.log"
    if not (DATA / "squad").is_dir():
        raise BenchmarkProblem(f"{DATA} holds no articles; set QA_DATA to the folder of data")
    sources = corpus.sources(DATA)
    questions = iter(corpus.questions(sources, passages))

    _say("building")
    few, few_index = VAR / "rate" / "documents", VAR / "rate" / "index"
    write_changed(few, corpus.files(corpus.texts(sources, min(passages, _RATE_PASSAGES))))
    rate = parts.build_rate(few, few_index, rounds)
    write_changed(documents, corpus.files(corpus.texts(sources, passages)))
    if not keep:
        parts.forget(index)
    parts.carry_export(few_index, index)
    whole = parts.whole_build(documents, index, embedded)
    _say("starting")
    starts = parts.starts(index, log, questions, rounds)
    _say("serving")
    serving = parts.serve_load(index, log, questions, rounds, count)
    _say("comparing modes")
    modes = _modes(index, [take(questions, _MODE_QUESTIONS) for _ in range(rounds + 1)])
    _say("rebuilding")
    rebuilds = changes.rebuilds(index, documents, log, rounds)
    _say("swapping")
    swapped = changes.swaps(index, documents, log, questions, count, swaps)
    return Results(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        rounds=rounds,
        whole=whole,
        build=rate,
        serving=serving,
        starts=starts,
        modes=modes,
        rebuilds=rebuilds,
        swaps=swapped,
    )


def _modes(index: Path, rounds: list[list[str]]) -> Modes:
    printed = run(module("modes", str(index)), json.dumps(rounds))
    return Modes(**{name: Spread(**values) for name, values in json.loads(printed).items()})


def _say(what: str) -> None:
    click.echo(f"{what} …", err=True)


if __name__ == "__main__":
    main()
