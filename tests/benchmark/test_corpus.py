"""Articles, repeated with variation."""

from itertools import islice
from pathlib import Path

from scripts.benchmark.corpus import Source, Text, change, files, questions, texts, varied

BEES = Text("Bees", ("Bees live in hives. They dance. Every hive has a queen.", "Honey is food."))
TRAMS = Text("Trams", ("Trams run on rails. Line 1 meets the harbor.", "A ride costs two crowns."))
SOURCES = (
    Source(BEES, ("Where do bees live?", "What is honey?", "Who rules?")),
    Source(TRAMS, ("What do trams run on?", "Who rules?")),
)


def words(text: Text) -> list[str]:
    return " ".join(text.paragraphs).split()


def test_the_articles_come_first_as_they_are() -> None:
    assert list(islice(texts(SOURCES, 100), 2)) == [BEES, TRAMS]


def test_no_document_comes_twice_and_every_run_gives_the_same() -> None:
    hives = Text("Hives", tuple(f"Hive {n} has {n * n} bees. It is old." for n in range(30)))
    stops = Text("Stops", tuple(f"Stop {n} is at mile {n * 3}. It is new." for n in range(30)))
    found = (Source(hives, ()), Source(stops, ()))
    some = list(islice(texts(found, 1000), 40))
    assert some == list(islice(texts(found, 1000), 40))
    assert len({text.title for text in some}) == len({text.paragraphs for text in some}) == 40


def test_a_variation_keeps_the_form_and_nearly_all_of_the_words() -> None:
    long = Text("Bees", tuple(f"The {n}th hive has ten bees in all of it." for n in range(20)))
    made = varied(long, TRAMS, 1, ["crown"])
    assert made.title == "Bees (2)"
    assert len(made.paragraphs) == 20
    known = {*words(long), *words(TRAMS)}
    new = [word for word in words(made) if word not in known]
    assert {*new} == {"crown"}
    assert len(new) <= len(words(made)) / 10


def test_a_corpus_ends_within_a_paragraph_of_the_words_asked_for() -> None:
    total = sum(text.words for text in texts(SOURCES, 10))
    assert 660 <= total < 660 + 11


def test_a_question_is_asked_once_and_those_about_the_text_come_first() -> None:
    long = Text("Long", tuple("word " * 100 for _ in range(100)))
    found = questions((Source(long, ("Which?", "What?", "Who?")), *SOURCES), 100)
    assert sorted(found[:3]) == ["What?", "Which?", "Who?"]
    assert len(found) == len({*found}) == 7


def test_every_change_makes_the_folder_another(tmp_path: Path) -> None:
    for file in files(iter([BEES, TRAMS])):
        (tmp_path / file.name).write_text(file.text, "utf-8")
    seen = set()
    for number in range(5):
        change(tmp_path, number)
        seen.add("".join(path.read_text("utf-8") for path in sorted(tmp_path.iterdir())))
    assert len(seen) == 5
