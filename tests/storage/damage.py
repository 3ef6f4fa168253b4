"""Ways in which a file is not as it was written."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from index import snapshot

Damage = Callable[[Path], None]


def deleted(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    _replaced(path, b"")


def halved(path: Path) -> None:
    content = path.read_bytes()
    _replaced(path, content[: len(content) // 2])


def _replaced(path: Path, content: bytes) -> None:
    """Another file in its place: two snapshots may share one, and a server may have it mapped."""
    path.unlink()
    path.write_bytes(content)


def flipped(path: Path, bit: int) -> None:
    """One bit another, and the time that of before."""
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def bits(path: Path, count: int) -> list[int]:
    """So many bits of a file, or all: those at its ends, and others that are always the same."""
    size = path.stat().st_size * 8
    if size <= count:
        return list(range(size))
    drawn = random.Random(path.name).sample(range(size), count)  # noqa: S311
    return sorted({0, size - 1, *drawn})


@contextmanager
def undone(path: Path) -> Iterator[None]:
    """Whatever is done to a file inside."""
    content, status = path.read_bytes(), path.stat()
    yield
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def files(index: Path) -> list[Path]:
    """All files that an index is."""
    manifest = snapshot.read_manifest(index)
    folder = snapshot.folder(index, manifest.snapshot)
    return [
        index / snapshot.CURRENT,
        index / "library.db",
        index / "library.sum",
        folder / snapshot.MANIFEST,
        *(folder / name for name in manifest.files),
    ]
