"""Which files a folder of documents holds, without opening any."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file. `mtime_ns` is POSIX time, `size` in bytes."""

    id: str
    path: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder that gives no text, and why."""

    id: str
    reason: str


def scan(root: Path, suffixes: frozenset[str], skip: Path) -> Iterator[Found | Unreadable | str]:
    """Walk `root`, in the order of names.

    Hidden files and folders and the folder `skip` are passed over. Links are followed to
    files inside `root` only; a folder that is a link to elsewhere is named, not walked.

    Yields:
        `Found` for a document, `Unreadable` for what cannot be looked at, and the bare
        suffix ("" where there is none) of a file whose format is not known.
    """
    root, skip = root.resolve(), skip.resolve()
    denied: list[OSError] = []
    for parent, folders, names in os.walk(root, onerror=denied.append):
        here = Path(parent)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and here / f != skip)
        for name in folders:  # a link to a folder inside names what is found there itself
            if (here / name).is_symlink() and not _is_inside(here / name, root):
                linked = (here / name).relative_to(root).as_posix()
                yield Unreadable(linked, "a link to a folder outside; copy the folder instead")
        for name in sorted(names):
            path = here / name
            if name.startswith("."):
                continue
            if path.suffix.lower() not in suffixes:
                yield path.suffix.lower()
                continue
            name = path.relative_to(root).as_posix()
            try:
                info = path.stat()
                if path.is_symlink() and not _is_inside(path, root):
                    yield Unreadable(name, "a link to outside the folder; copy the file instead")
                elif not stat.S_ISREG(info.st_mode):
                    yield Unreadable(name, "not a regular file")
                else:
                    yield Found(name, path, info.st_size, info.st_mtime_ns)
            except OSError as error:
                yield Unreadable(name, error.strerror or str(error))
    for denial in denied:
        name = Path(denial.filename).relative_to(root).as_posix()
        yield Unreadable(name, denial.strerror or str(denial))


def _is_inside(path: Path, root: Path) -> bool:
    """Whether a link leads to something inside `root`, which is resolved."""
    try:
        return path.resolve().is_relative_to(root)
    except RuntimeError:  # links in a circle
        return False
