"""Files → documents, in their order, by several processes where that is worth their start.

A parser is native code over strangers' files. One that crashes, or takes all the memory,
ends its process and costs its own file; the build goes on with the next.
"""

import hashlib
import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from index import loaders
from index.cores import cores
from index.errors import InaccessibleDocument, UnreadableDocument
from index.records import Document
from index.scan import Found
from index.workers import Died, NoWorkers, ordered

log = logging.getLogger("citewell")

# So many plain files are read sooner than a process has started (0.2 s).
_A_FEW = 16

Load = Callable[[Path, Path], Document]
"""(root, path) → document, as `loaders.load`: a function that a module holds."""


@dataclass(frozen=True, slots=True)
class Read:
    """A file and the document in it. `sha256` is of the bytes, taken before they were parsed."""

    file: Found
    sha256: bytes
    document: Document


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that gave no text, and why. `lasting`: the same bytes never will."""

    file: Found
    reason: str
    lasting: bool


def read(
    root: Path, files: Sequence[Found], load: Load = loaders.load, workers: int | None = None
) -> Generator[Read | Refused]:
    """Yield what each file gives, in the order of `files`, whichever is read first.

    However many files there are, only a few documents for each process are in memory.

    Args:
        workers: processes; 0 to read here, None for as many as are worth it.
    """
    if workers is None:
        few = len(files) <= _A_FEW and not any(loaders.is_native(file.path) for file in files)
        workers = 0 if few else min(cores(), len(files))
    done = 0
    if workers:
        try:
            for file, outcome in zip(
                files, ordered(partial(read_one, root, load), files, workers), strict=True
            ):
                yield _refused(file, outcome) if isinstance(outcome, Died) else outcome
                done += 1
        except NoWorkers as error:
            log.warning("files are read one after the other: %s", error)
    yield from (read_one(root, load, file) for file in files[done:])


def read_one(root: Path, load: Load, file: Found) -> Read | Refused:
    try:
        # The hash comes first: a file that changes meanwhile then differs at the next build.
        sha256 = sha256_of(file.path)
        return Read(file, sha256, load(root, file.path))
    except UnreadableDocument as error:
        return Refused(file, str(error), not isinstance(error, InaccessibleDocument))


def _refused(file: Found, death: Died) -> Refused:
    return Refused(file, f"it crashed the program that read it {death.reason}", lasting=False)


def sha256_of(path: Path) -> bytes:
    """
    Raises:
        InaccessibleDocument: the file cannot be read.
    """
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").digest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InaccessibleDocument(f"cannot be opened: {reason.lower()}") from error
