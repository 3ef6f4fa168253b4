"""What the commands share: flags, exit statuses, and errors in one line."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from index.errors import CitewellError, SettingsError

# Exit statuses. 2 is also click's own, for a flag that does not exist.
FAILED, UNUSABLE, SOME_UNREADABLE, INTERRUPTED = 1, 2, 3, 130

index_flag = click.option(
    "--index", metavar="DIR", help="Folder of the index  [QA_INDEX; var/index]"
)
model_flag = click.option(
    "--model", metavar="MODEL", help="bundled, a folder or a hub name  [QA_MODEL; bundled]"
)

precision_flag = click.option(
    "--precision", metavar="PRECISION", help="int8 or fp32 arithmetic  [QA_PRECISION; int8]"
)


def one_line_errors(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def guarded(*args: Any, **flags: Any) -> None:
        try:
            command(*args, **flags)
        except CitewellError as error:
            fail(str(error), UNUSABLE if isinstance(error, SettingsError) else FAILED)

    return guarded


def fail(message: str, status: int) -> NoReturn:
    click.echo(f"citewell: {' '.join(message.split())}", err=True)
    sys.exit(status)
