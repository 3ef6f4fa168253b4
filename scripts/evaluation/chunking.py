"""The set for choosing how to cut: long documents, questions, and the spans that answer them."""

import csv
import json
from pathlib import Path

from scripts.evaluation.files import File, Places, load, write_changed
from scripts.evaluation.records import DataProblem, EvaluationSet, Question, Rule, Target


def chunking_set(name: str, data: Path, folder: Path) -> EvaluationSet:
    """The corpora in `data` as text files, and the questions of `questions_df.csv`.

    A question's references are the spans of one target: any of them is a find, and how much
    of all of them is retrieved is its coverage.

    Raises:
        DataProblem: a reference isn't where it is said to be.
    """
    texts = {}
    for path in sorted((data / "corpora").glob("*.md")):
        # read as bytes: universal newlines would move every offset
        texts[path.stem] = path.read_bytes().decode()
    write_changed(folder, [File(f"{corpus}.txt", text) for corpus, text in texts.items()])
    places = {corpus: Places(texts[corpus], load(folder, f"{corpus}.txt")) for corpus in texts}
    questions = []
    with (data / "questions_df.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            corpus = row["corpus_id"]
            spans = []
            for reference in json.loads(row["references"]):
                start, end = reference["start_index"], reference["end_index"]
                if texts[corpus][start:end] != reference["content"]:
                    raise DataProblem(f"{corpus}: the reference at {start} is elsewhere")
                spans.append(places[corpus].span(start, end))
            target = Target(f"{corpus}.txt", tuple(sorted(spans)))
            questions.append(Question(f"{number:03}", row["question"], (target,)))
    return EvaluationSet(name, folder, Rule.OVERLAP, tuple(questions), covered=True)
