"""Articles are divided, cut as the product cuts them, and asked what the product is asked."""

from pathlib import Path

import numpy as np
import pytest

from index.build import build
from qa.readers.normalisation import normalised
from scripts.evaluation.records import Question, Target
from scripts.evaluation.squad import Article, MarkedQuestion, Paragraph
from scripts.reader.articles import OTHER, PARTS, CutPassage, composed, divide, passages
from scripts.reader.mining import (
    DEPTH,
    GOLD,
    HOLDS_TEXT,
    NEGATIVE,
    NONE,
    Ask,
    Held,
    asking,
    load,
    mine,
    save,
)
from tests.conftest import FILES
from tests.fakes import CountingEmbedder

Sides = dict[str, tuple[Held, Ask]]

TREES = "The trees\n\nThe academy leads the tree count. Bees like trees.\n"


def articles(count: int) -> list[Article]:
    return [Article(f"Article {number}", ()) for number in range(count)]


def test_a_tenth_is_held_out_and_every_article_is_in_one_part() -> None:
    parts = divide(articles(442))
    assert [len(parts[part]) for part in PARTS] == [199, 198, 23, 22]
    assert sorted(a.title for part in parts.values() for a in part) == sorted(
        a.title for a in articles(442)
    )
    assert divide(articles(442)) == parts != divide(articles(442), seed=1)
    assert all(OTHER[OTHER[part]] == part != OTHER[part] for part in PARTS)


def test_paragraphs_whose_offsets_loading_would_move_are_left_out() -> None:
    asked = MarkedQuestion("1", "Where?", ((0, 4),))
    kept, moved = Paragraph("Café", (asked,)), Paragraph("Cafe\u0301", (asked,))
    assert composed(Article("A", (kept, moved))).paragraphs == (kept,)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The Beijing  Academy!", "beijing academy"),
        ("an over-the-top U.S. team", "overthetop us team"),
        ("a theater", "theater"),
        ("The", ""),
    ],
)
def test_texts_are_normalised_as_by_squad(text: str, plain: str) -> None:
    assert normalised(text) == plain


def test_words_are_held_whole() -> None:
    held = Held([CutPassage("a.txt", 0, 30, "Ann", "The ban was lifted in Ankara.", 0)])
    assert held.holds(0, "ban was")
    assert not held.holds(0, "an")
    assert not held.holds(0, "ann")


@pytest.fixture
def sides(tmp_path: Path, embedder: CountingEmbedder) -> Sides:
    """Two folders: one with the documents of the other tests, flat, and one on trees."""
    flat = {Path(name).name: text for name, text in FILES.items()}
    made = {}
    for side, files in {"own": flat, "other": {"trees.txt": TREES}}.items():
        folder = tmp_path / side
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        build(folder, tmp_path / f"{side}-index", embedder)
        held = Held(passages(folder, embedder))
        made[side] = held, asking(tmp_path / f"{side}-index", embedder)
    return made


def test_passages_are_what_the_index_holds(sides: Sides) -> None:
    held, ask = sides["own"]
    hits = [hit for word in ("bees", "tram", "center", "academy") for hit in ask(word)]
    rows = {held.row(hit) for hit in hits}
    assert rows == set(range(len(held.passages)))
    for hit in hits:
        cut = held.passages[held.row(hit)]
        assert hit.passage.text[cut.offset - cut.start :] == cut.body
    assert {(cut.front, cut.body) for cut in held.passages} >= {
        ("The new center", "A center will open in the capital this year."),
        (
            "The new center › Leadership",
            "The academy leads the center. Its budget is not known yet.",
        ),
        ("The tram", "The tram reaches the harbor in May. The tram depot is older."),
    }


def test_hits_are_told_apart_by_what_they_hold(sides: Sides, tmp_path: Path) -> None:
    held = sides["own"][0]
    row = next(n for n, p in enumerate(held.passages) if "40 kg" in p.body)
    bees = held.passages[row]
    start = bees.offset + bees.body.index("bees")
    target = Target(bees.document_id, ((start, start + len("bees")),))
    question = Question("1", "Who gave honey?", (target,))
    unspoken = Question("2", "Who?", (Target(bees.document_id, ((start - 4, start - 1),)),))
    mined = mine(
        [question, unspoken], ["bees", "The"], sides["own"], sides["other"], lambda _: None
    )
    assert mined.questions == ("Who gave honey?",), "an answer of articles alone is left out"
    assert mined.gold[0].tolist() == [row, -1, -1]
    first, last = mined.spans[0, 0]
    assert bees.body[first:last] == "bees"
    kinds = dict(zip(mined.near[0].tolist(), mined.near_kind[0].tolist(), strict=True))
    assert kinds[row] == GOLD
    assert {kinds[n] for n in kinds if n not in {row, -1}} <= {NEGATIVE}
    assert (mined.near_kind[0] == NONE).sum() == DEPTH - (mined.near[0] >= 0).sum()
    assert mined.far_kind[0, 0] == HOLDS_TEXT, "bees like trees, but gave no honey there"
    save(mined, tmp_path / "mined")
    again = load(tmp_path / "mined")
    assert (again.questions, again.answers, again.passages) == (
        mined.questions,
        mined.answers,
        mined.passages,
    )
    assert np.array_equal(again.near_score, mined.near_score)
    assert np.array_equal(again.spans, mined.spans)
