"""The library: SQLite, the truth about documents, passages and their vectors.

Every document row carries the snapshot it was born in and the one it died in, so that a
server on snapshot n sees exactly n while n+1 is being built. Vectors are kept by
sha256 of (model fingerprint, embedded text), float32 little-endian, 4 bytes a number:
what was embedded once is never embedded again, under whatever file name it stands.
"""

from index.library.reader import LibraryReader, rules_kept, verify
from index.library.schema import (
    FILE,
    MEND,
    Counts,
    FileState,
    Refusal,
    Rules,
    StoredPassage,
    packed,
)
from index.library.writer import LibraryWriter

__all__ = [
    "FILE",
    "MEND",
    "Counts",
    "FileState",
    "LibraryReader",
    "LibraryWriter",
    "Refusal",
    "Rules",
    "StoredPassage",
    "packed",
    "rules_kept",
    "verify",
]
