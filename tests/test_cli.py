"""The command line, as a person runs it. One index for all, since the model takes seconds."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qa.cli import main
from tests.conftest import FILES, write_files
from tests.test_transformers_reader import write_model

ROOT = Path(__file__).parent.parent


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environ)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """documents/ and var/index in it, built by the command with the bundled model."""
    folder = tmp_path_factory.mktemp("cli")
    write_files(folder / "documents", FILES)
    done = run("index", str(folder / "documents"), "--index", str(folder / "index"))
    assert done.exit_code == 0, done.output
    assert "snapshot 1: 3 documents, 4 passages (3 added, 0 changed, 0 removed" in done.output
    return folder


def test_indexing_again_remembers_the_folder_and_changes_nothing(folder: Path) -> None:
    done = run("index", QA_INDEX=str(folder / "index"))
    assert done.exit_code == 0
    assert f"indexing {folder / 'documents'} into" in done.output
    assert "nothing has changed: snapshot 1, 3 documents, 4 passages" in done.output


def test_a_file_without_text_is_listed_and_the_exit_status_says_so(
    folder: Path, tmp_path: Path
) -> None:
    write_files(tmp_path / "d", {"good.txt": "Good.", "bad.txt": "", "photo.jpg": "?"})
    done = run("index", str(tmp_path / "d"), "--index", str(tmp_path / "i"))
    assert done.exit_code == 3
    lines = done.stdout.splitlines()
    assert "passed over, of no known format: 1 .jpg" in lines
    assert "1 file gave no text:" in lines
    assert lines[-1].startswith("  bad.txt: ")
    assert "1 document, 1 passage" in done.output


def test_a_question_is_answered_in_the_terminal(folder: Path) -> None:
    index = str(folder / "index")
    done = run("ask", "who leads the center?", "--index", index, "--limit", "2", "--reader", "none")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0] == "1. The new center › The new center › Leadership"
    assert re.fullmatch(r"   center.md  \(\d+%\)", lines[1])
    assert "   »The academy leads the center.« Its budget is not known yet." in lines
    assert lines[-1].startswith("2 passages of 4 in ")


def test_a_question_is_answered_as_json(folder: Path) -> None:
    index = str(folder / "index")
    done = run("ask", "--json", "--explain", "how much honey?", "--index", index, QA_READER="none")
    body = json.loads(done.output)
    assert (body["question"], len(body["passages"])) == ("how much honey?", 3)
    assert (body["answer"], body["explain"]["reader"]) == (None, None)
    assert body["passages"][0]["document"]["id"] == "notes/bees.txt"


def test_a_reader_of_ones_own_answers_in_the_terminal(folder: Path, tmp_path: Path) -> None:
    asked = ["ask", "who leads the harbor?", "--index", str(folder / "index")]
    own = ["--reader", str(write_model(tmp_path / "reader")), "--limit", "1"]
    always, never = run(*asked, *own, "--threshold", "0"), run(*asked, *own, QA_THRESHOLD="1")
    assert re.fullmatch(r".+: .+  \(\d+%\)", always.output.splitlines()[1])
    assert never.output.startswith("No answer in your documents; closest passages:\n\n1. ")


def test_a_reader_that_is_none_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    done = run("ask", "honey?", "--index", str(folder / "index"), "--reader", str(tmp_path))
    assert done.exit_code == 1
    assert "holds no model: no .safetensors file" in done.output
    assert len(done.output.splitlines()) == 1


def test_by_words_only_what_holds_them_is_found(folder: Path) -> None:
    done = run("ask", "--mode", "words", "how much honey?", "--index", str(folder / "index"))
    assert done.output.splitlines()[-1].startswith("1 passage of 4 in ")
    assert "40 kg of honey" in done.output
    nothing = run("ask", "--mode", "words", "zebra", "--index", str(folder / "index"))
    assert nothing.output.startswith("No passage holds a word of that.")


def test_a_whole_index_passes_the_check(folder: Path) -> None:
    done = run("check", "--index", str(folder / "index"))
    assert done.exit_code == 0
    assert done.output.startswith("whole: snapshot 1 of ")
    assert "3 documents, 4 passages, model all-MiniLM-L6-v2" in done.output


def test_a_damaged_index_fails_the_check_and_is_mended_by_indexing(
    folder: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    assert run("index", str(folder / "documents"), "--index", str(index)).exit_code == 0
    vectors = index / "snapshots/000001/vectors/matrix.npy"
    vectors.write_bytes(vectors.read_bytes()[:-1])
    done = run("check", "--index", str(index))
    assert done.exit_code == 1
    assert f"{vectors} is altered" in done.output
    assert "citewell: 1 faults; run `make index`" in done.output
    refused = run("ask", "honey?", "--index", str(index))
    assert refused.exit_code == 1
    assert f"citewell: {vectors} is altered; run `make index`" in refused.output
    assert run("index", "--index", str(index)).exit_code == 0
    assert run("check", "--index", str(index)).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["ask", ""], 1, "citewell: question is empty; write one"),
        (["ask", "a\0b"], 1, "citewell: question holds the control character U+0000"),
        (["ask", "a", "--limit", "99"], 1, "citewell: limit is 99; it must be between 1 and 50"),
        (["ask", "a", "--index", "/nowhere"], 1, "citewell: there is no index in /nowhere yet"),
        (["check", "--index", "/nowhere"], 1, "citewell: there is no index in /nowhere yet"),
        (["index", "/nowhere", "--index", "x"], 2, "citewell: /nowhere is not a folder"),
        (["serve", "--port", "many"], 2, "citewell: --port is 'many'; a port is a number"),
        (["serve", "--host", "0.0.0.0"], 2, "set QA_TOKEN to a secret"),  # noqa: S104
        (["serve", "--port"], 2, "Option '--port' requires an argument"),
        (["ask", "a", "--model", "no/such/model"], 1, "citewell: no model 'no/such/model'"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    arguments: list[str], status: int, message: str
) -> None:
    done = run(*arguments, QA_INDEX="/nowhere")
    assert done.exit_code == status
    assert message in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", ["index", "ask", "serve", "check"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = run(command, "--help")
    assert done.exit_code == 0
    assert f"  citewell {command}" in done.output.partition("Example")[2]


def test_the_version_is_told() -> None:
    from importlib.metadata import version

    assert run("--version").output == f"citewell, version {version('citewell')}\n"


@contextmanager
def served(folder: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server process, and its address once it has told it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "qa", "serve", "--port", "0", "--index", str(folder), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    with process:
        try:
            lines = iter(process.stdout.readline, "")
            said = next((line for line in lines if line.startswith("serving on http://")), "  ")
            yield process, said.split(" ")[2]
        finally:
            process.kill()


def ask_at(address: str, host: str = "localhost") -> tuple[int, dict[str, Any]]:
    """What a new connection is told."""
    connection = http.client.HTTPConnection("127.0.0.1", int(address.rpartition(":")[2]), 60)
    body = b'{"question": "who leads the center?"}'
    headers = {"content-type": "application/json", "host": host}
    with closing(connection):
        connection.request("POST", "/ask", body, headers)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_says_where_and_ends_in_order(folder: Path, workers: str) -> None:
    with served(folder / "index", "--workers", workers) as (process, address):
        assert process.stdout is not None
        assert process.stderr is not None
        example = "".join(process.stdout.readline() for _ in range(3))
        assert f"curl -s {address}/ask -H 'content-type: application/json'" in example
        status, answer = ask_at(address)
        assert (status, "academy leads" in answer["passages"][0]["text"]) == (200, True)
        assert ask_at(address, "evil.example")[0] == 400
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        lines = [json.loads(line) for line in process.stderr.read().splitlines()]
        requests = [(line["method"], line["path"], line["status"]) for line in lines]
        assert requests == [("POST", "/ask", 200), ("POST", "/ask", 400)]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_keeps_a_server_from_starting_is_one_line(folder: Path, workers: str) -> None:
    flags = ["--workers", workers, "--model", str(folder / "no-model")]
    with served(folder / "index", *flags) as (process, _):
        assert process.stderr is not None
        assert process.wait(timeout=60) == 1
        (line,) = process.stderr.read().splitlines()
        assert line.startswith("citewell: ")
        assert "no-model" in line


def test_a_worker_that_is_killed_is_replaced(folder: Path) -> None:
    with served(folder / "index", "--workers", "1") as (process, address):
        alone = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not alone.exists():
            pytest.skip("children are told by Linux only")
        assert alone.read_text() == ""
    with served(folder / "index", "--workers", "2") as (process, address):
        assert process.stderr is not None
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        first = int(children.read_text().split()[0])
        os.kill(first, signal.SIGKILL)
        told = json.loads(process.stderr.readline())["message"]
        assert told == "a server process ended with status -9; another takes its place"
        assert ask_at(address)[0] == 200
        while len(others := children.read_text().split()) < 2:
            assert ask_at(address)[0] == 200
        assert str(first) not in others
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
