"""The `citewell` command: index, ask, serve, check."""

import logging
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from index.errors import CitewellError, SettingsError
from qa.records import Mode
from qa.settings import DEFAULT_DOCUMENTS, exports, read_settings

# Exit statuses. 2 is also click's own, for a flag that does not exist.
_FAILED, _UNUSABLE, _SOME_UNREADABLE, _INTERRUPTED = 1, 2, 3, 130

_index = click.option("--index", metavar="DIR", help="Folder of the index  [QA_INDEX; var/index]")
_model = click.option(
    "--model", metavar="MODEL", help="bundled, a folder or a hub name  [QA_MODEL; bundled]"
)

_precision = click.option(
    "--precision", metavar="PRECISION", help="int8 or fp32 arithmetic  [QA_PRECISION; int8]"
)


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


def _one_line_errors(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def guarded(*args: Any, **flags: Any) -> None:
        try:
            command(*args, **flags)
        except CitewellError as error:
            _fail(str(error), _UNUSABLE if isinstance(error, SettingsError) else _FAILED)

    return guarded


def _show_log(form: str) -> None:
    logging.basicConfig(format=form)
    logging.getLogger("citewell").setLevel(logging.INFO)


def _fail(message: str, status: int) -> NoReturn:
    click.echo(f"citewell: {' '.join(message.split())}", err=True)
    sys.exit(status)


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
    """


@main.command()
@click.argument("docs", required=False, metavar="[DOCS]")
@click.option("--no-wait", is_flag=True, help="Fail at once where another build is running")
@click.option("--rebuild", is_flag=True, help="Make every file anew; mends a damaged index")
@click.option("--compact", is_flag=True, help="Take deleted documents out of the files, too")
@_index
@_model
@_precision
@_one_line_errors
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

    _show_log("%(message)s")
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
        _fail("stopped; what was embedded is kept, the next build goes on from there", _INTERRUPTED)
    bars.close()
    for line in report_lines(report):
        click.echo(line)
    if report.unreadable:
        sys.exit(_SOME_UNREADABLE)


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
@_index
@_model
@_precision
@_reader
@_threshold
@_one_line_errors
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
@click.option("--fed-by", type=int, hidden=True, help="Be a worker, fed over this descriptor")
@_index
@_model
@_precision
@_reader
@_threshold
@_one_line_errors
def serve(fed_by: int | None, **flags: str | None) -> None:
    """Answer questions over HTTP, and in the browser.

    An address that others can reach needs a secret in QA_TOKEN. A newly built index is
    taken over without a restart.

    \b
    Examples:
      citewell serve
      citewell serve --index var/reports --port 8080
      QA_TOKEN=$(cat token) citewell serve --host 0.0.0.0
    """
    from qa import serving
    from qa.supervisor import WorkerFailed

    _show_log("%(levelname)s %(name)s: %(message)s")
    settings = read_settings(flags, os.environ)
    if fed_by is not None:
        serving.work(settings, fed_by)
        return
    click.echo(f"opening {settings.index}")
    given = [part for name, value in flags.items() if value for part in (f"--{name}", value)]
    worker = [sys.executable, "-P", "-m", "qa", "serve", *given, "--fed-by"]
    try:
        serving.serve(settings, worker, _announce)
    except WorkerFailed as error:
        sys.exit(error.status if error.status > 0 else _FAILED)  # it has said why


def _announce(url: str) -> None:
    click.echo(
        f"serving on {url}  (Ctrl-C stops)\n\n"
        f"  curl -s {url}/ask -H 'content-type: application/json' \\\n"
        '    -d \'{"question": "who leads the center?"}\'\n'
    )


@main.command()
@click.option("--absent", metavar="PATH", help="Also show that nothing is left of this document")
@_index
@_one_line_errors
def check(absent: str | None, **flags: str | None) -> None:
    """Verify every checksum and count of the index. Exits with 1 where one is wrong.

    With --absent also where anything is left of a document that was deleted, in what answers
    or in the files; PATH is absolute, or relative to the documents' folder.

    \b
    Examples:
      citewell check --index var/reports
      citewell check --absent reports/2024.pdf
    """
    from index.absence import traces
    from index.check import check as check_index

    index = read_settings(flags, os.environ).index
    manifest, faults = check_index(index)
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        _fail(f"{len(faults)} faults; run `make index`, which mends what it can", _FAILED)
    left = list(traces(index, absent)) if absent else []
    for trace in left:
        click.echo(trace, err=True)
    if left:
        _fail(f"something is left of {absent}, or may be", _FAILED)
    click.echo(
        f"whole: snapshot {manifest.snapshot} of {manifest.built_at}, "
        f"{manifest.documents:,} documents, {manifest.passages:,} passages, "
        f"model {manifest.model}"
    )
    if absent:
        click.echo(f"absent: no passage, vector, word or stored text of {absent}")
