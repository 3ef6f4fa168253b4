"""Exports of models on disk: written whole by one rename, and verified before they are used."""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import ModelError

RECORD, SUMS = "export.json", "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Export:
    """What is known of a model's export, kept beside its files.

    Attributes:
        refused: why this model runs on sentence-transformers; None where it was exported. The
            rest is then empty.
        dimension: length of a vector.
        max_tokens: most tokens the model reads at once, special tokens counted.
        question_prompt, passage_prompt: what the model wants before a text.
    """

    refused: str | None
    dimension: int
    max_tokens: int
    question_prompt: str
    passage_prompt: str


def refusal(reason: str) -> Export:
    """The record of a model that was not exported, so that it is not tried again."""
    return Export(reason, 0, 0, "", "")


def read_export(folder: Path) -> Export | None:
    """The verified export in `folder`; None where there is none.

    Raises:
        ModelError: a file is missing or altered; it is named.
    """
    try:
        lines = (folder / SUMS).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(folder / SUMS, str(error)) from error
    expected = dict(line.split("  ", 1)[::-1] for line in lines if "  " in line)
    if RECORD not in expected or len(expected) != len(lines):
        raise _damaged(folder / SUMS, "it is altered")
    for name, sha256 in expected.items():
        try:
            found = _sha256(folder / name)
        except (OSError, ValueError) as error:
            raise _damaged(folder / name, str(error)) from error
        if found != sha256:
            raise _damaged(folder / name, "it is altered")
    return Export(**json.loads((folder / RECORD).read_bytes()))


def write_export(folder: Path, write: Callable[[Path], Export]) -> Export:
    """Put an export into `folder`, all of it or nothing.

    Args:
        write: puts the files into the folder it is given, and returns the record.

    Where two processes export the same model at once, the first rename wins and the other's
    work is thrown away. A damaged export is replaced.

    Raises:
        OSError: the disk refuses.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(f".{folder.name}-*"):
        if not _is_used(leftover):
            shutil.rmtree(leftover, ignore_errors=True)
    draft = folder.parent / f".{folder.name}-{os.getpid()}-{secrets.token_hex(4)}"
    draft.mkdir()  # not mkdtemp, whose folders no other user can read
    try:
        export = write(draft)
        (draft / RECORD).write_text(json.dumps(asdict(export), indent=1), "utf-8")
        # in the form of sha256sum -c, so that it can be checked without this program
        sums = [f"{_sha256(path)}  {path.name}\n" for path in sorted(draft.iterdir())]
        (draft / SUMS).write_text("".join(sums), "utf-8")
        for path in (*draft.iterdir(), draft):
            _sync(path)
        while True:
            try:
                draft.rename(folder)
            except OSError:  # a folder with something in it cannot be renamed over
                try:
                    other = read_export(folder)
                except ModelError:
                    other = None
                if other is not None:
                    return other
                if not folder.exists():
                    raise
                folder.rename(draft / "damaged")
                shutil.rmtree(draft / "damaged")
            else:
                _sync(folder.parent)
                return export
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _is_used(draft: Path) -> bool:
    """Whether the process that a draft is named after lives; else a kill left it behind."""
    try:
        os.kill(int(draft.name.rsplit("-", 2)[1]), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError):
        return True
    return True


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(f"{path} cannot be used: {why}; run `make index`, which exports it again")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
