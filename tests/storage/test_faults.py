"""A disk that is full or fails costs a build one clear line, and the index nothing."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from index.build import build
from index.upkeep import compact
from qa.answerer import Answerer
from tests.conftest import write_files
from tests.fakes import CountingEmbedder
from tests.storage import builder
from tests.storage.state import faults, leftovers, state
from tests.storage.test_kill import Scenario, files, fresh, make, needs_strace

# Calls that fail where a disk is full or broken. What only deletes is not among them.
FAILING = {
    "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "link", "mkdir", "ftruncate"
}  # fmt: skip


def refused(index: Path, done: "subprocess.CompletedProcess[str]") -> None:
    """The build said in one line what is wrong, and where."""
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("citewell: ")
    assert str(index) in line


def failed(
    scenario: Scenario, call: str, how: str, folder: Path, name: str | None = None
) -> tuple[bool, bool]:
    """Let calls of a build fail, and judge what is left: (any did, and so did the build)."""
    index = fresh(scenario, folder)
    path = None if name is None else index / name
    command = builder.command(scenario.documents, index, *scenario.flags)
    log = folder / "log"
    done = builder.run(builder.traced(call, how, command, log, path))
    fired = "(INJECTED)" in log.read_text()
    where = f"{call} {how} {name or ''}\n{done.stderr}"
    if done.returncode == 0:  # not every failure matters
        assert state(index) == scenario.new, where
    else:
        assert fired, where
        refused(index, done)
        assert state(index) in (scenario.old, scenario.new), where
    assert faults(index) == [], where
    build(scenario.documents, index, CountingEmbedder(builder.WORDS))
    assert state(index) == scenario.new, where
    assert faults(index) == [], where
    assert leftovers(index) == [], where
    return fired, done.returncode != 0


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return make(tmp_path_factory.mktemp("change"), "change")


@needs_strace
@pytest.mark.parametrize(
    ("call", "name", "how"),
    [
        ("pwrite64", "library.db-wal", "error=ENOSPC:when=7"),
        ("pwrite64", "library.db", "error=ENOSPC:when=2+"),
        ("fdatasync", "library.db-wal", "error=EIO:when=2"),
        ("write", "build.holder", "error=ENOSPC:when=1+"),
        ("write", ".library.sum", "error=ENOSPC:when=1"),
        ("write", "snapshots/.000003/vectors/matrix.npy", "error=ENOSPC:when=1+"),
        ("fdatasync", None, "error=EIO:when=9+"),
        ("fsync", "snapshots/.000003/manifest.json", "error=EIO:when=1"),
        ("rename", "snapshots/.000003", "error=EIO:when=1"),
        ("write", ".CURRENT", "error=ENOSPC:when=1"),
    ],
)
def test_a_disk_that_refuses_costs_one_clear_line(
    change: Scenario, tmp_path: Path, call: str, name: str | None, how: str
) -> None:
    assert failed(change, call, how, tmp_path, name) == (True, True)


@needs_strace
def test_a_library_that_got_no_log_gets_it_from_the_next_build(tmp_path: Path) -> None:
    """SQLite goes on without, and tells nobody; what the next build changes is sealed anew."""
    first = make(tmp_path, "first")
    assert failed(first, "fdatasync", "error=ENOSPC:when=1", tmp_path / "one", "library.db") == (
        True,
        False,
    )


@needs_strace
@pytest.mark.deep
@pytest.mark.parametrize("kind", ["first", "change"])
def test_whichever_call_fails(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario, injected, told = make(tmp_path, kind), 0, 0
    named = [entry for entry in files(scenario, tmp_path / "one") if entry[0] in FAILING]
    tantivy = [(call, None) for call in ("fdatasync", "renameat")]
    for call, name in [*named, *tantivy]:
        for error in ("ENOSPC", "EIO"):
            for lasting in ("", "+"):
                when = 1
                while True:
                    how = f"error={error}:when={when}{lasting}"
                    fired, was_told = failed(scenario, call, how, tmp_path / "one", name)
                    if not fired:
                        break
                    injected, told, when = injected + 1, told + was_told, when + 1
    assert told > 100
    with capsys.disabled():
        click.echo(f"\n{kind}: {injected} faults injected, {told} ended the build, nothing lost")


Mount = Callable[..., None]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts something, as the command of that name does, and takes it away in the end."""
    program, undo, mounted = shutil.which("mount"), shutil.which("umount"), []

    def mount(*arguments: str) -> None:
        if program is None or undo is None or os.geteuid() != 0:
            pytest.skip("only root can mount")
        done = subprocess.run([program, *arguments], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
        if "remount" not in arguments[1]:
            mounted.append(arguments[-1])

    yield mount
    for point in mounted:
        assert undo is not None
        subprocess.run([undo, "--lazy", point], check=True)  # also while a file of it is open


@pytest.fixture
def point(tmp_path: Path) -> Path:
    folder = tmp_path / "mounted"
    folder.mkdir()
    return folder


def test_a_full_disk_costs_one_clear_line(
    documents: Path, point: Path, mount: Mount, embedder: CountingEmbedder
) -> None:
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(point))
    index = point / "index"
    build(documents, index, embedder)
    old = state(index)
    many = {f"{n}.txt": f"Paper {n}\n\n" + f"Bees of {n}. " * 9000 for n in range(12)}
    write_files(documents, many)
    refused(index, builder.run(builder.command(documents, index)))
    assert state(index) == old
    assert faults(index) == []
    for name in many:
        (documents / name).unlink()
    write_files(documents, {"tram.txt": "The tram\n\nIt rests."})
    done = builder.run(builder.command(documents, index))
    assert done.returncode == 0, done.stderr
    assert state(index) != old
    assert faults(index) == []
    assert leftovers(index) == []


def test_a_disk_that_fills_up_while_it_is_compacted(
    documents: Path, point: Path, mount: Mount, embedder: CountingEmbedder
) -> None:
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(point))
    index, filler = point / "index", point / "filler"
    build(documents, index, embedder)
    old = state(index)
    free = os.statvfs(point)
    filler.write_bytes(bytes(free.f_bavail * free.f_frsize - 70_000))
    refused(index, builder.run(builder.command(documents, index, "--compact")))
    assert state(index) == old
    assert faults(index) == []
    filler.unlink()
    compact(documents, index, embedder)
    assert (state(index), faults(index), leftovers(index)) == (old, [], [])


def test_a_read_only_disk_costs_one_clear_line_and_still_answers(
    documents: Path, index: Path, point: Path, mount: Mount, embedder: CountingEmbedder
) -> None:
    old = state(index)
    for name in ("library.db-wal", "library.db-shm"):  # as in an index that was copied to a disk
        (index / name).unlink(missing_ok=True)
    before = sorted((path, path.stat().st_mtime_ns) for path in index.rglob("*"))
    mount("--bind", str(index), str(point))
    mount("-o", "remount,bind,ro", str(point))
    write_files(documents, {"tram.txt": "The tram\n\nIt rests."})
    refused(point, builder.run(builder.command(documents, point)))
    assert state(point) == old
    assert faults(point) == []
    assert Answerer.open(point, embedder).document("tram.txt") is not None
    assert before == sorted((path, path.stat().st_mtime_ns) for path in index.rglob("*"))
