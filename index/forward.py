"""Passage → its terms, in order: how a passage that was not found by its words is scored by them.

The inverted index (`index.words`) goes from a term to passages. This goes the other way, for
about a hundred passages of every question, each a slice of one mapped array. A term stands
there as its CRC-32, so that terms are compared as numbers; of a million different terms about
a hundred pairs share one, and a question's word then counts as held where the other stands.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from index import arrays
from index.errors import IndexDamaged

Hashes = NDArray[np.uint32]

FOLDER = "forward"
_IDS, _STARTS, _TERMS = "ids.npy", "starts.npy", "terms.npy"

_AT_ONCE = 8192  # passages in memory


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of n passages, one after the other.

    Attributes:
        hashes: (t,) uint32, of every term as `hashed` gives it.
        starts: (n + 1,) int64: passage i has those from starts[i] to starts[i + 1].
    """

    hashes: Hashes
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, passages: Sequence[Sequence[str]]) -> "Terms":
        """From terms as they are written."""
        starts = np.cumsum([0, *map(len, passages)], dtype=np.int64)
        hashes = [hashed(term) for passage in passages for term in passage]
        return cls(np.array(hashes, np.uint32), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, passage: int) -> Hashes:
        return self.hashes[self.starts[passage] : self.starts[passage + 1]]


def hashed(term: str) -> int:
    """What stands for a term: its CRC-32 (ISO 3309) in UTF-8."""
    return crc32(term.encode())


class ForwardIndex:
    """The terms of every passage of one snapshot. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Open what `write` wrote into `folder`.

        Raises:
            IndexDamaged: a file is missing, or they do not fit together.
        """
        path = folder / FOLDER
        self._ids = arrays.mapped(path / _IDS)
        self._starts = arrays.mapped(path / _STARTS)
        self._terms = arrays.mapped(path / _TERMS)
        if (
            self._ids.dtype != np.int64
            or self._starts.dtype != np.int64
            or self._terms.dtype != np.uint32
            or self._starts.shape != (len(self._ids) + 1,)
            or self._terms.shape != (int(self._starts[-1]),)
        ):
            raise IndexDamaged(f"{path} does not fit together; run `make index`")

    @property
    def count(self) -> int:
        return len(self._ids)

    def ids(self) -> NDArray[np.int64]:
        """(count,) int64, ascending."""
        return self._ids

    def terms(self, ids: NDArray[np.int64]) -> Terms:
        """The terms of each passage named, in the order given.

        Raises:
            KeyError: a passage is not in the index.
        """
        places = np.searchsorted(self._ids, ids)
        if np.any(places == self.count) or np.any(self._ids[places] != ids):
            raise KeyError("a passage that is not in the index")
        first, end = self._starts[places], self._starts[places + 1]
        starts = np.zeros(len(ids) + 1, np.int64)
        np.cumsum(end - first, out=starts[1:])
        rows = [self._terms[a:b] for a, b in zip(first.tolist(), end.tolist(), strict=True)]
        return Terms(np.concatenate(rows) if rows else self._terms[:0], starts)

    def without(self, gone: Sequence[int]) -> Iterator[tuple[NDArray[np.int64], Terms]]:
        """Ids (n,) and terms of all passages but those that are gone, some at a time."""
        for first in range(0, self.count, _AT_ONCE):
            ids = self._ids[first : first + _AT_ONCE]
            starts = self._starts[first : first + len(ids) + 1]
            hashes, lengths = self._terms[starts[0] : starts[-1]], np.diff(starts)
            kept = np.isin(ids, gone, assume_unique=True, invert=True)
            if not kept.all():
                ids, hashes, lengths = ids[kept], hashes[np.repeat(kept, lengths)], lengths[kept]
            yield ids, Terms(hashes, np.concatenate([[0], np.cumsum(lengths)]))


def write(
    folder: Path,
    passages: Iterable[tuple[int, Sequence[str]]],
    previous: ForwardIndex | None = None,
    gone: Sequence[int] = (),
) -> None:
    """Write the terms of passages, by their ids, into `folder`, for `ForwardIndex` to open.

    Args:
        passages: by ascending id.
        previous: an opened index whose passages, but for `gone`, come before `passages`.

    Raises:
        ValueError: ids are not ascending.
        OSError: the disk refuses.
    """
    path = folder / FOLDER
    path.mkdir()
    ids: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    lengths: list[NDArray[np.int64]] = [np.empty(0, np.int64)]

    def blocks() -> Iterator[Hashes]:
        for block in previous.without(gone) if previous else ():
            yield taken(*block)
        coming = iter(passages)
        while some := list(islice(coming, _AT_ONCE)):
            numbers = np.array([number for number, _ in some], np.int64)
            yield taken(numbers, Terms.of([found for _, found in some]))

    def taken(numbers: NDArray[np.int64], terms: Terms) -> Hashes:
        ids.append(numbers)
        lengths.append(np.diff(terms.starts))
        return terms.hashes

    arrays.save_row(path / _TERMS, np.uint32, blocks())
    known = np.concatenate(ids)
    if np.any(known[1:] <= known[:-1]):
        raise ValueError("ids must be ascending")
    arrays.save_row(path / _IDS, np.int64, [known])
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    arrays.save_row(path / _STARTS, np.int64, [starts])
