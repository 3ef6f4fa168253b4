"""Question answering sets in SQuAD's form: paragraphs as documents, or whole articles."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from scripts.evaluation.files import File, Places, load, write_changed
from scripts.evaluation.records import DataProblem, EvaluationSet, Question, Rule, Target

_GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class MarkedQuestion:
    """A question; `answers` are (start, end) in its paragraph, what several people marked."""

    id: str
    text: str
    answers: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    asked: tuple[MarkedQuestion, ...]


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    paragraphs: tuple[Paragraph, ...]


def read(path: Path) -> tuple[Article, ...]:
    """The articles of a file. Titles as people write them, paragraphs without space around.

    Raises:
        DataProblem: an answer isn't where it is said to be.
    """
    articles = []
    for article in json.loads(path.read_text("utf-8"))["data"]:
        paragraphs = []
        for paragraph in article["paragraphs"]:
            context: str = paragraph["context"]
            before = len(context) - len(context.lstrip())
            asked = []
            for question in paragraph["qas"]:
                answers = []
                for answer in question["answers"]:
                    start, text = answer["answer_start"], answer["text"]
                    if context[start : start + len(text)] != text:
                        raise DataProblem(f"{path}: an answer to {question['id']} is elsewhere")
                    answers.append((start - before, start - before + len(text)))
                asked.append(MarkedQuestion(question["id"], question["question"], tuple(answers)))
            paragraphs.append(Paragraph(context.strip(), tuple(asked)))
        title = unquote(article["title"]).replace("_", " ")
        articles.append(Article(title, tuple(paragraphs)))
    return tuple(articles)


def some(articles: Sequence[Article], count: int, seed: int = 0) -> tuple[Article, ...]:
    """`count` of the articles, by lot, in their order; all where there are no more."""
    if count >= len(articles):
        return tuple(articles)
    chosen = np.random.default_rng(seed).choice(len(articles), count, replace=False)
    return tuple(articles[number] for number in sorted(chosen.tolist()))


def paragraph_set(name: str, articles: Sequence[Article], folder: Path) -> EvaluationSet:
    """Every paragraph a document of its own, without its title; a question asks for its own.

    Paragraphs that differ in spaces only are one document.

    Raises:
        DataProblem: a paragraph is loaded as another text than was written.
    """
    paragraphs = [paragraph for article in articles for paragraph in article.paragraphs]
    names: dict[str, str] = {}
    files, questions = [], []
    for paragraph in paragraphs:
        words = " ".join(paragraph.text.split())
        if words not in names:
            # a number, which says nothing that a title would
            names[words] = f"{len(names):06}.txt"
            files.append(File(names[words], paragraph.text + "\n"))
        questions += [
            Question(asked.id, asked.text, (Target(names[words]),)) for asked in paragraph.asked
        ]
    write_changed(folder, files)
    for file in files:
        Places(file.text, load(folder, file.name))
    return EvaluationSet(name, folder, Rule.DOCUMENT, tuple(questions), calibrated=True)


def article_set(name: str, articles: Sequence[Article], folder: Path) -> EvaluationSet:
    """Every article a document under its title; a question asks for the span of its answer.

    Raises:
        DataProblem: an article's title or an answer is loaded as something else.
    """
    files = [
        File(
            f"{number:04}.txt",
            _GAP.join([article.title, *(paragraph.text for paragraph in article.paragraphs)])
            + "\n",
        )
        for number, article in enumerate(articles)
    ]
    write_changed(folder, files)
    questions = []
    for article, file in zip(articles, files, strict=True):
        document = load(folder, file.name)
        if document.title != article.title:
            raise DataProblem(f"{file.name}: {article.title!r} was loaded as {document.title!r}")
        places = Places(file.text, document)
        start = len(article.title) + len(_GAP)
        for paragraph in article.paragraphs:
            for asked in paragraph.asked:
                spans = {places.span(start + first, start + last) for first, last in asked.answers}
                target = Target(document.id, tuple(sorted(spans)))
                questions.append(Question(asked.id, asked.text, (target,)))
            start += len(paragraph.text) + len(_GAP)
    return EvaluationSet(name, folder, Rule.OVERLAP, tuple(questions))
