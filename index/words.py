"""Which passages hold which terms. The only file that imports tantivy.

Tantivy (an inverted index on disk) finds the candidates and knows how common a term is;
their scores are `index.bm25`'s, so that a passage found by meaning gets the same score.
"""

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged, IndexProblem
from index.terms import pairs

if TYPE_CHECKING:
    import tantivy

FOLDER = "words"

_TERMS, _PAIRS, _ID = "terms", "pairs", "id"
_HEAP = 64 * 1024 * 1024

# How much of the files may be of deleted passages, which cost room and time, and bend what
# tantivy thinks of how common a term is (its order is nearly the best, the scores are exact).
_MOST_DELETED = 0.1

# Passages deleted by one query.
_AT_ONCE = 1000

# A word of so many letters may have so many wrong ones (two letters swapped count as one).
_LEAST_LETTERS = 4
_TWO_WRONG_FROM = 8
_MOST_ALIKE = 3


class WordIndex:
    """The terms of every passage of one snapshot. Safe to share between threads.

    Attributes:
        has_deleted: whether terms of deleted passages, which nothing finds, are in the files.
    """

    def __init__(self, folder: Path) -> None:
        """Open what `write` wrote into `folder`.

        Raises:
            IndexDamaged: it is not an index that tantivy can read.
            IndexProblem: the folder is read-only and no copy of it can be made.
        """
        import tantivy

        path = folder / FOLDER
        if path.is_dir() and not os.access(path, os.W_OK):
            # tantivy locks the folder even to read it; on a read-only disk a copy is read
            path = self._copied(path)
        try:
            index = tantivy.Index.open(str(path))
            index.config_reader("manual", 0)
            index.reload()
            self._searcher = index.searcher()
            _delete_locks(path)
            deleted, _ = _deleted(path)
        except (ValueError, OSError) as error:
            raise IndexDamaged(f"{folder / FOLDER} cannot be read; run `make index`") from error
        self.has_deleted = deleted > 0
        self._schema = index.schema

    def _copied(self, path: Path) -> Path:
        """A copy that lasts as long as this index is open."""
        try:
            copy = Path(tempfile.mkdtemp(prefix="citewell-"))
            weakref.finalize(self, shutil.rmtree, copy, ignore_errors=True)
            for file in path.iterdir():
                shutil.copyfile(file, copy / file.name)
        except OSError as error:
            raise IndexProblem(
                f"{path} is read-only and cannot be copied to be read: {error}; "
                "free the disk of the temporary files, then try again"
            ) from error
        return copy

    @property
    def count(self) -> int:
        return int(self._searcher.num_docs)

    def ids(self) -> NDArray[np.int64]:
        """(count,) int64, ascending."""
        from tantivy import Query

        found = self._searcher.search(Query.all_query(), max(1, self.count), count=False).hits
        ids = self._searcher.fast_field_values(_ID, [address for _, address in found])
        return np.sort(np.array(ids, np.int64))

    def frequency(self, term: str) -> int:
        """How many passages hold a term, or a pair of terms."""
        from tantivy import Query

        field = _PAIRS if "_" in term else _TERMS
        held = int(self._searcher.doc_freq(field, term))
        if held and self.has_deleted:  # tantivy's number counts deleted passages in
            query = Query.term_query(self._schema, field, term, "basic")
            found: Any = self._searcher.search(query, 1, count=True)
            held = int(found.count)
        return held

    def alike(self, term: str) -> list[tuple[str, int]]:
        """(term, typing errors) of the terms spelt most like an unknown one, at most 3.

        The first letter is taken to be right. Nearest first, of equals the most common;
        [] where nothing is near enough. Errors are counted as by Damerau and Levenshtein
        (optimal string alignment).
        """
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        if len(term) < _LEAST_LETTERS or not term.isalpha():
            return []
        known = dict(self._searcher.terms_with_prefix(_TERMS, term[0]))
        near = extract(
            term,
            known.keys(),
            scorer=OSA.distance,
            score_cutoff=2 if len(term) >= _TWO_WRONG_FROM else 1,
            limit=None,
        )
        if self.has_deleted:  # a term may be left that only they held
            known = {found: self.frequency(found) for found, *_ in near}
        ranked = sorted(
            ((found, int(wrong)) for found, wrong, _ in near if known[found]),
            key=lambda match: (match[1], -known[match[0]], match[0]),
        )
        return ranked[:_MOST_ALIKE]

    def search(self, weights: dict[str, float], limit: int) -> NDArray[np.int64]:
        """The passages that hold most of these terms and pairs, by tantivy's own BM25.

        Args:
            weights: what each counts, as a factor.

        Returns:
            ids (k,) int64, best first, k <= limit; (0,) where none holds any.
        """
        from tantivy import Occur, Query

        if limit < 1 or not weights:
            return np.empty(0, np.int64)
        clauses = []
        for term, weight in weights.items():
            field = _PAIRS if "_" in term else _TERMS
            option = "basic" if field == _PAIRS else "freq"
            query = Query.term_query(self._schema, field, term, option)
            clauses.append((Occur.Should, Query.boost_query(query, weight)))
        found = self._searcher.search(Query.boolean_query(clauses), limit, count=False).hits
        ids = self._searcher.fast_field_values(_ID, [address for _, address in found])
        return np.array(ids, np.int64)


def write(folder: Path, passages: Iterable[tuple[int, Sequence[str]]]) -> None:
    """Write the terms of passages, by their ids, into `folder`; OSError where the disk refuses."""
    import tantivy

    path = folder / FOLDER
    path.mkdir()
    try:
        index = tantivy.Index(_schema(), path=str(path))
        index.config_reader(
            "manual", 0
        )  # or a thread of it looks for changes, and locks the folder
        _add(index.writer(_HEAP, num_threads=1), passages)
    except ValueError as error:  # tantivy has no other error for a full disk
        raise OSError(f"the words cannot be written: {error}") from error
    _tidy(path)


def update(
    folder: Path, before: Path, gone: Sequence[int], passages: Iterable[tuple[int, Sequence[str]]]
) -> bool:
    """Write into `folder` what stands in `before`, without `gone` and with `passages`.

    Files are linked, not copied: tantivy writes new ones and deletes old ones, and never
    changes one that stands. A deleted passage is not found from now on, but its terms stay
    until their file is merged with others.

    Returns:
        False, and nothing is written, where `write` is due: too much of it would be of
        deleted passages, or it cannot be read.
    """
    import tantivy

    path = folder / FOLDER
    try:
        deleted, whole = _deleted(before / FOLDER)
        if deleted + len(gone) > _MOST_DELETED * whole:
            return False
        path.mkdir()
        for file in (before / FOLDER).iterdir():
            _link(file, path / file.name)
        index = tantivy.Index.open(str(path))
        index.config_reader("manual", 0)
        writer = index.writer(_HEAP, num_threads=1)
        for first in range(0, len(gone), _AT_ONCE):
            some = list(gone[first : first + _AT_ONCE])
            writer.delete_documents_by_query(tantivy.Query.term_set_query(index.schema, _ID, some))
        _add(writer, passages)
    except (ValueError, FileNotFoundError):
        shutil.rmtree(path, ignore_errors=True)
        return False
    _tidy(path)
    return True


def _add(writer: "tantivy.IndexWriter", passages: Iterable[tuple[int, Sequence[str]]]) -> None:
    import tantivy

    for passage_id, found in passages:
        document = tantivy.Document()
        document.add_unsigned(_ID, passage_id)
        document.add_text(_TERMS, " ".join(found))
        document.add_text(_PAIRS, " ".join(pairs(found)))
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _deleted(path: Path) -> tuple[int, int]:
    """Of how many passages, deleted ones among them, the files hold terms: (deleted, all)."""
    segments = json.loads((path / "meta.json").read_bytes())["segments"]
    deletes = (segment["deletes"] for segment in segments)
    return (
        sum(some["num_deleted_docs"] for some in deletes if some),
        sum(segment["max_doc"] for segment in segments),
    )


def _link(file: Path, to: Path) -> None:
    try:
        to.hardlink_to(file)
    except OSError:  # a disk without links
        shutil.copy2(file, to)


def _tidy(path: Path) -> None:
    _delete_locks(path)
    mode = path.stat().st_mode & 0o666
    for file in path.iterdir():  # tantivy hides some from everyone but who built the index
        if file.stat().st_mode & 0o777 != mode:
            file.chmod(mode)


def _delete_locks(path: Path) -> None:
    """What tantivy leaves behind. Nothing is ever written there again that they would guard."""
    for lock in path.glob("*.lock"):  # hidden ones too
        lock.unlink(missing_ok=True)


def _schema() -> "tantivy.Schema":
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field(_ID, fast=True, indexed=True)
    builder.add_text_field(_TERMS, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field(_PAIRS, tokenizer_name="whitespace", index_option="basic")
    return builder.build()
