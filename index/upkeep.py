"""What is done to an index besides bringing it up to date: made anew, compact, of an archive."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from index import loaders, lock, snapshot, terms
from index.archive import Archive
from index.build import BuildReport, Progress, Silent, check_folder, take, update
from index.embedders import Embedder
from index.embedding import Embedding
from index.errors import IndexDamaged, IndexProblem
from index.library import FILE, LibraryReader, LibraryWriter, Rules, rules_kept, seal
from index.publishing import publish
from index.reading import read
from index.snapshot import Manifest

Waiting = Callable[[str], None]

_AT_ONCE = 16_384  # vectors in memory


def root_of(index: Path) -> Path | None:
    """The folder of documents that an index was built from last; None where that is not known."""
    try:
        return snapshot.read_root(index)
    except IndexProblem:
        kept = rules_kept(index)
        return Path(kept[1].root) if kept else None


def rebuild(
    documents: Path,
    index: Path,
    embedder: Embedder,
    progress: Progress | None = None,
    waiting: Waiting | None = None,
) -> BuildReport:
    """Make all files of an index again, trusting none that cannot be shown to be whole.

    Where the library is, no document is opened, nor need there be one: the rest is derived
    from it. Where it is not, it is deleted, and everything read and embedded again.

    Args:
        progress, waiting: as for `build`.

    Raises:
        SettingsError: `documents` is needed and not a folder.
        IndexProblem: as `build` says.
    """
    with lock.held(index, waiting):
        kept = rules_kept(index)
        if kept is None or not _is_whole(index, *kept):
            check_folder(documents)
            for name in (FILE, f"{FILE}-wal", f"{FILE}-shm", seal.SUM):
                (index / name).unlink(missing_ok=True)
        with LibraryWriter(index) as library:
            if (kept := library.rules()) and _is_by(kept[1], embedder):
                return _from_library(index, library, *kept)
            check_folder(documents)
            return update(documents, index, embedder, None, library, progress, read, anew=True)


def compact(
    documents: Path,
    index: Path,
    embedder: Embedder,
    progress: Progress | None = None,
    waiting: Waiting | None = None,
) -> BuildReport:
    """Bring an index up to date, and take out of its files what no document holds any more.

    Arguments and errors are those of `build`.
    """
    check_folder(documents)
    with lock.held(index, waiting), LibraryWriter(index) as library:
        report = update(documents, index, embedder, None, library, progress, read, anew=True)
        snapshot.delete_others(index, report.snapshot, before=0)
        library.compact(report.snapshot)
        return report


def restore(
    file: Path, index: Path, embedder: Embedder, progress: Progress | None = None
) -> BuildReport:
    """Make an index from an archive, without the files of its documents.

    Where these stand in the same folder, the next build finds them unchanged.

    Raises:
        ArchiveProblem: the archive is damaged, or holds what no document may hold.
        IndexBusy: a build of this index is running.
        IndexProblem: there is an index already, or the disk refuses.
    """
    progress, archive = progress or Silent(), Archive(file)
    rules = Rules(
        root=str(archive.root),
        model=embedder.model,
        fingerprint=embedder.fingerprint,
        dimension=embedder.dimension,
        loaders=archive.loaders,
        terms=terms.VERSION,
        chunking=archive.chunking,
    )
    with lock.held(index), LibraryWriter(index) as library:
        if snapshot.current(index) or library.rules():
            raise IndexProblem(f"there is an index in {index}; name another folder with --index")
        library.forget_unpublished(0)  # of an archive that was not restored to its end
        progress.files(0, archive.count)
        with (
            Embedding(library, embedder, progress.passages) as embedding,
            closing(archive.documents()) as documents,
        ):
            for done, document in enumerate(documents, 1):
                take(document, 1, library, embedder, archive.chunking, embedding)
                progress.files(done, archive.count)
            embedded = embedding.finish()
        manifest = publish(index, 1, None, rules, library)
        library.seal()
    return _report(manifest, embedded)


def _is_whole(index: Path, published: int, rules: Rules) -> bool:
    """Whether a library is what the last build left, by its sum, else by that of every row."""
    if seal.stands(index):
        return bool(seal.holds(index))
    library = LibraryReader(index, Path(), published)
    try:
        ids = library.passage_ids()
        for first in range(0, len(ids), _AT_ONCE):
            library.vectors(ids[first : first + _AT_ONCE], rules.dimension)
        return not any(library.faults())
    except IndexDamaged:
        return False
    finally:
        library.close()


def _is_by(rules: Rules, embedder: Embedder) -> bool:
    made = rules.fingerprint, rules.loaders, rules.terms
    return made == (embedder.fingerprint, loaders.VERSION, terms.VERSION)


def _from_library(index: Path, library: LibraryWriter, published: int, rules: Rules) -> BuildReport:
    library.forget_unpublished(published)
    number = max(published, snapshot.highest(index)) + 1
    manifest = publish(index, number, None, rules, library)
    library.seal()
    return _report(manifest)


def _report(manifest: Manifest, embedded: int | None = None) -> BuildReport:
    """Of a snapshot that was made of documents as they were, added if they were embedded."""
    return BuildReport(
        snapshot=manifest.snapshot,
        published=True,
        documents=manifest.documents,
        passages=manifest.passages,
        added=0 if embedded is None else manifest.documents,
        changed=0,
        removed=0,
        embedded=embedded or 0,
        unreadable=(),
        unknown={},
    )
