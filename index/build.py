"""The whole pipeline: files → documents → passages → vectors → a published snapshot."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Protocol

import numpy as np
from filelock import FileLock, Timeout

from index import bm25, loaders, snapshot, terms, vectors, words
from index.chunker import Chunking, chunk, embedded_texts
from index.embedders import Embedder
from index.errors import (
    IndexBusy,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    IndexProblem,
    SettingsError,
    UnreadableDocument,
)
from index.library import FileState, LibraryWriter
from index.scan import Found, Unreadable, scan
from index.snapshot import Manifest

# Texts embedded between two commits: what a killed build has to do again at most.
_BATCH = 256


class Progress(Protocol):
    """Told how far a build is. Counts only grow; `done` reaches `total`."""

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
) -> BuildReport:
    """Bring the index in `index` up to date with the folder `documents`.

    The cost follows the change: an unchanged file is not opened, a changed one costs only
    the passages that nothing embedded before. A kill at any step leaves the published
    snapshot as it was, and what was embedded is not embedded again.

    Raises:
        SettingsError: `documents` is not a folder.
        IndexBusy: another build of this index is running.
        IndexProblem: the folder holds nothing to index, or the disk refuses.
    """
    if not documents.is_dir():
        raise SettingsError(f"{documents} is not a folder; name the folder of your documents")
    chunking, progress = chunking or Chunking(), progress or Silent()
    try:
        index.mkdir(parents=True, exist_ok=True)
        with FileLock(index / "build.lock", timeout=0), LibraryWriter(index) as library:
            return _build(documents.resolve(), index, embedder, chunking, library, progress)
    except Timeout:
        raise IndexBusy(
            f"another build is writing {index}; wait for it to end, then try again"
        ) from None
    except OSError as error:
        raise IndexProblem(
            f"{index} cannot be written: {error}; the index is as it was before"
        ) from error


def _build(
    root: Path,
    index: Path,
    embedder: Embedder,
    chunking: Chunking,
    library: LibraryWriter,
    progress: Progress,
) -> BuildReport:
    before = _published(index)
    now = before.snapshot if before else snapshot.highest(index)
    library.forget_unpublished(now)
    same_rules = (
        before is not None
        and before.fingerprint == embedder.fingerprint
        and before.loaders == loaders.VERSION
        and before.terms == terms.VERSION
        and before.chunking == chunking
        and before.content == library.digest(now)
    )
    known = library.files()

    entries = list(scan(root, loaders.SUFFIXES, skip=index))
    found = [entry for entry in entries if isinstance(entry, Found)]
    unreadable = [entry for entry in entries if isinstance(entry, Unreadable)]
    unknown = Counter(entry for entry in entries if isinstance(entry, str))
    if not found and not unreadable:
        raise IndexProblem(f"{root} holds no documents; nothing was changed")

    # 1. Files → documents → passages, where a file changed
    read: dict[str, bool] = {}
    for done, file in enumerate(found, 1):
        state = known.get(file.id)
        try:
            if not (same_rules and state and _unchanged(library, file, state)):
                _take(root, file, now + 1, library, embedder, chunking)
                read[file.id] = state is not None
        except UnreadableDocument as error:
            unreadable.append(Unreadable(file.id, str(error)))
        progress.files(done, len(found))
    gone = known.keys() - {file.id for file in found}
    gone |= known.keys() & {entry.id for entry in unreadable}
    library.retire(gone, now + 1)
    library.commit()

    # 2. Passages → vectors, where nothing embedded them before
    embedded = _embed(library, embedder, chunking, progress)

    # 3. A snapshot of all that, published by one rename
    manifest = before
    published = (
        bool(read or gone)
        or not same_rules
        or before is None
        or before.root != str(root)
        or any(snapshot.faults(index, before))
    )
    if published:
        manifest = _publish(root, index, now + 1, embedder, chunking, library)
        snapshot.delete_others(index, keep={now, now + 1})
        library.forget_dead(now)
    assert manifest is not None  # noqa: S101 - nothing published before means published now
    return BuildReport(
        snapshot=manifest.snapshot,
        published=published,
        documents=manifest.documents,
        passages=manifest.passages,
        added=sum(not was_known for was_known in read.values()),
        changed=sum(read.values()),
        removed=len(gone),
        embedded=embedded,
        unreadable=tuple(sorted(unreadable, key=lambda entry: entry.id)),
        unknown=dict(unknown),
    )


def _published(index: Path) -> Manifest | None:
    """The manifest to start from; None where everything is to be read again."""
    try:
        return snapshot.read_manifest(index)
    except (IndexMissing, IndexDamaged, IndexMismatch):  # a build is what mends these
        return None


def _unchanged(library: LibraryWriter, file: Found, state: FileState) -> bool:
    if (file.size, file.mtime_ns) == (state.size, state.mtime_ns):
        return True
    if file.size != state.size or _sha256(file) != state.sha256:
        return False
    library.touch(file.id, FileState(file.size, file.mtime_ns, state.sha256))
    return True


def _sha256(file: Found) -> bytes:
    try:
        with file.path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").digest()
    except OSError as error:
        raise UnreadableDocument(error.strerror or str(error)) from error


def _take(
    root: Path,
    file: Found,
    born: int,
    library: LibraryWriter,
    embedder: Embedder,
    chunking: Chunking,
) -> None:
    """Put what is now in a file in the place of what was."""
    # The hash comes first: a file that changes meanwhile then differs at the next build.
    state = FileState(file.size, file.mtime_ns, _sha256(file))
    document = loaders.load(root, file.path)
    fitted = chunking.fitted(embedder.max_tokens)
    passages = chunk(document, fitted, embedder.count_tokens, library.passage_ids())
    texts = embedded_texts(document.title, passages, fitted, embedder.count_tokens)
    keys = [_key(embedder, text) for text in texts]
    library.retire([document.id], born)
    found = [bm25.joined(terms.terms(text)) for text in texts]
    library.add(document, state, passages, found, keys, born)


def _key(embedder: Embedder, text: str) -> bytes:
    return hashlib.sha256(f"{embedder.fingerprint}\n{text}".encode()).digest()


def _embed(
    library: LibraryWriter, embedder: Embedder, chunking: Chunking, progress: Progress
) -> int:
    ids = library.without_vector()
    for first in range(0, len(ids), _BATCH):
        progress.passages(first, len(ids))
        fitted = chunking.fitted(embedder.max_tokens)
        keys, texts = [], []
        for title, stored in groupby(
            library.passages(ids[first : first + _BATCH]), key=lambda entry: entry[1].title
        ):
            some = list(stored)
            keys += [key for key, _ in some]
            passages = [entry.passage for _, entry in some]
            texts += embedded_texts(title, passages, fitted, embedder.count_tokens)
        library.store_vectors(keys, embedder.embed_passages(texts))
        library.commit()
    progress.passages(len(ids), len(ids))
    return len(ids)


def _publish(
    root: Path,
    index: Path,
    number: int,
    embedder: Embedder,
    chunking: Chunking,
    library: LibraryWriter,
) -> Manifest:
    ids, matrix = library.vectors(embedder.dimension)
    counts = library.counts(number)
    if counts.passages != len(ids):
        raise IndexDamaged(f"{index}: {counts.passages - len(ids)} passages have no vector")
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

    def write(folder: Path) -> None:
        vectors.write(
            folder, ids, lambda some: matrix[np.searchsorted(ids, some)], embedder.dimension
        )
        words.write(folder, ((number, found.split()) for number, found in library.terms()))

    return snapshot.publish(index, number, write, manifest)
