"""The processes that are measured, and those that measure."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.benchmark.plan import Load, Plan

ROOT = Path(__file__).parents[2]
CITEWELL = str(Path(sys.executable).with_name("citewell"))

_URL = re.compile(r"http://127\.0\.0\.1:(\d+)")
_TO_STOP_SECONDS = 30
_LONGEST_SECONDS = 4 * 3600


class BenchmarkProblem(Exception):
    """What was to be measured did not work; the message says what."""


def environment(**more: str) -> dict[str, str]:
    """As a user has it, without settings of ours, and without a network to look for models."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    return {**plain, "HF_HUB_OFFLINE": "1", **more}


def run(command: Sequence[str], given: str = "", seconds: float = _LONGEST_SECONDS) -> str:
    """What a command prints.

    Raises:
        BenchmarkProblem: it ended with a status other than 0.
    """
    done = subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=ROOT,
        env=environment(),
        check=False,
    )
    if done.returncode:
        raise BenchmarkProblem(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def timed(command: Sequence[str]) -> float:
    """Seconds that a command takes, from before its start to its end."""
    began = time.perf_counter()
    run(command)
    return time.perf_counter() - began


@contextmanager
def beside(command: Sequence[str]) -> Iterator[None]:
    """A command that runs while the block does, and has ended when it is left.

    Raises:
        BenchmarkProblem: it ended with a status other than 0.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, env=environment()
    )
    try:
        yield
        _, said = process.communicate(timeout=_LONGEST_SECONDS)
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        raise BenchmarkProblem(f"{' '.join(command)} ended with {process.returncode}: {said!r}")


def module(name: str, *arguments: str) -> list[str]:
    """The command for a module of this package."""
    return [sys.executable, "-m", f"scripts.benchmark.{name}", *arguments]


def index_command(documents: Path, index: Path) -> list[str]:
    return [CITEWELL, "index", str(documents), "--index", str(index)]


@dataclass(frozen=True, slots=True)
class Server:
    pid: int
    port: int


@contextmanager
def serving(command: Sequence[str], log: Path, **settings: str) -> Iterator[Server]:
    """A server on a port of its own, as soon as it says where; stopped at the end.

    Args:
        log: file for what it says.

    Raises:
        BenchmarkProblem: it ended without saying where it serves.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=environment(**settings),
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        with log.open("w", encoding="utf-8") as kept:
            for line in process.stdout:
                kept.write(line)
                if found := _URL.search(line):
                    break
            else:
                raise BenchmarkProblem(f"{' '.join(command)} does not serve; see {log}")
        threading.Thread(target=_drain, args=(process.stdout, log), daemon=True).start()
        yield Server(process.pid, int(found[1]))
    finally:
        process.terminate()
        try:
            process.wait(_TO_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _drain(said: Iterator[str], log: Path) -> None:
    """Keep what a server says, which would stand still with a full pipe."""
    with log.open("a", encoding="utf-8") as kept:
        for line in said:
            kept.write(line)


def serve_command(index: Path) -> list[str]:
    return [CITEWELL, "serve", "--port", "0", "--index", str(index)]


def load(plan: Plan) -> Load:
    """What the load generator saw, from its own process."""
    given = json.dumps(asdict(plan)) + "\n"
    return _load(run(module("loadgen"), given, plan.seconds * 2 + 60))


@contextmanager
def loading(plan: Plan, into: list[Load]) -> Iterator[None]:
    """Load for as long as the block takes; what was seen is appended to `into`."""
    process = subprocess.Popen(
        module("loadgen"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdin is not None  # noqa: S101 - asked for above
    try:
        process.stdin.write(json.dumps(asdict(plan)) + "\n")
        process.stdin.flush()
        yield
        printed, _ = process.communicate(timeout=120)
        into.append(_load(printed))
    finally:
        process.kill()
        process.wait()


def _load(printed: str) -> Load:
    fields = json.loads(printed)
    return Load(tuple(fields["latencies"]), fields["refused"], fields["failed"], fields["seconds"])
