"""Snapshots: immutable folders, checked by sha256, published by renaming one small file.

    INDEX/CURRENT                        "000007 <sha256 of its manifest>"
    INDEX/snapshots/000007/manifest.json what it is, and length and sha256 of every file
    INDEX/snapshots/000007/vectors/
    INDEX/snapshots/000007/words/

A file that did not change since the snapshot before is a hard link to that one's. A kill at
any step leaves the old snapshot or the new one: a folder becomes visible only when CURRENT,
replaced after everything it leads to has reached the disk, names it.
"""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from index.chunker import Chunking
from index.errors import IndexDamaged, IndexMismatch, IndexMissing

FORMAT = 5
MANIFEST = "manifest.json"
CURRENT = "CURRENT"
SNAPSHOTS = "snapshots"

_MEND = "run `make index`"

_TRIES = 3


@dataclass(frozen=True, slots=True)
class FileSum:
    """Of a file that is never written again: as long as its time stands, so does its content."""

    bytes: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot is.

    Attributes:
        format: version of this layout.
        snapshot: its number, 1 or more.
        built_at: ISO 8601, UTC.
        root: absolute path of the documents' folder.
        model: name of the embedding model, for people.
        fingerprint: of the embedding model; vectors of another are not comparable.
        dimension: length of a vector.
        metric: "inner product", of unit vectors.
        loaders: version of the text extraction.
        terms: version of the rules by which text becomes terms.
        chunking: how documents were cut.
        documents, passages: how many this snapshot sees.
        mean_terms: terms in a passage, on average.
        content: hex sha256 over all documents and passages, as the library tells it.
        files: length, sha256 and time of every other file in the folder, by path below it.
    """

    format: int
    snapshot: int
    built_at: str
    root: str
    model: str
    fingerprint: str
    dimension: int
    metric: str
    loaders: int
    terms: int
    chunking: Chunking
    documents: int
    passages: int
    mean_terms: float
    content: str
    files: dict[str, FileSum]


def current(index: Path) -> tuple[int, str] | None:
    """Number and manifest sha256 of the published snapshot; None where there is none.

    Raises:
        IndexDamaged: CURRENT does not say what it should.
    """
    try:
        said = re.fullmatch(r"(\d{6,}) ([0-9a-f]{64})\n", (index / CURRENT).read_text("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexDamaged(f"{index / CURRENT} cannot be read ({error}); {_MEND}") from error
    if said is None:
        raise IndexDamaged(f"{index / CURRENT} does not name a snapshot; {_MEND}")
    return int(said[1]), said[2]


def highest(index: Path) -> int:
    """The largest number of a snapshot folder, published or not; 0 where there is none."""
    return max(_numbers(index), default=0)


def folder(index: Path, snapshot: int) -> Path:
    return index / SNAPSHOTS / f"{snapshot:06d}"


def read_manifest(index: Path) -> Manifest:
    """The manifest of the published snapshot, compared with its sha256.

    Raises:
        IndexMissing: nothing is published.
        IndexDamaged: the manifest is missing or altered.
        IndexMismatch: it is of another version of the format.
    """
    said = _fields(index)
    if said["format"] != FORMAT:
        raise IndexMismatch(
            f"the index in {index} has format {said['format']}, this version reads {FORMAT}; "
            f"{_MEND}"
        )
    try:
        chunking = Chunking(**said.pop("chunking"))
        files = {name: FileSum(**file) for name, file in said.pop("files").items()}
        manifest = Manifest(**said, chunking=chunking, files=files)
        _check_kinds(manifest)
        _check_kinds(chunking)
        for file in files.values():
            _check_kinds(file)
    except (AttributeError, KeyError, TypeError) as error:
        raise IndexDamaged(f"the manifest in {index} is none ({error}); {_MEND}") from error
    return manifest


def read_root(index: Path) -> Path:
    """The documents' folder of the published snapshot, whichever version of the format it has.

    Raises:
        IndexMissing, IndexDamaged: as for `read_manifest`.
    """
    return Path(_fields(index)["root"])


def _fields(index: Path) -> dict[str, Any]:
    published = current(index)
    if published is None:
        raise IndexMissing(f"there is no index in {index} yet; {_MEND}")
    path = folder(index, published[0]) / MANIFEST
    try:
        content = path.read_bytes()
    except OSError as error:
        raise IndexDamaged(
            f"{path}, which {index / CURRENT} names, cannot be read ({error.strerror}); {_MEND}"
        ) from error
    if hashlib.sha256(content).hexdigest() != published[1]:
        raise IndexDamaged(f"{path} is altered, or {index / CURRENT} is; {_MEND}")
    try:
        said: dict[str, Any] = json.loads(content)
        _ = said["format"], Path(said["root"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise IndexDamaged(f"{path} is no manifest ({error}); {_MEND}") from error
    return said


def _check_kinds(record: Manifest | Chunking | FileSum) -> None:
    """
    Raises:
        TypeError: a number or text of a record is something else.
    """
    for field in fields(record):
        value, kind = getattr(record, field.name), field.type
        if kind in (int, float, str) and type(value) not in {kind, int if kind is float else kind}:
            raise TypeError(f"{field.name} is {value!r}")


def faults(index: Path, manifest: Manifest, below: str = "") -> Iterator[str]:
    """Yield a line for every file of the snapshot that is missing or altered; reads them all.

    With `below` only files whose path begins so are looked at.

    An altered file is given a new time, so that the next build, which trusts times, mends it.
    """
    for name, expected in manifest.files.items():
        if not name.startswith(below):
            continue
        path = folder(index, manifest.snapshot) / name
        try:
            found = _sum(path)
        except OSError as error:
            yield f"{path} cannot be read ({error.strerror}); {_MEND}"
            continue
        if (found.bytes, found.sha256) != (expected.bytes, expected.sha256):
            with suppress(OSError):  # on a read-only disk no build will run either
                path.touch()
            yield f"{path} is altered; {_MEND}"


def is_whole(index: Path, manifest: Manifest) -> bool:
    """Whether no file is missing or altered, as far as sizes and times tell.

    Only a file whose time is another, as in an index that was copied, is read.
    """
    return all(
        _stands(folder(index, manifest.snapshot) / name, expected)
        for name, expected in manifest.files.items()
    )


def _stands(path: Path, expected: FileSum) -> bool:
    try:
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) == (expected.bytes, expected.mtime_ns):
            return True
        return status.st_size == expected.bytes and _sum(path).sha256 == expected.sha256
    except OSError:
        return False


def publish(
    index: Path,
    snapshot: int,
    write: Callable[[Path], None],
    manifest: Callable[..., Manifest],
    basis: Manifest | None = None,
) -> Manifest:
    """Write a snapshot beside the others and make it the published one.

    Args:
        write: puts the snapshot's files into the folder it is given.
        manifest: makes the manifest, given `files`.
        basis: of a whole snapshot; of its files that `write` linked no sum is taken again.

    Raises:
        OSError: the disk refuses; the published snapshot stays as it was.
    """
    destination = folder(index, snapshot)
    draft = destination.with_name(f".{destination.name}")
    for leftover in (draft, destination):  # of a build that was killed before publishing
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        write(draft)
        # a lock is of a process: a thread that ends late makes one, and any reader deletes it
        entries = [path for path in draft.rglob("*") if path.suffix != ".lock"]
        written = sorted(path for path in entries if path.is_file())
        files = {}
        for path in written:
            name = path.relative_to(draft).as_posix()
            files[name] = _known_sum(index, basis, name, path) or _sum(path)
        made = manifest(files=files)
        content = json.dumps(asdict(made), indent=1).encode()
        (draft / MANIFEST).write_bytes(content)
        for path in (*entries, draft / MANIFEST, draft):
            _sync(path)
        draft.rename(destination)
        _sync(destination.parent)
        pointer = index / f".{CURRENT}"
        pointer.write_text(f"{snapshot:06d} {hashlib.sha256(content).hexdigest()}\n", "ascii")
        _sync(pointer)
        pointer.replace(index / CURRENT)
        _sync(index)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return made


def delete_others(index: Path, published: int, before: int = 1) -> None:
    """Delete every snapshot folder but the published one and so many before it, drafts too."""
    older = sorted(number for number in _numbers(index) if number < published)
    kept = {folder(index, number).name for number in (*older[len(older) - before :], published)}
    for path in (index / SNAPSHOTS).glob("*"):
        if path.name not in kept:
            _delete(path) if path.is_dir() else path.unlink()


def _delete(path: Path) -> None:
    """Delete a folder in which a reader that is just opening it may make a lock."""
    for left in range(_TRIES - 1, -1, -1):
        try:
            shutil.rmtree(path)
        except OSError as error:
            if not left or error.errno != errno.ENOTEMPTY:
                raise
        else:
            break


def _numbers(index: Path) -> list[int]:
    names = [path.name for path in (index / SNAPSHOTS).glob("[0-9]*")]
    return [int(name) for name in names if name.isdigit()]


def _known_sum(index: Path, basis: Manifest | None, name: str, path: Path) -> FileSum | None:
    if basis is None or name not in basis.files:
        return None
    known, status = basis.files[name], path.stat()
    linked = status.st_nlink > 1 and path.samefile(folder(index, basis.snapshot) / name)
    unchanged = (status.st_size, status.st_mtime_ns) == (known.bytes, known.mtime_ns)
    return known if linked and unchanged else None


def _sum(path: Path) -> FileSum:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        status = os.fstat(file.fileno())
    return FileSum(status.st_size, digest, status.st_mtime_ns)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
