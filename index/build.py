"""The whole pipeline: files → documents → passages → vectors → a published snapshot."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from index import loaders, lock, snapshot, terms
from index.analysis import analyse
from index.chunker import Chunking, chunk, embedded_texts
from index.embedders import Embedder
from index.embedding import Embedding
from index.errors import (
    InaccessibleDocument,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    IndexProblem,
    SettingsError,
)
from index.library import FileState, LibraryWriter, Refusal, Rules
from index.publishing import publish
from index.reading import Read, Refused, read, sha256_of
from index.scan import Found, Unreadable, scan
from index.snapshot import Manifest

log = logging.getLogger("citewell")

Reader = Callable[[Path, Sequence[Found]], Generator[Read | Refused]]
"""(root, files) → what each gives, in their order, as `reading.read`."""


class Progress(Protocol):
    """Told how far a build is. Counts only grow; in the end `done` is `total`.

    Passages are embedded while files are read, so their total grows, too.
    """

    def files(self, done: int, total: int) -> None: ...

    def passages(self, done: int, total: int) -> None: ...


class Silent:
    def files(self, done: int, total: int) -> None: ...

    def passages(self, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did.

    Attributes:
        snapshot: number of the published snapshot.
        published: False where nothing had changed and nothing was written.
        documents, passages: how many the snapshot holds.
        added, changed, removed: documents, against the snapshot before.
        embedded: passages that went through the model; the others' vectors were known.
        unreadable: files that gave no text, in the order of their ids.
        unknown: how many files of each suffix were passed over as no known format.
    """

    snapshot: int
    published: bool
    documents: int
    passages: int
    added: int
    changed: int
    removed: int
    embedded: int
    unreadable: tuple[Unreadable, ...]
    unknown: dict[str, int]


def build(
    documents: Path,
    index: Path,
    embedder: Embedder,
    chunking: Chunking | None = None,
    progress: Progress | None = None,
    reader: Reader = read,
    waiting: Callable[[str], None] | None = None,
) -> BuildReport:
    """Bring the index in `index` up to date with the folder `documents`.

    The cost follows the change: an unchanged file is not opened, a changed one costs only
    the passages that nothing embedded before. A kill at any step leaves the published
    snapshot as it was, and what was embedded is not embedded again. However large the
    folder, only a few documents are in memory.

    Args:
        waiting: told who builds, before waiting for another build to end; None not to wait.

    Raises:
        SettingsError: `documents` is not a folder.
        IndexBusy: another build of this index is running, and `waiting` is None.
        IndexProblem: the folder holds nothing to index, or the disk refuses.
    """
    check_folder(documents)
    with lock.held(index, waiting), LibraryWriter(index) as library:
        return update(documents, index, embedder, chunking, library, progress, reader)


def check_folder(documents: Path) -> None:
    """
    Raises:
        SettingsError: `documents` is not a folder.
    """
    if not documents.is_dir():
        raise SettingsError(f"{documents} is not a folder; name the folder of your documents")


def update(
    documents: Path,
    index: Path,
    embedder: Embedder,
    chunking: Chunking | None,
    library: LibraryWriter,
    progress: Progress | None,
    reader: Reader,
    anew: bool = False,
) -> BuildReport:
    """What `build` does, for whoever holds the lock.

    Args:
        anew: publish a snapshot that is written from nothing, whatever has changed.
    """
    root, chunking, progress = documents.resolve(), chunking or Chunking(), progress or Silent()
    before = _published(index)
    now = before.snapshot if before else snapshot.highest(index)
    library.forget_unpublished(now)
    library.forget_gone(now)  # which a build that was killed after publishing did not
    if before:
        snapshot.delete_others(index, now)
    same_rules = (
        before is not None
        and before.fingerprint == embedder.fingerprint
        and before.loaders == loaders.VERSION
        and before.terms == terms.VERSION
        and before.chunking == chunking
        and before.content == library.digest(now)
    )

    # 1. Which files may have changed, by their size and time
    found, unreadable, unknown = _scanned(root, index)
    known, refused = library.files(), library.refusals()
    library.forgive(refused.keys() - {file.id for file in found})
    to_read = []
    for file in found:
        refusal = refused.get(file.id)
        if same_rules and refusal and _stat(file) == (refusal.size, refusal.mtime_ns):
            unreadable.append(Unreadable(file.id, refusal.reason))
        elif not (same_rules and file.id in known and _unchanged(library, file, known[file.id])):
            to_read.append(file)

    # 2. Files → documents → passages, and passages → vectors meanwhile
    taken = []
    progress.files(len(found) - len(to_read), len(found))
    with (
        Embedding(library, embedder, progress.passages) as embedding,
        closing(reader(root, to_read)) as outcomes,
    ):
        for done, outcome in enumerate(outcomes, len(found) - len(to_read) + 1):
            if isinstance(outcome, Read):
                take(outcome, now + 1, library, embedder, chunking, embedding)
                taken.append(outcome.file.id)
            else:
                _refuse(outcome, library)
                unreadable.append(Unreadable(outcome.file.id, outcome.reason))
            progress.files(done, len(found))
        gone = known.keys() - {file.id for file in found}
        gone |= known.keys() & {entry.id for entry in unreadable}
        library.retire(gone, now + 1)
        embedded = embedding.finish()
    library.commit()

    # 3. A snapshot of all that, published by one rename
    manifest = before
    basis = before if before and same_rules and snapshot.is_whole(index, before) else None
    if anew:
        basis = None
    published = bool(taken or gone) or basis is None or basis.root != str(root)
    rules = Rules(
        root=str(root),
        model=embedder.model,
        fingerprint=embedder.fingerprint,
        dimension=embedder.dimension,
        loaders=loaders.VERSION,
        terms=terms.VERSION,
        chunking=chunking,
    )
    if published:
        library.forget_dead(now)
        manifest = publish(index, now + 1, basis, rules, library)
    else:
        library.remember(now, rules)
    library.commit()
    library.seal()
    assert manifest is not None  # noqa: S101 - nothing published before means published now
    changed = len(known.keys() & set(taken))
    return BuildReport(
        snapshot=manifest.snapshot,
        published=published,
        documents=manifest.documents,
        passages=manifest.passages,
        added=len(taken) - changed,
        changed=changed,
        removed=len(gone),
        embedded=embedded,
        unreadable=tuple(sorted(unreadable, key=lambda entry: entry.id)),
        unknown=dict(unknown),
    )


def _published(index: Path) -> Manifest | None:
    """The manifest to start from; None where everything is to be read again."""
    try:
        return snapshot.read_manifest(index)
    except IndexMismatch as error:
        log.warning("%s: it is made anew, and what was embedded is kept", str(error).split(";")[0])
    except (IndexMissing, IndexDamaged):  # a build is what mends these
        pass
    return None


def _scanned(root: Path, index: Path) -> tuple[list[Found], list[Unreadable], Counter[str]]:
    """Documents, what cannot be looked at, and how many files have which unknown suffix."""
    entries = list(scan(root, loaders.SUFFIXES, skip=index))
    found = [entry for entry in entries if isinstance(entry, Found)]
    unreadable = [entry for entry in entries if isinstance(entry, Unreadable)]
    if not found and not unreadable:
        raise IndexProblem(f"{root} holds no documents; nothing was changed")
    return found, unreadable, Counter(entry for entry in entries if isinstance(entry, str))


def _stat(file: Found) -> tuple[int, int]:
    return file.size, file.mtime_ns


def _unchanged(library: LibraryWriter, file: Found, state: FileState) -> bool:
    if _stat(file) == (state.size, state.mtime_ns):
        return True
    try:
        if file.size != state.size or sha256_of(file.path) != state.sha256:
            return False
    except InaccessibleDocument:  # whoever reads it says why
        return False
    library.touch(file.id, FileState(file.size, file.mtime_ns, state.sha256))
    return True


def take(
    read: Read,
    born: int,
    library: LibraryWriter,
    embedder: Embedder,
    chunking: Chunking,
    embedding: Embedding,
) -> None:
    """Put what is now in a file in the place of what was."""
    document = read.document
    fitted = chunking.fitted(embedder.max_tokens)
    passages = chunk(document, fitted, embedder.count_tokens, library.passage_ids())
    texts = embedded_texts(document.title, passages, fitted, embedder.count_tokens)
    keys = [_key(embedder, text) for text in texts]
    analysed = analyse(document.title, passages, texts)
    library.retire([document.id], born)
    library.forgive([document.id])
    state = FileState(read.file.size, read.file.mtime_ns, read.sha256)
    library.add(document, state, passages, analysed, keys, born)
    embedding.add(keys, texts)


def _refuse(refused: Refused, library: LibraryWriter) -> None:
    """Remember that a file gives no text, if it never will."""
    if refused.lasting:
        refusal = Refusal(refused.file.size, refused.file.mtime_ns, refused.reason)
        library.refuse(refused.file.id, refusal)
    else:
        library.forgive([refused.file.id])


def _key(embedder: Embedder, text: str) -> bytes:
    return hashlib.sha256(f"{embedder.fingerprint}\n{text}".encode()).digest()
