"""What the README shows is what the program does."""

import json
import re
from pathlib import Path

import pytest

from index import loaders
from qa.schemas import AskResponse

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_response_shown_is_one_the_api_gives() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    shown = AskResponse.model_validate_json(block)
    assert json.loads(shown.model_dump_json(exclude_unset=True)) == json.loads(block)
    (passage,) = shown.passages
    document = loaders.load(ROOT / "documents", ROOT / "documents" / passage.document.id)
    assert document.text[passage.start : passage.end] == passage.text
    assert "Beijing Academy of Blockchain and Edge Computing" in passage.text


def test_every_make_target_that_is_shown_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    shown = set(re.findall(r"\bmake ([a-z]+)", README))
    assert {"serve", "index", "ask", "test"} <= shown <= targets


def test_every_format_that_is_shown_is_read() -> None:
    shown = README.partition("are read")[0].rpartition("```")[2]
    suffixes = {f".{name}" for name in re.findall(r"\b[a-z]{2,5}\b", shown)} - {".and"}
    assert suffixes <= loaders.SUFFIXES
    assert loaders.SUFFIXES - suffixes <= {".text", ".markdown", ".htm"}


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
