"""Library → a published snapshot: what the change takes, where there is one to start from."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from index import forward, loaders, snapshot, terms, vectors, words
from index.chunker import Chunking
from index.embedders import Embedder
from index.forward import ForwardIndex
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
        gone = [] if before is None else library.gone(after)
        if before is None or not words.update(draft, before, gone, library.terms(after)):
            words.write(draft, library.terms())
        previous = _forward_before(index, basis)
        if previous is None:
            forward.write(draft, library.terms())
        else:
            forward.write(draft, library.terms(after), previous, gone)

    return snapshot.publish(index, number, write, manifest, basis)


def _forward_before(index: Path, basis: Manifest | None) -> ForwardIndex | None:
    """The passages' terms of the snapshot before; None where they are to be read again."""
    if basis is None or not _is_copyable(index, basis, forward.FOLDER):
        return None
    return ForwardIndex(snapshot.folder(index, basis.snapshot))


def _vectors_before(index: Path, basis: Manifest | None) -> VectorIndex | None:
    """The vectors of the snapshot before, where taking them over saves more than it costs.

    Few vectors are as soon read from the library.
    """
    if basis is None or basis.passages <= vectors.EXACT:
        return None
    if not _is_copyable(index, basis, vectors.FOLDER):
        return None
    return VectorIndex(snapshot.folder(index, basis.snapshot))


def _is_copyable(index: Path, basis: Manifest, folder: str) -> bool:
    """Whether files are as they were written, by their checksums.

    What is copied gets a checksum of its own, which would make a flipped bit right.
    """
    return not any(snapshot.faults(index, basis, f"{folder}/"))
