"""What can run code out of data is used nowhere; every package is pinned, and known."""

import ast
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from scripts import audit

ROOT = Path(__file__).parent.parent.parent

MODULES = frozenset({"cPickle", "cloudpickle", "dill", "jsonpickle", "marshal", "pickle", "shelve"})
CALLS = frozenset({"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load"})
ARGUMENTS = {
    "shell": False,
    "trust_remote_code": False,
    "allow_pickle": False,
    "weights_only": True,
}
"""What each may be said to be, where it is said."""


def sources() -> list[Path]:
    folders = ("index", "qa", "scripts", "tests")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def banned(code: str) -> Iterator[str]:
    """What a module does that none may, in words of its own."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
            yield from names & MODULES
        elif isinstance(node, ast.ImportFrom):
            yield from {(node.module or "").split(".")[0]} & MODULES
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            yield from {called.removeprefix("builtins.")} & CALLS
            said = {word.arg: ast.unparse(word.value) for word in node.keywords if word.arg}
            for name, allowed in ARGUMENTS.items():
                if said.get(name, str(allowed)) != str(allowed):
                    yield f"{name}={said[name]}"
            if called == "torch.load" and "weights_only" not in said:
                yield "torch.load without weights_only"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_runs_code_out_of_data(path: Path) -> None:
    assert list(banned(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import pickle", ["pickle"]),
        ("from marshal import loads", ["marshal"]),
        ("eval('1')", ["eval"]),
        ("import yaml\nyaml.load(text)", ["yaml.load"]),
        ("subprocess.run(line, shell=True)", ["shell=True"]),
        ("numpy.load(path, allow_pickle=True)", ["allow_pickle=True"]),
        ("Model(name, trust_remote_code=trusted)", ["trust_remote_code=trusted"]),
        ("torch.load(path)", ["torch.load without weights_only"]),
        ("model.eval()\nsubprocess.run(words, shell=False)", []),
    ],
)
def test_what_is_banned_is_seen(code: str, found: list[str]) -> None:
    assert list(banned(code)) == found


class Package(Distribution):
    """Installed, as far as its name and version go."""

    def __init__(self, name: str, version: str) -> None:
        self._said = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        return self._said if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


def test_a_package_that_nobody_pinned_is_named() -> None:
    pins = audit.pinned("# tested\nFlask_Thing==3.1\ntorch==2.13.0  # the CPU's\n")
    packages = [Package("flask.thing", "3.0"), Package("torch", "2.13.0+cpu"), Package("odd", "1")]
    assert list(audit.astray(pins, iter(packages))) == [
        "flask-thing 3.0 is installed, 3.1 is pinned; run `make setup` again",
        "odd 1 is installed and not in constraints.txt; pin it or remove it",
    ]


def test_a_known_weakness_is_told_with_its_mend() -> None:
    report = """{"dependencies": [
        {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]},
        {"name": "b", "version": "1", "vulns": []},
        {"name": "c", "skip_reason": "not found"}]}"""
    found, told = audit.read_report(report)
    assert found == ["a 1: PYSEC-1, mended in 2"]
    assert told == "2 of 3 packages looked up, 1 weaknesses"


@pytest.mark.parametrize("report", ["", '{"dependencies": [{"name": "c", "skip_reason": ""}]}'])
def test_without_a_network_the_audit_says_that_nothing_was_asked(report: str) -> None:
    found, told = audit.read_report(report)
    assert found == []
    assert "no database of known weaknesses answered" in told
