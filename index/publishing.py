"""Library → a published snapshot: what the change takes, where there is one to start from."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from index import forward, snapshot, vectors, words
from index.forward import ForwardIndex
from index.library import LibraryWriter, Rules
from index.snapshot import Manifest
from index.vectors import VectorIndex


def publish(
    index: Path, number: int, basis: Manifest | None, rules: Rules, library: LibraryWriter
) -> Manifest:
    """Publish what is alive in the library as snapshot `number`, and commit it.

    Args:
        basis: of a snapshot that is whole and was made by the same rules; None to write
            everything from nothing, which gives the same answers.
        rules: by which the documents in the library were made.
    """
    library.remember(number, rules)
    library.commit()
    library.seal()
    counts = library.counts(number)
    manifest = partial(
        Manifest,
        format=snapshot.FORMAT,
        snapshot=number,
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        root=rules.root,
        model=rules.model,
        fingerprint=rules.fingerprint,
        dimension=rules.dimension,
        metric="inner product",
        loaders=rules.loaders,
        terms=rules.terms,
        chunking=rules.chunking,
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
            partial(library.vectors, dimension=rules.dimension),
            rules.dimension,
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

    made = snapshot.publish(index, number, write, manifest, basis)
    snapshot.delete_others(index, number)
    library.forget_gone(number)
    library.forget_vectors()
    library.commit()
    return made


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
