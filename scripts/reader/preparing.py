"""From SQuAD's file to what is mined of every part, on disk."""

import logging
from collections.abc import Callable
from pathlib import Path

from scripts.evaluation.files import load
from scripts.evaluation.records import EvaluationSet, Question
from scripts.evaluation.run import open_cached
from scripts.reader.articles import OTHER, PARTS, SQUAD, ambiguous, index_of, indexed, passages
from scripts.reader.mining import Held, asking, mine, save

log = logging.getLogger("citewell")

_TELL_EVERY = 2000


def prepare(data: Path, var: Path) -> None:
    """Mine every part that isn't mined yet into `var/<part>`."""
    with open_cached(var, "bundled") as embedder:
        made = {part: indexed(part, data, var, embedder) for part in PARTS}
        doubtful = ambiguous(data / SQUAD)
        held = {part: Held(passages(made[part].documents, embedder)) for part in PARTS}
        for part in PARTS:
            if (var / part / "mined.npz").exists():
                continue
            questions = [asked for asked in made[part].questions if asked.id not in doubtful]
            log.info("%s: %d questions", part, len(questions))
            sides = [
                (held[side], asking(index_of(side, var), embedder)) for side in (part, OTHER[part])
            ]
            answers = answer_texts(made[part], questions)
            mined = mine(questions, answers, sides[0], sides[1], _telling(part))
            save(mined, var / part)
            log.info("%s: %d questions kept", part, len(mined.questions))


def answer_texts(made: EvaluationSet, questions: list[Question]) -> list[str]:
    """The words of each question's first span."""
    texts: dict[str, str] = {}
    answers = []
    for question in questions:
        target = question.targets[0]
        if target.document_id not in texts:
            texts[target.document_id] = load(made.documents, target.document_id).text
        start, end = target.spans[0]
        answers.append(texts[target.document_id][start:end])
    return answers


def _telling(part: str) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if done % _TELL_EVERY == 0:
            log.info("%s: %d asked", part, done)

    return tell
