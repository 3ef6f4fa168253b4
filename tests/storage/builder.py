"""A build in a process of its own, with the tests' embedder: `python -m tests.storage.builder`.

It starts in a third of a second, so that it can be killed many times.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from index.build import build
from index.errors import CitewellError
from index.upkeep import compact, rebuild
from tests.fakes import CountingEmbedder

ROOT = Path(__file__).parent.parent.parent

WORDS = ["center", "leads", "academy", "bees", "honey", "tram", "depot", "budget", "harbor"]

HANG = 60
"""Seconds after which a process that should have ended is taken to hang."""


def command(documents: Path, index: Path, *flags: str) -> list[str]:
    return [sys.executable, "-m", "tests.storage.builder", str(documents), str(index), *flags]


def run(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=HANG)


def traced(
    call: str, what: str, arguments: Sequence[str], log: Path, path: Path | None = None
) -> list[str]:
    """The command under strace, with `what` done to calls named `call` of any of its threads.

    A kind of call that the machine does not have never happens. With `path` only calls on that
    file or folder count.
    """
    strace = shutil.which("strace")
    assert strace, "strace is missing"
    traced = ["-e", f"trace=?{call}", *(["-P", str(path)] if path else [])]
    inject = ["-e", f"inject=?{call}:{what}"] if what else []
    return [strace, "-f", "-qq", "-y", "-o", str(log), *traced, *inject, "--", *arguments]


def main(documents: str, index: str, *flags: str) -> int:
    def waiting(who: str) -> None:
        click.echo(f"waiting: {who}")

    make = {"--compact": compact, "--rebuild": rebuild}
    kind = next((make[flag] for flag in flags if flag in make), build)
    may_wait = None if "--no-wait" in flags else waiting
    try:
        report = kind(Path(documents), Path(index), CountingEmbedder(WORDS), waiting=may_wait)
    except CitewellError as error:
        click.echo(f"citewell: {error}", err=True)
        return 1
    click.echo(f"snapshot {report.snapshot}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
