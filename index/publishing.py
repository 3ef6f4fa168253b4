"""Library → a published snapshot: what the change takes, where there is one to start from."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import loaders, snapshot, terms, words
from index.chunker import Chunking
from index.embedders import Embedder
from index.errors import IndexDamaged
from index.library import LibraryWriter
from index.snapshot import Manifest
from index.vectors import VectorIndex


def publish(
    root: Path,
    index: Path,
    number: int,
    basis: Manifest | None,
    embedder: Embedder,
    chunking: Chunking,
    library: LibraryWriter,
) -> Manifest:
    """Publish what is alive in the library as snapshot `number`.

    Args:
        basis: of a snapshot that is whole and was made by the same rules; None to write
            everything from nothing, which gives the same answers.
    """
    counts = library.counts(number)
    manifest = partial(
        Manifest,
        format=snapshot.FORMAT,
        snapshot=number,
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        root=str(root),
        model=embedder.model,
        fingerprint=embedder.fingerprint,
        dimension=embedder.dimension,
        metric="inner product",
        loaders=loaders.VERSION,
        terms=terms.VERSION,
        chunking=chunking,
        documents=counts.documents,
        passages=counts.passages,
        mean_terms=library.mean_terms(),
        content=library.digest(number),
    )

    def write(draft: Path) -> None:
        before = None if basis is None else snapshot.folder(index, basis.snapshot)
        after = 0 if basis is None else basis.snapshot
        ids, vectors = _vectors(embedder.dimension, library)
        if len(ids) != counts.passages:
            raise IndexDamaged(
                f"{index}: {counts.passages - len(ids)} passages have no vector; "
                "delete its folder and run `make index`"
            )
        VectorIndex(ids, vectors).save(draft)
        if before is None or not words.update(
            draft, before, library.gone(after), _terms(library, after)
        ):
            words.write(draft, _terms(library))

    return snapshot.publish(index, number, write, manifest, basis)


def _vectors(
    dimension: int, library: LibraryWriter
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ids (n,) and vectors (n, dimension) of all live passages, ascending by id.

    The library alone gives them all. A snapshot before could give those of the passages it
    has in common with this one; the others are `library.vectors(dimension, its number)`,
    and those to leave out `library.gone(its number)`.
    """
    return library.vectors(dimension)


def _terms(library: LibraryWriter, after: int = 0) -> Iterator[tuple[int, list[str]]]:
    return ((passage_id, found.split()) for passage_id, found in library.terms(after))
