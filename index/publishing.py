"""Library → a published snapshot: what the change takes, where there is one to start from."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from index import loaders, snapshot, terms, vectors, words
from index.chunker import Chunking
from index.embedders import Embedder
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
        vectors.write(
            draft,
            library.live_ids(),
            partial(library.vectors, dimension=embedder.dimension),
            embedder.dimension,
            _vectors_before(index, basis),
        )
        if before is None or not words.update(
            draft, before, library.gone(after), _terms(library, after)
        ):
            words.write(draft, _terms(library))

    return snapshot.publish(index, number, write, manifest, basis)


def _vectors_before(index: Path, basis: Manifest | None) -> VectorIndex | None:
    """The vectors of the snapshot before, where taking them over saves more than it costs.

    They are compared with their checksums first: what is copied gets a checksum of its own,
    which would make a flipped bit right. Few vectors are as soon read from the library.
    """
    if basis is None or basis.passages <= vectors.EXACT:
        return None
    if any(snapshot.faults(index, basis, f"{vectors.FOLDER}/")):
        return None
    return VectorIndex(snapshot.folder(index, basis.snapshot))


def _terms(library: LibraryWriter, after: int = 0) -> Iterator[tuple[int, list[str]]]:
    return ((passage_id, found.split()) for passage_id, found in library.terms(after))
