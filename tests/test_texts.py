"""Text of any script, and text that is none, is indexed, found, shown and cut by exact offsets."""

import unicodedata
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from index.build import build
from qa.answerer import Answerer
from qa.app import create_app
from tests.conftest import WORDS
from tests.fakes import CountingEmbedder

OTHER = {"other.txt": "The tram reaches the harbor in May.\n"}

# name → what stands in a file, what is asked, and what of that stands in the text that is shown
TEXTS = {
    "right to left": ("שלום עולם. החשמלית מגיעה לנמל במאי.\n", "החשמלית", "החשמלית מגיעה לנמל"),
    "arabic with marks": ("يصل الترام إلى المِينَاء في مايو.\n", "الترام", "المِينَاء"),
    "marks of direction": ("A \u202etram\u202c to the \u2067depot\u2069 goes.\n", "depot", "tram"),
    "combining marks": ("Die Straßenbahn fa\u0308hrt zum Cafe\u0301.\n", "café", "fährt zum Café"),
    "a heap of marks": ("Honey" + "\u0301\u0323" * 500 + " and bees.\n", "bees", "and bees."),
    "zero width": ("The zero\u200bwidth\u200d depot is\u2060 old.\n", "depot", "depot is"),
    "emoji": (
        "Bees 🐝 and a family 👨‍👩‍👧‍👦 flag 🇫🇷.\n",
        "family",
        "🐝 and a family 👨‍👩‍👧‍👦 flag 🇫🇷",
    ),
    "beyond 16 bits": ("The depot 𝒟𝑒𝓅𝑜𝓉 is 𠜎 old.\n", "depot", "𝒟𝑒𝓅𝑜𝓉 is 𠜎"),
    "chinese": ("北京的区块链中心由研究院领导。蜜蜂在冬天睡觉。\n", "区块链", "区块链中心"),
    "thai": ("รถรางไปถึงท่าเรือในเดือนพฤษภาคม\n", "รถราง", "รถราง"),
    # more than one in a thousand would be a binary file
    "nul": ("The de\0pot is old." + " Bees sleep in winter." * 60, "depot", "The depot is old."),
    "line ends": (
        "The depot\u2028is\x85old\x0band\x0cred.\r\n",
        "depot",
        "The depot\nis\nold\nand\nred.",
    ),
}


def is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"


def served(
    make_answerer: Callable[[dict[str, str]], Answerer], text: str, question: str
) -> tuple[dict[str, Any], Answerer, str]:
    """The first passage over HTTP, what it was asked of, and the document's page."""
    answerer = make_answerer({"text.txt": text, **OTHER})
    client = create_app(lambda: answerer).test_client()
    reply = client.post("/ask", json={"question": question, "mode": "words", "limit": 1})
    assert reply.status_code == 200
    (passage,) = reply.get_json()["passages"]
    page = client.get("/documents/text.txt", headers={"Accept": "text/html"})
    assert page.status_code == 200
    return passage, answerer, unescape(page.get_data(as_text=True))


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_found_by_a_word_of_it_shown_and_cut_exactly(
    make_answerer: Callable[[dict[str, str]], Answerer], name: str
) -> None:
    text, question, shown = TEXTS[name]
    passage, answerer, page = served(make_answerer, text, question)
    document = answerer.document("text.txt")
    assert document is not None
    assert passage["document"]["id"] == "text.txt"
    assert passage["text"] == document.text[passage["start"] : passage["end"]]
    assert shown in document.text
    assert unicodedata.is_normalized("NFC", document.text)
    for line in shown.split("\n"):
        assert line in page


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_can_be_a_question(
    make_answerer: Callable[[dict[str, str]], Answerer], name: str
) -> None:
    answerer = make_answerer({"text.txt": TEXTS[name][0], **OTHER})
    client = create_app(lambda: answerer).test_client()
    question = "".join(c for c in TEXTS[name][0][:1000] if not is_control(c))
    reply = client.post("/ask", json={"question": question})
    assert reply.status_code == 200
    assert reply.get_json()["passages"][0]["document"]["id"] == "text.txt"
    page = client.get("/", query_string={"q": question}, headers={"Accept": "text/html"})
    assert page.status_code == 200


def test_half_a_character_of_utf_16_is_left_out_of_a_document(tmp_path: Path) -> None:
    """UTF-8 cannot hold it, so a file brings it by its number."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "page.html").write_text("<p>The &#xD83D; depot is &#55357;&#56349; old.", "utf-8")
    rtf = r"{\rtf1 Bees \u-10179?\u-9187? left \u-10179? the depot.}"  # a bee, and half of one
    (folder / "note.rtf").write_text(rtf, "ascii")
    (folder / "bytes.txt").write_bytes(b"The depot " + b"\xed\xa0\xbd" + b" is old.")
    build(folder, tmp_path / "index", CountingEmbedder(WORDS))
    answerer = Answerer.open(tmp_path / "index", CountingEmbedder(WORDS))
    client = create_app(lambda: answerer).test_client()
    reply = client.post("/ask", json={"question": "depot"})
    assert reply.status_code == 200
    passages = reply.get_json()["passages"]
    texts = {passage["document"]["id"]: passage["text"] for passage in passages}
    assert texts["note.rtf"] == "Bees \U0001f41d left the depot."
    assert "page.html" in texts
    for passage in passages:
        document = answerer.document(passage["document"]["id"])
        assert document is not None
        document.text.encode()  # no surrogate is in it
        assert document.text[passage["start"] : passage["end"]] == passage["text"]


@pytest.mark.parametrize("character", ["\0", "\x85", "\x1b"])
def test_a_question_with_a_control_character_is_refused_by_its_name(
    make_answerer: Callable[[dict[str, str]], Answerer], character: str
) -> None:
    client = create_app(lambda: make_answerer(OTHER)).test_client()
    reply = client.post("/ask", json={"question": f"the {character}tram"})
    assert reply.status_code == 400
    assert f"control character U+{ord(character):04X}" in reply.get_json()["detail"]


@pytest.mark.parametrize("escape", ["\\ud83d", "\\udc1d", "\\udc1d\\ud83d"])
def test_half_a_character_of_utf_16_is_no_question(
    make_answerer: Callable[[dict[str, str]], Answerer], escape: str
) -> None:
    client = create_app(lambda: make_answerer(OTHER)).test_client()
    body = f'{{"question": "the {escape} tram"}}'
    reply = client.post("/ask", data=body, content_type="application/json")
    assert reply.status_code == 400
    assert "not valid JSON" in reply.get_json()["detail"]


@pytest.mark.parametrize(
    "letters",
    [
        pytest.param("x", id="x"),
        pytest.param("👨‍👩‍👧‍👦", id="emoji"),
        pytest.param("e\u0301", id="marks", marks=pytest.mark.deep),
        pytest.param("蜜", id="han", marks=pytest.mark.deep),
        pytest.param("\u200b", id="zero width", marks=pytest.mark.deep),
    ],
)
def test_a_million_characters_without_a_space(
    make_answerer: Callable[[dict[str, str]], Answerer], letters: str
) -> None:
    text = letters * (1_000_000 // len(letters))
    answerer = make_answerer({"long.txt": f"The depot is old.\n\n{text}\n", **OTHER})
    document = answerer.document("long.txt")
    assert document is not None
    assert len(document.text) > 400_000
    client = create_app(lambda: answerer).test_client()
    reply = client.post("/ask", json={"question": "where is the depot?", "limit": 50})
    assert reply.status_code == 200
    passages = reply.get_json()["passages"]
    assert passages[0]["document"]["id"] == "long.txt"
    for passage in passages:
        held = answerer.document(passage["document"]["id"])
        assert held is not None
        assert held.text[passage["start"] : passage["end"]] == passage["text"]
    place = {"start": len(document.text) - 9, "end": len(document.text)}
    page = client.get("/documents/long.txt", query_string=place, headers={"Accept": "text/html"})
    assert document.text[-9:] in unescape(page.get_data(as_text=True))
