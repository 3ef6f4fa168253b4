"""What is done to an index besides bringing it up to date: made anew, and made compact."""

from collections.abc import Callable
from pathlib import Path

from index import loaders, lock, snapshot, terms
from index.build import BuildReport, Progress, check_folder, update
from index.embedders import Embedder
from index.errors import IndexDamaged, IndexProblem
from index.library import FILE, LibraryReader, LibraryWriter, Rules, seal
from index.publishing import publish
from index.reading import read

Waiting = Callable[[str], None]

_AT_ONCE = 16_384  # vectors in memory


def root_of(index: Path) -> Path | None:
    """The folder of documents that an index was built from last; None where that is not known."""
    try:
        return Path(snapshot.read_manifest(index).root)
    except IndexProblem:
        kept = _rules(index)
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
        kept = _rules(index)
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


def _rules(index: Path) -> tuple[int, Rules] | None:
    try:
        library = LibraryReader(index, Path(), 0)
    except IndexDamaged:
        return None
    try:
        return library.rules()
    except IndexDamaged:
        return None
    finally:
        library.close()


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
    return BuildReport(
        snapshot=manifest.snapshot,
        published=True,
        documents=manifest.documents,
        passages=manifest.passages,
        added=0,
        changed=0,
        removed=0,
        embedded=0,
        unreadable=(),
        unknown={},
    )
