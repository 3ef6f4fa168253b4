"""The command itself."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts import evaluate


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "DATA", tmp_path / "nothing")
    monkeypatch.setattr(evaluate, "VAR", tmp_path / "var")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.parametrize(
    "flags", [["--sets", "sample,scifact"], ["--failures", "scifact"], ["--sweep"]]
)
def test_a_set_that_is_not_there_is_named(flags: list[str]) -> None:
    done = CliRunner().invoke(evaluate.main, [*flags, "--processes", "1", "--sample", "1"])
    assert done.exit_code == 1
    assert "evaluate: no set '" in done.stderr
    assert "there are sample" in done.stderr


def test_a_mode_that_there_is_not_is_refused() -> None:
    done = CliRunner().invoke(evaluate.main, ["--modes", "hybrid,magic"])
    assert done.exit_code == 2
    assert "'magic' is none of hybrid, meaning, words" in done.stderr


def test_every_flag_is_in_the_help() -> None:
    shown = CliRunner().invoke(evaluate.main, ["-h"]).stdout
    for parameter in evaluate.main.params:
        assert parameter.opts[0] in shown
