"""The sample documents and the questions about them that they answer."""

import re
import tomllib
from pathlib import Path

from index import loaders
from scripts.evaluation.records import DataProblem, EvaluationSet, Question, Rule, Target


def sample_set(name: str, documents: Path, questions: Path) -> EvaluationSet:
    """A question asks for a passage that holds its span, wherever in its document that stands.

    Questions without a span, which nothing answers, are left out.

    Raises:
        DataProblem: a span isn't in its document.
    """
    texts: dict[str, str] = {}
    found: list[Question] = []
    for entry in tomllib.loads(questions.read_text("utf-8"))["question"]:
        if "span" not in entry:
            continue
        document = entry["document"]
        if document not in texts:
            texts[document] = loaders.load(documents, documents / document).text
        matches = re.finditer(re.escape(entry["span"]), texts[document])
        target = Target(document, tuple(match.span() for match in matches))
        if not target.spans:
            raise DataProblem(f"{document} does not hold {entry['span']!r}")
        found.append(Question(f"{len(found):03}", entry["ask"], (target,)))
    return EvaluationSet(name, documents, Rule.CONTAIN, tuple(found))
