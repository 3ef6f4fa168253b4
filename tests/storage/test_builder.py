"""One builder at a time, and whoever comes second is told who is first."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from index import lock, snapshot
from index.check import check
from index.errors import IndexBusy
from qa.cli import main
from tests.storage import builder

HOLDING = """
import sys
from pathlib import Path
from index import lock
with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def other_builder(index: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the lock until its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(index)],
        cwd=builder.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_builder_says_who_is_first_and_fails_where_it_may_not_wait(
    documents: Path, index: Path
) -> None:
    with other_builder(index) as first:
        done = builder.run(builder.command(documents, index, "--no-wait"))
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert re.fullmatch(
            rf"citewell: another build is writing {index}: process {first.pid}, "
            r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*; wait for it to end, then try again",
            line,
        )
    assert snapshot.read_manifest(index).snapshot == 1


def test_a_second_builder_says_who_is_first_and_waits(documents: Path, index: Path) -> None:
    (documents / "new.txt").write_text("New bees.")
    with (
        other_builder(index) as first,
        subprocess.Popen(
            builder.command(documents, index), cwd=builder.ROOT, stdout=subprocess.PIPE, text=True
        ) as second,
    ):
        assert second.stdout is not None
        assert f"process {first.pid}, since" in second.stdout.readline()
        assert second.poll() is None
        assert first.stdin is not None
        first.stdin.close()
        assert second.stdout.readline() == "snapshot 2\n"
        assert second.wait(builder.HANG) == 0
    assert check(index)[1] == []


def test_the_command_does_not_wait_where_it_is_told_so(documents: Path, index: Path) -> None:
    with lock.held(index):
        done = CliRunner().invoke(
            main, ["index", str(documents), "--index", str(index), "--no-wait"]
        )
    assert done.exit_code == 1
    assert f"process {os.getpid()}, since" in done.stderr


def test_the_lock_of_a_killed_builder_is_free(documents: Path, index: Path) -> None:
    with other_builder(index) as first:
        first.send_signal(signal.SIGKILL)
        assert first.wait(builder.HANG) == -signal.SIGKILL
    assert (index / lock.HOLDER).exists()  # nobody was left to delete it
    done = builder.run(builder.command(documents, index, "--no-wait"))
    assert (done.returncode, done.stdout) == (0, "snapshot 1\n")
    assert not (index / lock.HOLDER).exists()


@pytest.mark.parametrize("said", [b"", b"{", b"[1]", b'{"pid": 1}', b"\xff"])
def test_a_holder_that_has_not_said_who_it_is_still_holds(index: Path, said: bytes) -> None:
    with lock.held(index):
        (index / lock.HOLDER).write_bytes(said)
        with (
            pytest.raises(IndexBusy, match=r"another build is writing .*: a process that has just"),
            lock.held(index),
        ):
            pass
