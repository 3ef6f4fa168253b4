"""A build that is killed at any step leaves the old snapshot or the new one, whole."""

import re
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from index import snapshot
from index.build import build
from index.upkeep import compact, rebuild
from tests.conftest import FILES, write_files
from tests.fakes import CountingEmbedder
from tests.storage import builder
from tests.storage.state import State, faults, leftovers, state

# All calls by which a build changes anything on the disk. strace counts those of each thread by
# themselves, so that the main thread's may come before another's of that number, or the other way
# round; hence steps are also counted on each file by itself. Tantivy draws its files' names.
CALLS = [
    "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2",
    "link", "linkat", "unlink", "unlinkat", "rmdir", "mkdir", "ftruncate",
]  # fmt: skip

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


@dataclass(frozen=True)
class Scenario:
    """An index, its documents as they are now, and what it answers before and after a build."""

    documents: Path
    index: Path
    flags: tuple[str, ...]
    old: State | None
    new: State


def make(folder: Path, kind: str) -> Scenario:
    """A first build, or one of a file changed, one new and one gone, made in one way or other."""
    documents, index = write_files(folder / "documents", FILES), folder / "index"
    embedder = CountingEmbedder(builder.WORDS)
    if kind != "first":
        build(documents, index, embedder)
        build(
            write_files(documents, {"new.txt": "New\n\nThe budget of the depot."}), index, embedder
        )
        (documents / "notes/bees.txt").unlink()
        write_files(
            documents, {"tram.txt": "The tram\n\nThe tram leads.", "more.txt": "More bees."}
        )
    old = state(index)
    shutil.copytree(index, folder / "after") if old else None
    how = {"compact": compact, "rebuild": rebuild}.get(kind, build)
    how(documents, folder / "after", embedder)
    new = state(folder / "after")
    assert new is not None
    assert kind == "rebuild" or new != old
    flags = (f"--{kind}",) if kind in {"compact", "rebuild"} else ()
    return Scenario(documents, index, flags, old, new)


def fresh(scenario: Scenario, folder: Path) -> Path:
    """The index of a scenario as it was before, in a folder of always the same name."""
    folder.mkdir(exist_ok=True)
    index = folder / "index"
    if index.exists():  # late threads of readers may still make a lock in it
        gone = index.rename(folder / f"gone-{time.monotonic_ns()}")
        shutil.rmtree(gone, ignore_errors=True)
    if scenario.old is not None:
        shutil.copytree(scenario.index, index)
    return index


def killed(scenario: Scenario, call: str, when: int, folder: Path, name: str | None = None) -> bool:
    """Kill a build at its `when`-th such call, on that file of the index if one is named.

    What is left is judged. False where there is no such call, and the build came to its end.
    """
    index = fresh(scenario, folder)
    path = None if name is None else index / name
    command = builder.command(scenario.documents, index, *scenario.flags)
    log = folder / "log"
    done = builder.run(builder.traced(call, f"signal=KILL:when={when}", command, log, path))
    fired = "killed by SIGKILL" in log.read_text()
    assert done.returncode == (-signal.SIGKILL if fired else 0), done.stderr
    where = f"{call} {when} {name or ''}"
    if not fired:
        assert state(index) == scenario.new, where
        assert leftovers(index) == [], where
        return False
    if index.exists():
        number = snapshot.current(index)
        left = state(index)
        was_published = number != snapshot.current(scenario.index)
        assert left == (scenario.new if was_published else scenario.old), where
        assert faults(index) == [], where
    build(scenario.documents, index, CountingEmbedder(builder.WORDS))
    assert state(index) == scenario.new or scenario.flags == ("--rebuild",), where
    assert faults(index) == [], where
    assert leftovers(index) == [], where
    return True


def files(scenario: Scenario, folder: Path) -> list[tuple[str, str]]:
    """(call, file) for every kind of call on every file of the index whose name is not drawn."""
    index = fresh(scenario, folder)
    command = builder.command(scenario.documents, index, *scenario.flags)
    log, every = folder / "log", ",?".join(CALLS)
    assert builder.run(builder.traced(every, "", command, log)).returncode == 0
    called = re.compile(rf"\d+ +(\w+)\(.*?[<\"]{re.escape(str(index))}/([^>\"]*)")
    found = {match.groups() for match in map(called.match, log.read_text().splitlines()) if match}
    assert found
    drawn = re.compile(r"\.tmp|[0-9a-f]{32}")
    return sorted((call, name) for call, name in found if not drawn.search(name))


def steps(scenario: Scenario, folder: Path) -> Iterator[str]:
    """Every step of a build; each is killed at before it is yielded."""
    named = files(scenario, folder)
    for call, name in [*((call, None) for call in CALLS), *named]:
        when = 1
        while killed(scenario, call, when, folder, name):
            yield f"{call} {when} {name}"
            when += 1


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return make(tmp_path_factory.mktemp("change"), "change")


@needs_strace
@pytest.mark.parametrize(
    ("call", "name", "when"),
    [
        ("pwrite64", "library.db-wal", 9),
        ("unlink", "library.sum", 1),
        ("pwrite64", "library.db", 3),
        ("fdatasync", None, 12),
        ("write", "snapshots/.000003/manifest.json", 1),
        ("rename", "snapshots/.000003", 1),
        ("write", ".CURRENT", 1),
        ("rename", ".CURRENT", 1),
        ("unlinkat", None, 8),
        ("pwrite64", "library.db-wal", 40),
        ("rename", ".library.sum", 2),
    ],
)
def test_a_killed_build_leaves_the_old_snapshot_or_the_new(
    change: Scenario, tmp_path: Path, call: str, name: str | None, when: int
) -> None:
    fired = killed(change, call, when, tmp_path, name)
    assert fired, "there is no such step any more; name another"


@needs_strace
@pytest.mark.deep
@pytest.mark.parametrize("kind", ["first", "change", "compact", "rebuild"])
def test_whichever_step_it_is_killed_at(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = make(tmp_path, kind)
    killed_at = list(steps(scenario, tmp_path / "one"))
    assert len({step.split()[0] for step in killed_at}) >= 8
    assert len(killed_at) > 200
    with capsys.disabled():
        click.echo(f"\n{kind}: killed at {len(killed_at)} steps, nothing lost")
