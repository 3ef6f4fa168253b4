"""Is an index exactly what was written? Everything is read and compared."""

from pathlib import Path

import numpy as np

from index import snapshot
from index.errors import IndexDamaged
from index.forward import ForwardIndex
from index.library import FILE, MEND, Counts, LibraryReader, seal
from index.snapshot import Manifest
from index.vectors import VectorIndex
from index.words import WordIndex

_AT_ONCE = 16_384  # vectors in memory


def check(index: Path) -> tuple[Manifest, list[str]]:
    """The manifest of the published snapshot, and a line for each fault; none if whole.

    Raises:
        IndexMissing: nothing is published.
        IndexDamaged: the manifest itself is missing or altered.
        IndexMismatch: the index is of another version of the format.
    """
    manifest = snapshot.read_manifest(index)
    faults = list(snapshot.faults(index, manifest))
    try:
        if seal.holds(index) is False:
            faults.append(f"{index / FILE} is altered; {MEND}")
        library = LibraryReader(index, Path(manifest.root), manifest.snapshot)
        try:
            faults += library.faults()
            ids = library.passage_ids()
            found = Counts(library.counts().documents, len(ids))
            expected = Counts(manifest.documents, manifest.passages)
            if found != expected:
                faults.append(f"the library holds {found} where the manifest says {expected}")
            if library.digest() != manifest.content:
                faults.append("the library is not what the snapshot was built from")
            if not faults:  # no library is shown a file that is known to be altered
                folder = snapshot.folder(index, manifest.snapshot)
                vectors = VectorIndex(folder)
                if not np.array_equal(vectors.ids(), ids):
                    faults.append("the vectors are not those of the library's passages")
                elif not _same_vectors(vectors, library):
                    faults.append("the vectors are not those that the library keeps")
                if not np.array_equal(ForwardIndex(folder).ids(), ids):
                    faults.append("the terms are not those of the library's passages")
                words = WordIndex(folder)
                if not np.array_equal(words.ids(), ids):
                    faults.append("the words are not those of the library's passages")
        finally:
            library.close()
    except IndexDamaged as error:
        faults.append(str(error))
    return manifest, faults


def _same_vectors(vectors: VectorIndex, library: LibraryReader) -> bool:
    """Whether the matrix holds what was embedded, number for number."""
    for first in range(0, vectors.count, _AT_ONCE):
        ids = vectors.ids()[first : first + _AT_ONCE]
        rows = vectors.rows(ids)
        if not np.array_equal(rows, library.vectors(ids, vectors.dimension).astype(rows.dtype)):
            return False
    return True
