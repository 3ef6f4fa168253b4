"""Commands that look after an index: check, dump, restore."""

import os
from pathlib import Path

import click

from qa.flags import FAILED, fail, index_flag, model_flag, one_line_errors, precision_flag
from qa.settings import exports, read_settings


@click.command()
@click.option("--absent", metavar="PATH", help="Also show that nothing is left of this document")
@index_flag
@one_line_errors
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
        fail(f"{len(faults)} faults; run `make index`, which mends what it can", FAILED)
    left = list(traces(index, absent)) if absent else []
    for trace in left:
        click.echo(trace, err=True)
    if left:
        fail(f"something is left of {absent}, or may be", FAILED)
    click.echo(
        f"whole: snapshot {manifest.snapshot} of {manifest.built_at}, "
        f"{manifest.documents:,} documents, {manifest.passages:,} passages, "
        f"model {manifest.model}"
    )
    if absent:
        click.echo(f"absent: no passage, vector, word or stored text of {absent}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@index_flag
@one_line_errors
def dump(file: Path, **flags: str | None) -> None:
    """Write all documents and settings to FILE, a zip that any version can restore.

    Nothing that derives from them is in it; damaged derived files do not matter.

    \b
    Example:
      citewell dump reports.zip --index var/reports
    """
    from index.archive import dump as dump_index

    count = dump_index(read_settings(flags, os.environ).index, file)
    click.echo(f"{file}: {count:,} documents")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@index_flag
@model_flag
@precision_flag
@one_line_errors
def restore(file: Path, **flags: str | None) -> None:
    """Make an index from FILE, which `citewell dump` wrote; the documents' files are not needed.

    Where they stand in the folder of before, the next `citewell index` finds them unchanged.

    \b
    Example:
      citewell restore reports.zip --index var/reports
    """
    from index import upkeep
    from index.embedders import open_embedder
    from qa.terminal import Bars, report_lines

    settings = read_settings(flags, os.environ)
    click.echo(f"restoring {file} into {settings.index}")
    embedder = open_embedder(
        settings.model, exports(settings.index), settings.precision, may_export=True
    )
    bars = Bars()
    try:
        report = upkeep.restore(file, settings.index, embedder, progress=bars)
    finally:
        bars.close()
    for line in report_lines(report):
        click.echo(line)
