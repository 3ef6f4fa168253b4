"""Fit what `qa.ranking.confidence` is made of: `.venv/bin/python -m scripts.calibrate`.

Logistic regression of whether a passage among the first five is right on its two scores and
its lead, for each mode, over the questions of SQuAD dev: against single paragraphs and
against whole articles, both counting the same. Prints the lines that go into qa/ranking.py.
"""

import os
from collections.abc import Iterator
from typing import get_args

import click
import numpy as np
from sklearn.linear_model import LogisticRegression

from index.build import build
from qa.answerer import Answerer
from qa.records import Mode
from scripts.evaluate import DATA, VAR
from scripts.evaluation import sets
from scripts.evaluation.judging import FIRST, finds, place
from scripts.evaluation.records import EvaluationSet
from scripts.evaluation.run import open_cached

SETS = ("squad-dev-paragraphs", "squad-dev-articles")

Row = tuple[float, float, float, bool]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sample", type=click.IntRange(1), help="Use this many questions of each set.")
@click.option("--model", default=os.environ.get("QA_MODEL", "bundled"), show_default=True)
def main(sample: int | None, model: str) -> None:
    """Print the coefficients of each mode: constant, meaning, words, lead."""
    rows: dict[Mode, list[list[Row]]] = {mode: [] for mode in get_args(Mode)}
    with open_cached(VAR, model) as embedder:
        for name in SETS:
            made = sets.make(name, DATA, VAR, sample)
            index = VAR / name / "index"
            build(made.documents, index, embedder)
            answerer = Answerer.open(index, embedder)
            for mode, of_sets in rows.items():
                of_sets.append(list(judged(made, answerer, mode)))
    for mode, of_sets in rows.items():
        constant, *coefficients = fitted(of_sets)
        values = ", ".join(f"{value:.2f}" for value in (constant, *coefficients))
        click.echo(f'    "{mode}": ({values}),')


def judged(made: EvaluationSet, answerer: Answerer, mode: Mode) -> Iterator[Row]:
    """(meaning, words, lead, right) of the first five hits of every question."""
    for question in made.questions:
        for hit in answerer.ask(question.text, FIRST, mode).hits:
            found = place(hit, question, made.rule)
            right = any(finds(found, target, made.rule) for target in question.targets)
            scores = hit.scores
            yield scores.meaning or 0.0, scores.words or 0.0, scores.lead, right


def fitted(of_sets: list[list[Row]]) -> list[float]:
    """Constant and coefficients, every set weighing the same."""
    table = np.array([row for rows in of_sets for row in rows])
    weight = np.concatenate([np.full(len(rows), 1 / len(rows)) for rows in of_sets])
    features, right = table[:, :3], table[:, 3]
    model = LogisticRegression(C=1e6, max_iter=1000)
    model.fit(features, right, sample_weight=weight * len(table) / len(of_sets))
    return [float(model.intercept_[0]), *map(float, model.coef_[0])]


if __name__ == "__main__":
    main()
