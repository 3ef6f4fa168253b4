"""A portable archive of an index: its documents and settings, and nothing that derives from them.

    archive.json     format, settings, and count, length and sha256 of the other file
    documents.jsonl  one document a line, in the order in which the library holds them

A zip of UTF-8 JSON that any version, and any other program, can read. The only file of `index/`
that imports pydantic: an archive may come from anywhere.
"""

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from index import library, snapshot
from index.chunker import Chunking
from index.errors import ArchiveProblem, IndexProblem
from index.library import FileState, LibraryReader
from index.reading import Read
from index.records import Document, Section
from index.scan import Found

FORMAT = 1
HEAD, BODY = "archive.json", "documents.jsonl"

# Of an archive from anywhere no more is read than this. Text shrinks three to ten times.
MAX_HEAD = 1 << 20
MAX_LINE = 256 << 20
MAX_RATIO = 200

_DATE = (1980, 1, 1, 0, 0, 0)  # the same documents give the same archive

T = TypeVar("T", bound=BaseModel)

_Count = Annotated[int, Field(ge=0, lt=2**63)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Chunking(_Strict):
    size: Annotated[int, Field(ge=1, lt=2**31)]
    overlap: Annotated[int, Field(ge=0, lt=2**31)]
    context: Annotated[int, Field(ge=0, lt=2**31)]


class _Head(_Strict):
    format: int
    root: Annotated[str, Field(min_length=1, pattern=r"^[^\x00]+$")]
    model: str
    loaders: int
    chunking: _Chunking
    documents: _Count
    bytes: _Count
    sha256: _Sha256


class _Entry(_Strict):
    id: Annotated[str, Field(min_length=1, max_length=4096)]
    title: str
    text: str
    sections: list[tuple[int, list[str]]]
    pages: list[int]
    size: _Count
    mtime_ns: Annotated[int, Field(gt=-(2**63), lt=2**63)]
    sha256: _Sha256


def dump(index: Path, file: Path) -> int:
    """Write the documents of the published snapshot to a new archive; how many there are.

    Derived files may be damaged, or missing: the library alone is read.

    Raises:
        IndexProblem: there is no index, or its library is not whole.
        ArchiveProblem: `file` is there already, or the disk refuses.
    """
    number, root, model, loaders, chunking = _published(index)
    library.verify(index, root, number)
    reader = LibraryReader(index, root, number)
    draft = file.with_name(f".{file.name}.part")
    try:
        if file.exists():
            raise ArchiveProblem(f"{file} is there already; name another file, or delete it")
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            count, length, digest = 0, 0, hashlib.sha256()
            with archive.open(_member(BODY), "w", force_zip64=True) as body:
                for document, state in reader.documents():
                    line = _line(document, state)
                    count += 1
                    digest.update(line)
                    length += len(line)
                    body.write(line)
            head = _Head(
                format=FORMAT,
                root=str(root),
                model=model,
                loaders=loaders,
                chunking=_Chunking(**asdict(chunking)),
                documents=count,
                bytes=length,
                sha256=digest.hexdigest(),
            )
            archive.writestr(_member(HEAD), head.model_dump_json(indent=1))
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.rename(file)
    except OSError as error:
        raise ArchiveProblem(f"{file} cannot be written: {error}") from error
    finally:
        reader.close()
        draft.unlink(missing_ok=True)
    return count


class Archive:
    """An archive, verified and open: its sums hold, and it is not longer than it says.

    Attributes:
        root: the documents' folder when it was made.
        model: name of the embedding model then, for people.
        loaders: version of the text extraction.
        chunking: how documents were cut.
        count: documents.
    """

    def __init__(self, file: Path) -> None:
        """
        Raises:
            ArchiveProblem: it is no archive, is damaged, or of a later format.
        """
        self._file = file
        with self._opened() as archive:
            names = sorted(member.filename for member in archive.infolist())
            if names != [HEAD, BODY]:
                raise ArchiveProblem(f"{file} is not an archive of documents: it holds {names!r}")
            for member in archive.infolist():
                if member.file_size > MAX_HEAD + MAX_RATIO * member.compress_size:
                    raise ArchiveProblem(f"{file} would grow more than {MAX_RATIO} times; refused")
            with archive.open(HEAD) as content:
                said = content.read(MAX_HEAD + 1)
            try:
                version = json.loads(said)["format"]
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise ArchiveProblem(f"{file}: {HEAD} does not tell its format") from error
            if version != FORMAT:
                raise ArchiveProblem(
                    f"{file} has format {version!r}, this version reads {FORMAT}; "
                    "restore it with the version that made it, or a later one"
                )
            self._head = head = _parsed(_Head, said, f"{file}: {HEAD}")
            try:
                self.chunking = Chunking(**head.chunking.model_dump())
            except ValueError as error:
                raise ArchiveProblem(f"{file}: {error}") from error
            with archive.open(BODY) as content:
                digest = hashlib.file_digest(content, "sha256")  # type: ignore[arg-type]
                length = content.tell()
            if (length, digest.hexdigest()) != (head.bytes, head.sha256):
                raise ArchiveProblem(f"{file}: {BODY} is altered; take another copy of it")
        self.root, self.model = Path(head.root), head.model
        self.loaders, self.count = head.loaders, head.documents

    def documents(self) -> Generator[Read]:
        """Every document as it was read from its file, in the order of the archive.

        Raises:
            ArchiveProblem: one is not as a document must be.
        """
        known: set[str] = set()
        with self._opened() as archive, archive.open(BODY) as body:
            while line := body.readline(MAX_LINE + 1):
                where = f"{self._file}: document {len(known) + 1}"
                if len(line) > MAX_LINE:
                    raise ArchiveProblem(f"{where} is longer than {MAX_LINE:,} bytes")
                entry = _parsed(_Entry, line, where)
                if entry.id in known or not _is_id(entry.id):
                    raise ArchiveProblem(f"{where} has the name {entry.id!r}, which none may have")
                known.add(entry.id)
                yield self._read(entry, where)
        if len(known) != self.count:
            raise ArchiveProblem(f"{self._file} holds {len(known)} documents and says {self.count}")

    def _read(self, entry: _Entry, where: str) -> Read:
        path = self.root / entry.id
        try:
            document = Document(
                id=entry.id,
                title=entry.title,
                text=entry.text,
                sections=tuple(Section(at, tuple(heading)) for at, heading in entry.sections),
                pages=tuple(entry.pages),
                source=str(path),
                modified=entry.mtime_ns / 1e9,
            )
        except ValueError as error:
            raise ArchiveProblem(f"{where} cannot be: {error}") from error
        found = Found(entry.id, path, entry.size, entry.mtime_ns)
        return Read(found, bytes.fromhex(entry.sha256), document)

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self._file) as archive:
                yield archive
        # the latter two: encrypted, or packed in a way that nothing here writes
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as e:
            raise ArchiveProblem(f"{self._file} is damaged, or no archive: {e}") from e
        except OSError as error:
            raise ArchiveProblem(f"{self._file} cannot be read: {error}") from error


def _published(index: Path) -> tuple[int, Path, str, int, Chunking]:
    """Number, root, model's name, version of the loaders and chunking of what is published."""
    try:
        made = snapshot.read_manifest(index)
    except IndexProblem:
        kept = library.rules_kept(index)
        if kept is None:
            raise
        number, rules = kept
        return number, Path(rules.root), rules.model, rules.loaders, rules.chunking
    return made.snapshot, Path(made.root), made.model, made.loaders, made.chunking


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


def _line(document: Document, state: FileState) -> bytes:
    entry = _Entry(
        id=document.id,
        title=document.title,
        text=document.text,
        sections=[(section.start, list(section.heading)) for section in document.sections],
        pages=list(document.pages),
        size=state.size,
        mtime_ns=state.mtime_ns,
        sha256=state.sha256.hex(),
    )
    return entry.model_dump_json().encode() + b"\n"


def _parsed(kind: type[T], content: bytes, where: str) -> T:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ArchiveProblem(f"{where} is not as it must be: {field} {first['msg']}") from error


def _is_id(name: str) -> bool:
    """Whether it is the path of a file inside the documents' folder, and nothing else."""
    path = PurePosixPath(name)
    return (
        str(path) == name
        and not path.is_absolute()
        and not {"..", "."} & set(path.parts)
        and "\0" not in name
    )
