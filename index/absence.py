"""Is there anything left of a document that was deleted? In what answers, and in the files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from index import snapshot
from index.errors import IndexDamaged
from index.forward import ForwardIndex
from index.library import FILE, LibraryReader
from index.vectors import VectorIndex
from index.words import WordIndex

_COMPACT = "run `citewell index --compact`"


def document_id(path: str, root: Path) -> str:
    """The id that a file has or would have; `path` is relative to `root`, or absolute."""
    given = Path(path)
    return given.relative_to(root).as_posix() if given.is_relative_to(root) else given.as_posix()


def traces(index: Path, path: str) -> Iterator[str]:
    """Yield a line for everything that is or may be left of a document; nothing if it is absent.

    Passages, vectors and terms have no names, so it is shown that there are none but those of
    documents that the library holds, and that it does not hold this one. Of what was deleted
    since the last compaction the file itself may still hold text.

    Raises:
        IndexProblem: there is no index, or it cannot be read.
    """
    manifest = snapshot.read_manifest(index)
    name = document_id(path, Path(manifest.root))
    library = LibraryReader(index, Path(manifest.root), manifest.snapshot)
    try:
        if library.names(name):
            yield f"{index / FILE} holds {name}; delete the file and run `citewell index`"
        if library.has_remains():
            yield f"{index / FILE} may hold text that was deleted; {_COMPACT}"
        known = library.all_passage_ids()
    finally:
        library.close()
    for folder in sorted((index / snapshot.SNAPSHOTS).iterdir()):
        try:
            words = WordIndex(folder)
            kept = [VectorIndex(folder).ids(), ForwardIndex(folder).ids(), words.ids()]
        except IndexDamaged:
            yield f"{folder} is left of a build that was killed; {_COMPACT}"
            continue
        if words.has_deleted or not np.isin(np.concatenate(kept), known).all():
            yield f"{folder} holds vectors or words of deleted documents; {_COMPACT}"
