"""Bytes that nobody meant: whatever is read gives its own error, or what it should."""

import hashlib
import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import loaders, snapshot
from index.errors import IndexProblem
from index.reading import Read, read
from index.scan import Found, scan
from tests.loaders import makers

FEW = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MANY = settings(FEW, max_examples=5_000, derandomize=False)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(["question", "limit", "mode", "answer", "explain", "timeout_ms", "other"])
BODIES = (
    st.binary(max_size=200)
    | st.text().map(lambda text: text.encode("utf-8", "replace"))
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(FIELDS, JSON | st.sampled_from(["tram", 5, "words"])).map(
        lambda fields: json.dumps({"question": "tram", **fields}).encode()
    )
)


def asked(client: FlaskClient, body: bytes) -> None:
    reply = client.post("/ask", data=body, content_type="application/json")
    assert reply.status_code in {200, 400}, body
    if reply.status_code == 400:
        assert reply.get_json()["detail"]


@FEW
@given(body=BODIES)
def test_any_body_is_answered_or_refused(client: FlaskClient, body: bytes) -> None:
    asked(client, body)


@pytest.mark.deep
@MANY
@given(body=BODIES)
def test_thousands_of_bodies_are_answered_or_refused(client: FlaskClient, body: bytes) -> None:
    asked(client, body)


def read_altered(index: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Read a manifest that was altered, and is pointed at as if it were right."""
    path = snapshot.folder(index, 1) / "manifest.json"
    kept, current = path.read_bytes(), (index / "CURRENT").read_bytes()
    written = json.dumps(change(json.loads(kept))).encode("utf-8", "surrogatepass")
    try:
        path.write_bytes(written)
        (index / "CURRENT").write_text(f"000001 {hashlib.sha256(written).hexdigest()}\n")
        with suppress(IndexProblem):  # any other error fails the test
            assert isinstance(snapshot.read_manifest(index), snapshot.Manifest)
    finally:
        path.write_bytes(kept)
        (index / "CURRENT").write_bytes(current)


def read_with(index: Path, data: st.DataObject, value: object) -> None:
    """Read a manifest that has `value` in the place of one of its fields, or of all."""

    def change(fields: dict[str, object]) -> object:
        name = data.draw(st.sampled_from([*sorted(fields), None]))
        return value if name is None else {**fields, name: value}

    read_altered(index, change)


@FEW
@given(data=st.data(), value=JSON)
def test_any_manifest_is_read_or_refused(index: Path, data: st.DataObject, value: object) -> None:
    read_with(index, data, value)


@pytest.mark.deep
@MANY
@given(data=st.data(), value=JSON)
def test_thousands_of_manifests_are_read_or_refused(
    index: Path, data: st.DataObject, value: object
) -> None:
    read_with(index, data, value)


GOOD: dict[str, Callable[[Path], object]] = {
    "docx": lambda path: makers.docx(path, makers.docx_paragraph("Text of a paragraph.")),
    "xlsx": lambda path: makers.xlsx(path, {"Sheet": [["Text", 1.5], ["More", "cells"]]}),
    "pptx": lambda path: makers.pptx(path, [["Title", "Text of a slide."]]),
    "odt": lambda path: makers.odt(path, "<text:p>Text of a paragraph.</text:p>"),
    "epub": lambda path: makers.epub(path, ["<h1>One</h1><p>Text of a chapter.</p>"]),
    "pdf": lambda path: makers.pdf(path, [[(50, 700, "Text of a page.")]]),
    "html": lambda path: path.write_text("<h1>One</h1><p>Text <b>of</b> a page.</p>"),
    "md": lambda path: path.write_text("# One\n\nText *of* [a](b).\n\n- list\n\n```\nx\n```\n"),
    "rtf": lambda path: path.write_text(r"{\rtf1\ansi Text \b of\b0  a \'e9 file.\par More}"),
    "csv": lambda path: path.write_text('a,b\n1,"two, three"\n'),
    "eml": lambda path: path.write_text("From: a@b.c\nSubject: One\n\nText of a mail.\n"),
    "txt": lambda path: path.write_text("Text of a file.\n"),
}


def altered(raw: bytes, chance: random.Random) -> bytes:
    """With one to eight bytes or stretches changed, cut out, doubled or swapped."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 8)):
        start = chance.randrange(len(changed) + 1)
        stretch = changed[start : start + chance.choice([1, 1, 4, 64])]
        other = chance.choice([b"", stretch * 2, bytes(stretch[::-1]), chance.randbytes(4)])
        changed[start : start + len(stretch)] = other
    return bytes(changed)


def read_all(folder: Path, rounds: int) -> None:
    chance = random.Random(0)  # noqa: S311 - the same files every time
    for kind, make in GOOD.items():
        path = folder / f"good.{kind}"
        make(path)
        for number in range(rounds):
            (folder / f"{number}.{kind}").write_bytes(altered(path.read_bytes(), chance))
    files = [f for f in scan(folder, loaders.SUFFIXES, folder / "no") if isinstance(f, Found)]
    assert len(files) == len(GOOD) * (rounds + 1)
    for outcome in read(folder, files):
        if isinstance(outcome, Read):
            assert len(outcome.document.text) < 1_000_000
        else:
            assert outcome.reason
            assert not outcome.file.id.startswith("good.")
            assert "crashed" not in outcome.reason, outcome.file.id


def test_altered_files_are_read_or_named(tmp_path: Path) -> None:
    read_all(tmp_path, 10)


@pytest.mark.deep
def test_thousands_of_altered_files_are_read_or_named(tmp_path: Path) -> None:
    read_all(tmp_path, 400)
