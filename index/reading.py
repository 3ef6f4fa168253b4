"""Files → documents, in their order, by several processes where that is worth their start.

A parser is native code over strangers' files. One that crashes, takes more memory or time than
it is given ends its process and costs its own file; the build goes on with the next.
"""

import hashlib
import json
import logging
import stat
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from index import loaders
from index.cores import cores
from index.errors import InaccessibleDocument, UnreadableDocument
from index.records import Document, Section
from index.scan import Found
from index.workers import Died, Limits, NoWorkers, ordered

log = logging.getLogger("citewell")

# So many small plain files are read sooner than a process has started (0.2 s).
_A_FEW = 16
_SMALL = 64_000  # bytes

LIMITS = Limits(memory=2_000_000_000, files=64)
"""What a process that reads files may take."""

_SECONDS, _SECONDS_PER_MB = 60.0, 2.0

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
        few = len(files) <= _A_FEW and all(map(_is_harmless, files))
        workers = 0 if few else min(cores(), len(files))
    done = 0
    if workers:
        try:
            outcomes = ordered(partial(_read_packed, root, load), files, workers, LIMITS, seconds)
            for file, outcome in zip(files, outcomes, strict=True):
                if isinstance(outcome, Died):
                    yield _refused(file, outcome)
                else:
                    yield _unpacked(file, outcome)
                done += 1
        except NoWorkers as error:
            log.warning("files are read one after the other: %s", error)
    yield from (read_one(root, load, file) for file in files[done:])


def read_one(root: Path, load: Load, file: Found) -> Read | Refused:
    """What the file gives. Nothing but a regular file inside `root` is opened."""
    try:
        before = _state(root, file.path)
        try:
            sha256 = sha256_of(file.path)
            document = load(root, file.path)
        finally:  # a file half written may look damaged, too
            if _state(root, file.path) != before:
                raise InaccessibleDocument("it changed while it was read; index once more")
    except UnreadableDocument as error:
        return Refused(file, str(error), not isinstance(error, InaccessibleDocument))
    return Read(file, sha256, document)


def _read_packed(root: Path, load: Load, file: Found) -> bytes:
    """What `read_one` gives, as JSON."""
    outcome = read_one(root, load, file)
    fields: dict[str, object]
    if isinstance(outcome, Refused):
        fields = {"reason": outcome.reason, "lasting": outcome.lasting}
    else:
        fields = {"sha256": outcome.sha256.hex(), **asdict(outcome.document)}
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _unpacked(file: Found, packed: bytes) -> Read | Refused:
    """What `_read_packed` was given for a file, if it is that; `Document` holds its laws."""
    try:
        said = json.loads(packed)
        if "reason" in said:
            return Refused(file, str(said["reason"]), said["lasting"] is True)
        document = Document(
            id=str(said["id"]),
            title=str(said["title"]),
            text=str(said["text"]),
            sections=tuple(
                Section(int(section["start"]), tuple(map(str, section["heading"])))
                for section in said["sections"]
            ),
            pages=tuple(map(int, said["pages"])),
            source=str(said["source"]),
            modified=float(said["modified"]),
        )
        if document.id != file.id:
            raise ValueError(f"{document.id} is another document")
        return Read(file, bytes.fromhex(said["sha256"]), document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"the program that read it gave no document: {error}"
        return Refused(file, reason, lasting=False)


def seconds(file: Found) -> float:
    """How long reading a file may take: some hundred times what the slowest parser needs."""
    return _SECONDS + _SECONDS_PER_MB * file.size / 1_000_000


def _is_harmless(file: Found) -> bool:
    return file.size <= _SMALL and not loaders.is_native(file.path)


def _state(root: Path, path: Path) -> tuple[int, ...]:
    """What differs once a file was written to, or another was put in its place.

    Raises:
        UnreadableDocument: it is no regular file, or not in the folder any more.
        InaccessibleDocument: it cannot be looked at.
    """
    try:
        status = path.stat()
        if not path.resolve().is_relative_to(root.resolve()):
            raise InaccessibleDocument("it is not in the folder any more; index once more")
    except OSError as error:
        raise _inaccessible(error) from error
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableDocument("not a regular file")
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _refused(file: Found, death: Died) -> Refused:
    reasons = {
        "crash": f"it crashed the program that read it {death.reason}",
        "memory": f"it took too much memory to be read, {death.reason}",
        "time": f"it took too long to be read, and was given up {death.reason}",
    }
    return Refused(file, reasons[death.cause], lasting=False)


def _inaccessible(error: OSError) -> InaccessibleDocument:
    reason = error.strerror or type(error).__name__
    return InaccessibleDocument(f"cannot be opened: {reason.lower()}")


def sha256_of(path: Path) -> bytes:
    """
    Raises:
        InaccessibleDocument: the file cannot be read.
    """
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").digest()
    except OSError as error:
        raise _inaccessible(error) from error
