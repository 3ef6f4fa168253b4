"""Sets in BEIR's layout: titled abstracts, claims, and which abstracts bear on which claim."""

import csv
import json
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from scripts.evaluation.files import File, load, write_changed
from scripts.evaluation.records import DataProblem, EvaluationSet, Question, Rule, Target

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Abstract:
    """One document; its title and its text on one line each."""

    id: str
    title: str
    text: str


def beir_set(name: str, data: Path, split: str, folder: Path) -> EvaluationSet:
    """The corpus in `data` as Markdown files, and the claims of a split that it judges.

    Judgments are of documents, relevant or not, as in BEIR.

    Raises:
        DataProblem: a document is loaded as another text than was written.
    """
    abstracts = {f"{abstract.id}.md": abstract for abstract in read_corpus(data / "corpus.jsonl")}
    files = [File(file_name, markdown(abstract)) for file_name, abstract in abstracts.items()]
    changed = write_changed(folder, files)
    try:
        for file_name in changed:
            _check(folder, file_name, abstracts[file_name])
    except DataProblem:
        for file_name in changed:  # so that they are looked at again next time
            (folder / file_name).unlink()
        raise
    relevant = defaultdict(list)
    with (data / "qrels" / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if int(row["score"]) > 0:
                relevant[row["query-id"]].append(Target(f"{row['corpus-id']}.md"))
    questions = []
    for line in _lines(data / f"queries_{split}.jsonl"):
        claim = json.loads(line)
        if claim["_id"] in relevant:
            targets = tuple(relevant[claim["_id"]])
            questions.append(Question(claim["_id"], claim["text"], targets))
    return EvaluationSet(name, folder, Rule.DOCUMENT, tuple(questions))


def read_corpus(path: Path) -> list[Abstract]:
    entries = map(json.loads, _lines(path))
    return [Abstract(e["_id"], _line(e["title"]), _line(e["text"])) for e in entries]


def markdown(abstract: Abstract) -> str:
    """A file that is loaded as exactly this title and text: nothing in it may be a mark."""
    title, text = (_PUNCTUATION.sub(r"\\\1", part) for part in (abstract.title, abstract.text))
    return f"# {title}\n\n{text}\n"


def _lines(path: Path) -> list[str]:
    # not splitlines, which also splits at characters that JSON leaves as they are
    return [line for line in path.read_text("utf-8").split("\n") if line.strip()]


def _line(text: str) -> str:
    """NFC, on one line, without the invisible characters that no document keeps."""
    text = unicodedata.normalize("NFC", text)
    return " ".join("".join(c for c in text if c.isspace() or not _invisible(c)).split())


def _invisible(character: str) -> bool:
    return character in "\xad\ufeff" or unicodedata.category(character) == "Cc"


def _check(folder: Path, name: str, abstract: Abstract) -> None:
    document = load(folder, name)
    if (document.title, document.text) != (abstract.title, f"{abstract.title}\n\n{abstract.text}"):
        raise DataProblem(f"{folder / name} was loaded as another text: {document.text!r}")
