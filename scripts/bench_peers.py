"""Measure citewell beside others that do the same work: `make bench-peers`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from index.embedders import BUNDLED, open_embedder
from index.embedders.bundled import bundled_folder
from scripts.bench import DATA, VAR
from scripts.benchmark import corpus, parts, wire
from scripts.benchmark.memory import memory
from scripts.benchmark.output import machine, write
from scripts.benchmark.peers import rounds as compared
from scripts.benchmark.peers import venvs as environments
from scripts.benchmark.peers.passages import write_passages
from scripts.benchmark.peers.records import Comparison, Held
from scripts.benchmark.peers.tables import report
from scripts.benchmark.peers.workers import LIMIT, OURS, Order, working
from scripts.benchmark.processes import BenchmarkProblem, serve_command, serving
from scripts.evaluation.files import write_changed

_API = """\
path: {folder}
writable: false
embeddings:
  path: {model}
  hybrid: true
  content: true
"""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--passages", type=click.IntRange(100), default=10_000, show_default=True)
@click.option(
    "--built",
    type=click.IntRange(100),
    default=500,
    show_default=True,
    help="Passages that every round of building takes.",
)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--questions", type=click.IntRange(1), default=200, show_default=True)
@click.option(
    "--venvs",
    type=click.Path(path_type=Path),
    default=VAR / "venvs",
    help="Folder of the others' environments  [var/bench/venvs]",
)
def main(passages: int, built: int, rounds: int, questions: int, venvs: Path) -> None:
    """Index the same passages and ask the same questions with citewell and with others.

    sentence-transformers with FAISS, txtai and Haystack run with the same model, each in an
    environment of its own, which is made the first time. The figures go to
    var/bench/results.json. Leave the machine alone while it runs.
    """
    try:
        for name in environments.REQUIREMENTS:
            environments.set_up(venvs, name)
        results = _compare(passages, built, rounds, questions, venvs.resolve())
    except BenchmarkProblem as error:
        click.echo(f"bench-peers: {error}", err=True)
        sys.exit(1)
    click.echo(report(results))
    write(VAR / "results.json", f"peers, {passages} passages", results)


def _compare(passages: int, built: int, rounds: int, count: int, venvs: Path) -> Comparison:
    var = VAR / "peers"
    if not (DATA / "squad").is_dir():
        raise BenchmarkProblem(f"{DATA} holds no articles; set QA_DATA to the folder of data")
    sources = corpus.sources(DATA)
    questions = iter(corpus.questions(sources, passages))
    small = _order(sources, built, var / "built")
    large = _order(sources, passages, var / "all")
    parts.carry_export(var, var / "work" / OURS)
    with working(venvs, var / "work") as workers:
        click.echo("embedding …", err=True)
        embedded = compared.embed(workers, small, rounds)
        click.echo("building …", err=True)
        builds = compared.build(workers, small, rounds)
        for worker in workers.values():
            click.echo(f"{worker.name} indexes all …", err=True)
            worker.index(large)
        click.echo("asking …", err=True)
        asked = compared.ask(workers, questions, rounds, count)
        ours, txtai = workers[OURS].folder, workers["txtai_hybrid"].folder
    settings = var / "txtai.yml"
    model = bundled_folder()
    settings.write_text(_API.format(folder=txtai, model=model), "utf-8")
    api = [environments.python(venvs, "txtai_hybrid"), "-m", "uvicorn", "txtai.api:app"]
    api += ["--host", "127.0.0.1", "--port", "0", "--no-access-log"]
    with (
        serving(serve_command(ours), var / "ours.log") as our_server,
        serving(api, var / "txtai.log", CONFIG=str(settings)) as their_server,
    ):
        servers = {
            "citewell serve": (our_server, lambda question: wire.ask(question, LIMIT)),
            "txtai API": (their_server, lambda question: wire.search(question, LIMIT)),
        }
        http = compared.over_http(servers, questions, rounds, count)
        held = tuple(Held(name, memory(server.pid)) for name, (server, _) in servers.items())
    return Comparison(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        rounds=rounds,
        indexed=large.passages,
        built=small.passages,
        questions=count,
        embed=embedded,
        build=builds,
        ask=asked,
        http=http,
        held=held,
    )


def _order(sources: tuple[corpus.Source, ...], passages: int, var: Path) -> Order:
    """The documents, and the passages that citewell makes of them."""
    documents = var / "documents"
    write_changed(documents, corpus.files(corpus.texts(sources, passages)))
    embedder = open_embedder(BUNDLED, VAR / "peers" / "models", may_export=True)
    return write_passages(documents, var / "texts.json", embedder)


if __name__ == "__main__":
    main()
