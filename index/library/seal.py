"""The sum over the whole library, beside it from the end of one build to the start of the next.

    INDEX/library.sum    "<sha256 of library.db> <CRC-32 of what stands before it>"

Rows tell by their digests what a document was; this tells of every other bit, too.
"""

import os
from pathlib import Path
from zlib import crc32

from index.errors import IndexDamaged
from index.library.connection import sha256_of
from index.library.schema import FILE, MEND

SUM = "library.sum"

LARGEST = 256 * 1024 * 1024
"""Bytes of a library that is summed: a longer one would hold up every start and every build."""


def read(folder: Path) -> str | None:
    """The sum; None where there is none, as while a build writes.

    Raises:
        IndexDamaged: the file does not say what it should.
    """
    path = folder / SUM
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IndexDamaged(f"{path} cannot be read ({error.strerror}); {MEND}") from error
    digest = content[:64]
    if content != _line(digest):
        raise IndexDamaged(f"{path} is altered; run `citewell index`")
    return digest.decode("latin-1")


def stands(folder: Path) -> bool:
    """Whether there is a sum that says what it should."""
    try:
        return read(folder) is not None
    except IndexDamaged:
        return False


def holds(folder: Path) -> bool | None:
    """Whether the library is what its sum says; None where no sum stands beside it.

    Raises:
        IndexDamaged: the library or its sum is missing or cannot be read.
    """
    while expected := read(folder):
        found = _sum(folder)
        if found == expected:
            return True
        if read(folder) == expected:  # and no build has begun meanwhile
            return False
    return None


def is_small(folder: Path) -> bool:
    return (folder / FILE).stat().st_size <= LARGEST


def put(folder: Path) -> None:
    """Take the sum of a library that nothing writes now; none where it is too long."""
    if not is_small(folder):
        return
    draft = folder / f".{SUM}"
    with draft.open("wb") as file:
        file.write(_line(_sum(folder).encode()))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / SUM)


def take(folder: Path) -> None:
    """Before anything is written. The disk knows it first: a sum of before would be a lie."""
    (folder / SUM).unlink(missing_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sum(folder: Path) -> str:
    path = folder / FILE
    try:
        return sha256_of(path)
    except FileNotFoundError:
        raise IndexDamaged(f"{path} is missing; {MEND}") from None
    except OSError as error:
        raise IndexDamaged(f"{path} cannot be read ({error.strerror}); {MEND}") from error


def _line(digest: bytes) -> bytes:
    return b"%s %08x\n" % (digest, crc32(digest))
