"""One builder: the lock that it holds, and who it is.

INDEX/build.lock     locked while a build runs; free as soon as its process is gone
INDEX/build.holder   who holds it, for people: true only while the lock is held
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import IndexBusy, IndexProblem

LOCK, HOLDER = "build.lock", "build.holder"


@contextmanager
def held(index: Path, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Be the one builder of `index`, a folder that is made where there is none.

    Args:
        waiting: told who holds the lock, once, before waiting for it; None not to wait.

    Raises:
        IndexBusy: another build holds it, and `waiting` is None.
        IndexProblem: the disk refuses, here or while the lock is held.
    """
    try:
        index.mkdir(parents=True, exist_ok=True)
        with _locked(index, waiting):
            yield
    except OSError as error:
        raise IndexProblem(
            f"{index} cannot be written: {error}; the index is as it was before"
        ) from error


@contextmanager
def _locked(index: Path, waiting: Callable[[str], None] | None) -> Iterator[None]:
    lock, holder = FileLock(index / LOCK), index / HOLDER
    try:
        lock.acquire(timeout=0)
    except Timeout:
        message = f"another build is writing {index}: {_told(holder)}"
        if waiting is None:
            raise IndexBusy(f"{message}; wait for it to end, then try again") from None
        waiting(message)
        lock.acquire()
    try:
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        holder.write_text(json.dumps({"pid": os.getpid(), "since": since}), "ascii")
        yield
    finally:
        try:
            holder.unlink(missing_ok=True)
        finally:
            lock.release()


def _told(holder: Path) -> str:
    try:
        who = json.loads(holder.read_bytes())
        return f"process {int(who['pid'])}, since {datetime.fromisoformat(who['since'])}"
    except (OSError, ValueError, KeyError, TypeError):  # it has locked, and not said so yet
        return "a process that has just begun"
