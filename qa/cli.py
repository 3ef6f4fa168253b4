"""The `citewell` command: index, ask and serve; check, dump and restore are in `qa.upkeep`."""

import logging
import os
import sys

import click

from index.errors import SettingsError
from qa.flags import (
    FAILED,
    INTERRUPTED,
    SOME_UNREADABLE,
    fail,
    index_flag,
    model_flag,
    one_line_errors,
    precision_flag,
)
from qa.records import Mode
from qa.settings import DEFAULT_DOCUMENTS, exports, read_settings
from qa.upkeep import check, dump, restore

_reader = click.option(
    "--reader",
    metavar="MODEL",
    help="bundled, none, a folder or a hub name  [QA_READER; bundled]",
)

_threshold = click.option(
    "--threshold",
    metavar="SHARE",
    help="Least confidence of an answer, 0 to 1  [QA_THRESHOLD; the reader's own]",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="citewell", prog_name="citewell")
def main() -> None:
    """Ask your own documents a question.

    \b
    Examples:
      citewell index ~/reports
      citewell ask "who leads the center?"
      citewell serve --port 8080
      citewell check
      citewell dump reports.zip
    """


@main.command()
@click.argument("docs", required=False, metavar="[DOCS]")
@click.option("--no-wait", is_flag=True, help="Fail at once where another build is running")
@click.option("--rebuild", is_flag=True, help="Make every file anew; mends a damaged index")
@click.option("--compact", is_flag=True, help="Take deleted documents out of the files, too")
@index_flag
@model_flag
@precision_flag
@one_line_errors
def index(
    docs: str | None, no_wait: bool, rebuild: bool, compact: bool, **flags: str | None
) -> None:
    """Bring the index up to date with the folder DOCS.

    Without DOCS: QA_DOCS, else the folder indexed last, else documents/. Exits with 3
    where some files gave no text; the others are indexed all the same.

    \b
    Examples:
      citewell index
      citewell index ~/reports
      citewell index ~/reports --index var/reports
    """
    from index import upkeep
    from index.build import build
    from index.embedders import open_embedder
    from qa.terminal import Bars, report_lines

    logging.basicConfig(format="%(message)s")
    logging.getLogger("citewell").setLevel(logging.INFO)
    if rebuild and compact:
        raise SettingsError("--rebuild makes everything anew, --compact after it; give one of them")
    settings = read_settings({"docs": docs, **flags}, os.environ)
    documents = settings.documents or upkeep.root_of(settings.index) or DEFAULT_DOCUMENTS
    click.echo(f"indexing {documents} into {settings.index}")
    embedder = open_embedder(
        settings.model, exports(settings.index), settings.precision, may_export=True
    )
    bars = Bars()
    try:
        waiting = None if no_wait else _say_waiting
        make = upkeep.rebuild if rebuild else upkeep.compact if compact else build
        report = make(documents, settings.index, embedder, progress=bars, waiting=waiting)
    except KeyboardInterrupt:
        bars.close()
        fail("stopped; what was embedded is kept, the next build goes on from there", INTERRUPTED)
    bars.close()
    for line in report_lines(report):
        click.echo(line)
    if report.unreadable:
        sys.exit(SOME_UNREADABLE)


def _say_waiting(who: str) -> None:
    click.echo(f"{who}; waiting for it to end (--no-wait would not)", err=True)


@main.command()
@click.argument("question")
@click.option("--limit", default=3, show_default=True, help="Most passages to show")
@click.option(
    "--mode",
    type=click.Choice(["hybrid", "meaning", "words"]),
    default="hybrid",
    show_default=True,
    help="Rank by meaning, by words, or by both",
)
@click.option("--json", "as_json", is_flag=True, help="Print what POST /ask would answer")
@click.option("--explain", is_flag=True, help="With --json: say why")
@index_flag
@model_flag
@precision_flag
@_reader
@_threshold
@one_line_errors
def ask(
    question: str, limit: int, mode: Mode, as_json: bool, explain: bool, **flags: str | None
) -> None:
    """Ask a question; print its answer, and the passages that answer it.

    Percentages are probabilities: that the answer is right, that a passage answers.

    \b
    Examples:
      citewell ask "who leads the center?"
      citewell ask --json --limit 1 "when was trading banned?"
      citewell ask --mode words "annex 7b"
    """
    from index.embedders import open_embedder
    from qa.answerer import Answerer, check_limit, clean_question
    from qa.readers import ReadText, open_reader
    from qa.terminal import response_lines

    settings = read_settings(flags, os.environ)
    clean_question(question)  # before the model is loaded
    check_limit(limit)
    embedder = open_embedder(settings.model, exports(settings.index), settings.precision)
    reader = open_reader(settings.reader)
    answerer = Answerer.open(settings.index, embedder, reader, settings.threshold)
    # loads the models, so that the time told is the question's own
    embedder.embed_question("")
    if reader:
        reader.read("?", [ReadText("", "?")])
    response = answerer.ask(question, limit, mode)
    if as_json:
        from qa.schemas import to_json  # which text in a terminal does not need

        click.echo(to_json(response, explain=explain))
        return
    for line in response_lines(response, colour=sys.stdout.isatty()):
        click.echo(line)


@main.command()
@click.option("--host", help="Address to serve on  [QA_HOST; 127.0.0.1]")
@click.option("--port", help="Port to serve on  [QA_PORT; 8000]")
@click.option("--workers", help="Processes that answer  [QA_WORKERS; one per core, 4 at most]")
@click.option("--timeout", help="Seconds a question may take at most  [QA_TIMEOUT; 10]")
@click.option("--tokens", metavar="FILE", help="Lines `name: token`  [QA_TOKENS_FILE; QA_TOKEN]")
@click.option("--allow-host", metavar="NAMES", help="By which it is called  [QA_ALLOWED_HOSTS]")
@click.option("--allow-origin", metavar="URLS", help="That may ask, by CORS  [QA_ALLOWED_ORIGINS]")
@click.option(
    "--rate-limit",
    metavar="RATE",
    help="Requests of one client, or none  [QA_RATE_LIMIT; 600/minute where others reach it]",
)
@click.option(
    "--log-questions",
    is_flag=False,
    flag_value="yes",
    metavar="[yes|no]",
    help="Whether the log tells what is asked  [QA_LOG_QUESTIONS; no]",
)
@click.option("--fed-by", type=int, hidden=True, help="Be a worker, fed over this descriptor")
@index_flag
@model_flag
@precision_flag
@_reader
@_threshold
@one_line_errors
def serve(fed_by: int | None, **flags: str | None) -> None:
    """Answer questions over HTTP, and in the browser.

    An address that others can reach needs a secret in QA_TOKEN, or a file of such. A newly
    built index is taken over without a restart.

    \b
    Examples:
      citewell serve
      citewell serve --index var/reports --port 8080
      QA_TOKEN=$(cat token) citewell serve --host 0.0.0.0
    """
    from qa import logs, serving
    from qa.supervisor import WorkerFailed

    settings = read_settings(flags, os.environ)
    logs.show(settings.log_questions)
    if fed_by is not None:
        serving.work(settings, fed_by)
        return
    click.echo(f"opening {settings.index}")
    given = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items() if value]
    worker = [sys.executable, "-P", "-m", "qa", "serve", *given, "--fed-by"]
    try:
        serving.serve(settings, worker, _announce)
    except WorkerFailed as error:
        sys.exit(error.status if error.status > 0 else FAILED)  # it has said why


def _announce(url: str) -> None:
    click.echo(
        f"serving on {url}  (Ctrl-C stops)\n\n"
        f"  curl -s {url}/ask -H 'content-type: application/json' \\\n"
        '    -d \'{"question": "who leads the center?"}\'\n'
    )


for command in (check, dump, restore):
    main.add_command(command)
