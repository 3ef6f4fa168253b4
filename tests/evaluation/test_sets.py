"""The readers of data sets, on small files in the form of each."""

import csv
import json
import os
from pathlib import Path

import pytest

from index import loaders
from scripts.evaluation import sets
from scripts.evaluation.chunking import chunking_set
from scripts.evaluation.records import DataProblem, EvaluationSet, Rule, Target
from scripts.evaluation.sample import sample_set
from scripts.evaluation.scifact import beir_set
from scripts.evaluation.squad import article_set, paragraph_set, read, some

DATA = Path(os.environ.get("QA_DATA", sets.ROOT.parent / "shared" / "data"))

BEES = "  The bees gave honey in May. They sleep in winter."
TRAM = "The tram reaches the harbor. \nThe depot is older than the harbor."


def asked(number: int, context: str, *answers: str) -> dict[str, object]:
    marked = [{"text": answer, "answer_start": context.index(answer)} for answer in answers]
    return {"id": f"q{number}", "question": f"question {number}?", "answers": marked}


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    path = tmp_path / "squad.json"
    articles = [
        {
            "title": "Bees_%26_honey",
            "paragraphs": [
                {"context": BEES, "qas": [asked(1, BEES, "May", "in May")]},
                {"context": BEES + "\n", "qas": [asked(2, BEES, "winter")]},
            ],
        },
        {
            "title": "The_tram",
            "paragraphs": [{"context": TRAM, "qas": [asked(3, TRAM, "The depot")]}],
        },
    ]
    path.write_text(json.dumps({"data": articles}))
    return path


def span_texts(made: EvaluationSet) -> list[list[str]]:
    """What stands at each question's spans in the documents as loaded."""
    found = []
    for question in made.questions:
        (target,) = question.targets
        document = loaders.load(made.documents, made.documents / target.document_id)
        found.append([document.text[start:end] for start, end in target.spans])
    return found


def test_paragraphs_are_documents_and_the_same_paragraph_is_one(
    squad: Path, tmp_path: Path
) -> None:
    made = paragraph_set("p", read(squad), tmp_path / "p")
    assert {path.name: path.read_text() for path in made.documents.iterdir()} == {
        "000000.txt": BEES.strip() + "\n",
        "000001.txt": TRAM + "\n",
    }
    assert [(q.id, q.text, q.targets) for q in made.questions] == [
        ("q1", "question 1?", (Target("000000.txt"),)),
        ("q2", "question 2?", (Target("000000.txt"),)),
        ("q3", "question 3?", (Target("000001.txt"),)),
    ]
    assert made.rule is Rule.DOCUMENT
    assert made.calibrated


def test_articles_are_documents_with_titles_and_every_answer_in_its_place(
    squad: Path, tmp_path: Path
) -> None:
    made = article_set("a", read(squad), tmp_path / "a")
    titles = [loaders.load(made.documents, p).title for p in sorted(made.documents.iterdir())]
    assert titles == ["Bees & honey", "The tram"]
    assert span_texts(made) == [["in May", "May"], ["winter"], ["The depot"]]
    # the second paragraph says the same as the first, and is the one that is asked about
    assert made.questions[1].targets[0].spans[0][0] > len(BEES) + len(BEES.strip()) - 8


def test_an_answer_that_is_elsewhere_is_refused(squad: Path) -> None:
    squad.write_text(squad.read_text().replace('"text": "winter"', '"text": "summer"'))
    with pytest.raises(DataProblem, match="q2"):
        read(squad)


def test_some_articles_are_the_same_every_time(squad: Path) -> None:
    articles = read(squad)
    assert some(articles, 1) == some(articles, 1)
    assert len(some(articles, 1)) == 1
    assert some(articles, 5) == articles


@pytest.fixture
def scifact(tmp_path: Path) -> Path:
    data = tmp_path / "scifact"
    (data / "qrels").mkdir(parents=True)
    corpus = [
        {
            "_id": "7",
            "title": "# *Bees* & <honey>",
            "text": "1. x_y_z `a`\n- b | c\\d &amp; [e](f)",
        },
        {"_id": "8", "title": "Trams", "text": "A tram\x81 reaches\u2009the harbor."},
    ]
    (data / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    claims = [{"_id": "1", "text": "Bees?"}, {"_id": "2", "text": "Trams?"}]
    (data / "queries_test.jsonl").write_text("\n".join(map(json.dumps, claims)))
    (data / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\n1\t7\t1\n1\t8\t1\n2\t7\t0\n"
    )
    return data


def test_abstracts_are_loaded_as_they_are_whatever_marks_they_hold(
    scifact: Path, tmp_path: Path
) -> None:
    made = beir_set("s", scifact, "test", tmp_path / "s")
    document = loaders.load(made.documents, made.documents / "7.md")
    assert document.title == "# *Bees* & <honey>"
    assert document.text == f"{document.title}\n\n1. x_y_z `a` - b | c\\d &amp; [e](f)"


def test_claims_seek_the_documents_that_are_judged_relevant(scifact: Path, tmp_path: Path) -> None:
    made = beir_set("s", scifact, "test", tmp_path / "s")
    (question,) = made.questions  # the other has no relevant document
    assert (question.id, question.text) == ("1", "Bees?")
    assert question.targets == (Target("7.md"), Target("8.md"))


def chunking_data(folder: Path, content: str) -> Path:
    (folder / "corpora").mkdir(parents=True)
    text = "Bees  \nThe bees gave honey. They sleep."
    (folder / "corpora" / "bees.md").write_bytes(text.encode())
    start = text.index("They")
    references = [
        {"content": content, "start_index": start, "end_index": start + 11},
        {"content": "honey", "start_index": text.index("honey"), "end_index": start - 2},
    ]
    with (folder / "questions_df.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "references", "corpus_id"])
        writer.writerow(["What do bees do?", json.dumps(references), "bees"])
    return folder


def test_references_are_the_spans_of_one_target(tmp_path: Path) -> None:
    data = chunking_data(tmp_path / "data", "They sleep.")
    made = chunking_set("c", data, tmp_path / "c")
    assert span_texts(made) == [["honey", "They sleep."]]
    assert made.questions[0].targets[0].document_id == "bees.txt"
    assert made.covered


def test_a_reference_that_is_elsewhere_is_refused(tmp_path: Path) -> None:
    data = chunking_data(tmp_path / "data", "They dance.")
    with pytest.raises(DataProblem, match="elsewhere"):
        chunking_set("c", data, tmp_path / "c")


def test_sample_questions_are_found_wherever_their_span_stands(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("May is here.\n\nIn May (again) the bees wake.")
    (tmp_path / "q.toml").write_text(
        '[[question]]\nask = "when?"\ndocument = "a.txt"\nspan = "May"\n'
        '[[question]]\nask = "unanswered?"\n'
    )
    made = sample_set("s", tmp_path, tmp_path / "q.toml")
    assert [q.targets for q in made.questions] == [(Target("a.txt", ((0, 3), (17, 20))),)]
    (tmp_path / "a.txt").write_text("June is here.")
    with pytest.raises(DataProblem, match="'May'"):
        sample_set("s", tmp_path, tmp_path / "q.toml")


def test_the_sample_needs_no_data(tmp_path: Path) -> None:
    assert sets.names(tmp_path / "nothing") == ("sample",)
    made = sets.make("sample", tmp_path / "nothing", tmp_path)
    assert len(made.questions) >= 60
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataProblem, match="no set 'scifact'"):
        sets.make("scifact", tmp_path / "nothing", tmp_path)


def test_a_lot_of_questions_is_the_same_every_time_and_in_order(tmp_path: Path) -> None:
    whole = sets.make("sample", tmp_path / "nothing", tmp_path)
    some_of_it = sets.make("sample", tmp_path / "nothing", tmp_path, 10)
    ids = [question.id for question in some_of_it.questions]
    assert len(ids) == 10
    assert ids == sorted(ids)
    assert {*some_of_it.questions} < {*whole.questions}
    assert sets.some_questions(whole, 10) == some_of_it
    assert sets.some_questions(whole, 1000) == whole


@pytest.mark.parametrize(
    ("name", "documents", "questions", "targets"),
    [
        ("new-wiki-paragraphs", 1581, 7938, 7938),
        ("new-wiki-articles", 48, 7938, 7938),
        ("squad-dev-paragraphs", 2067, 10570, 10570),
        ("squad-dev-articles", 48, 10570, 10570),
        ("scifact", 5183, 300, 339),
        ("chunking", 5, 472, 472),
    ],
)
def test_the_real_sets_are_read_whole_and_a_second_time_write_nothing(
    tmp_path: Path, name: str, documents: int, questions: int, targets: int
) -> None:
    if not DATA.is_dir():
        pytest.skip(f"no folder {DATA}; QA_DATA names another")
    made = sets.make(name, DATA, tmp_path)
    files = {path: path.stat().st_mtime_ns for path in made.documents.iterdir()}
    assert len(files) == documents
    assert len(made.questions) == questions
    assert sum(len(question.targets) for question in made.questions) == targets
    assert sets.make(name, DATA, tmp_path) == made
    assert {path: path.stat().st_mtime_ns for path in made.documents.iterdir()} == files
