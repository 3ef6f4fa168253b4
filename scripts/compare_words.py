"""Compare engines for ranking by words: `python -m scripts.compare_words`, on Linux."""

import importlib
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index import bm25, forward, words
from index.forward import ForwardIndex
from index.terms import pairs, terms
from scripts.evaluate import DATA
from scripts.evaluation import metrics, sets, squad
from scripts.evaluation.records import DEPTH, DataProblem, Outcome
from scripts.evaluation.tables import estimate, table

FOUND = 100  # what the product takes of a ranking
ASKED, ROUNDS, OPENINGS, ADDED, RUN = 300, 3, 5, 100, 12
# outside ASCII nothing separates terms, and inside it nothing that a term may hold
FTS5 = "VIRTUAL TABLE held USING fts5(terms, content='', tokenize=\"ascii tokenchars '.,'\")"
ODD = " ".join(terms("COVID-19 3.14 1,5 1,000,000 U.S. größe हिन्दी 東京都 ภาษาไทย don't"))
MARK = "zqxk"  # in what is added, and nowhere else
HEAD = "engine|R@1|MRR@10|p50 ms|p95 ms|build s|CPU s|MB|add s|open ms|own MB|mapped MB".split("|")

Passages = Sequence[str]  # terms between spaces; a passage's place is its id
Search = Callable[[str], list[int]]
Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Engine:
    """`write` puts passages, from a place on, beside those before it; a family shares a folder.

    `open` is told how many terms a passage has on average, as the product's manifest tells.
    """

    family: str
    open: Callable[[Path, float], Search]
    write: Callable[[Path, Passages, int], None] | None = None


def distinct(question: str) -> list[str]:
    return list(dict.fromkeys(terms(question)))


def write_tantivy(folder: Path, passages: Passages, first: int) -> None:
    import tantivy

    rows = ((number, text.split()) for number, text in enumerate(passages[first:], first))
    if not first:
        words.write(folder, rows)
        return
    # what tantivy can do; the product writes a new index instead
    writer = tantivy.Index.open(str(folder / words.FOLDER)).writer(words._HEAP, num_threads=1)
    for number, found in rows:
        document = tantivy.Document(terms=[" ".join(found)], pairs=[" ".join(pairs(found))])
        document.add_unsigned("id", number)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def open_tantivy(folder: Path, mean: float, way: str) -> Search:
    index = words.WordIndex(folder)
    held = ForwardIndex(max(folder.glob("forward-*"))) if way == "rescored" else None

    def search(question: str) -> list[int]:
        if way == "single":
            return [*map(int, index.search(dict.fromkeys(distinct(question), 1.0), FOUND))]
        asked = bm25.ask(question, index.count, index.frequency, index.alike)
        ids = index.search(asked.weights(), FOUND)
        if held:
            scores = bm25.score(asked, held.terms(ids), mean)
            ids = ids[np.argsort(-scores, kind="stable")]
        return [*map(int, ids)]

    return search


def write_forward(folder: Path, passages: Passages, first: int) -> None:
    """Beside what tantivy wrote; the new one takes over what the one before has."""
    target = folder / f"forward-{first:09}"
    target.mkdir()
    before = ForwardIndex(folder / f"forward-{0:09}") if first else None
    rows = ((number, text.split()) for number, text in enumerate(passages[first:], first))
    forward.write(target, rows, before)


def write_bm25s(folder: Path, passages: Passages, _: int) -> None:
    """All of them: it cannot add. Of the three it alone lets k1 and b be chosen."""
    index: Any = importlib.import_module("bm25s").BM25(k1=bm25._K1, b=bm25._B)
    index.index([text.split() for text in passages], show_progress=False)
    index.save(folder, show_progress=False)


def open_bm25s(folder: Path, _: float, mapped: bool, backend: str) -> Search:
    index: Any = importlib.import_module("bm25s").BM25.load(folder, mmap=mapped)
    index.backend = backend

    def search(question: str) -> list[int]:
        ids, scores = index.retrieve([distinct(question)], k=FOUND, show_progress=False)
        return [int(number) for number in ids[0][scores[0] > 0]]

    return search


def write_fts5(folder: Path, passages: Passages, first: int) -> None:
    with closing(sqlite3.connect(folder / "held.db")) as db, db:
        if not first:
            db.execute(f"CREATE {FTS5}")
        rows = enumerate(passages[first:], first)
        db.executemany("INSERT INTO held (rowid, terms) VALUES (?, ?)", rows)
        if not first:
            db.execute("INSERT INTO held (held) VALUES ('optimize')")


def open_fts5(folder: Path, _: float) -> Search:
    db = sqlite3.connect(folder / "held.db")
    query = "SELECT rowid FROM held WHERE held MATCH ? ORDER BY rank LIMIT ?"

    def search(question: str) -> list[int]:
        asked = " OR ".join(f'"{term}"' for term in distinct(question))
        return [number for (number,) in db.execute(query, (asked, FOUND))]

    return search


def check_fts5(folder: Path, passages: Passages) -> None:
    """It holds every term as it is, in as many passages as hold it."""
    with closing(sqlite3.connect(folder / "held.db")) as db:
        db.execute("CREATE VIRTUAL TABLE temp.counts USING fts5vocab(main, held, row)")
        held = dict(db.execute("SELECT term, doc FROM counts"))
    if held != Counter(term for text in passages for term in set(text.split())):
        raise DataProblem("FTS5 holds other terms than it was given")


ENGINES = {
    "tantivy": Engine("tantivy", partial(open_tantivy, way="pairs"), write_tantivy),
    "tantivy, single terms": Engine("tantivy", partial(open_tantivy, way="single")),
    "tantivy + rescoring": Engine("tantivy", partial(open_tantivy, way="rescored"), write_forward),
    "bm25s": Engine("bm25s", partial(open_bm25s, mapped=False, backend="numpy"), write_bm25s),
    "bm25s, mapped": Engine("bm25s", partial(open_bm25s, mapped=True, backend="numpy")),
    "bm25s, numba": Engine("bm25s", partial(open_bm25s, mapped=False, backend="numba")),
    "SQLite FTS5": Engine("fts5", open_fts5, write_fts5),
}


def made_up(articles: Sequence[squad.Article]) -> Iterator[str]:
    """The paragraphs, then without end others: each article's terms in runs, shuffled."""
    rng = np.random.default_rng(0)
    found = [[terms(paragraph.text) for paragraph in one.paragraphs] for one in articles]
    for turn in count():
        for paragraphs in found:
            flat = list(chain.from_iterable(paragraphs))
            starts = np.arange(0, len(flat), RUN)
            order = rng.permutation(starts) if turn else starts
            mixed = chain.from_iterable(flat[start : start + RUN] for start in order)
            yield from (" ".join(islice(mixed, len(old))) for old in paragraphs)


def write(base: Path, passages: Passages, first: int = 0) -> dict[str, list[str]]:
    """Seconds, of processors too, and MB; of the second in a family what it needs beside."""

    def spent() -> Figures:
        disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        return np.array((time.perf_counter(), time.process_time(), disk / 1e6))

    cells = {}
    for name, engine in ENGINES.items():
        folder = base / engine.family
        folder.mkdir(parents=True, exist_ok=True)
        before = spent()
        if engine.write:
            engine.write(folder, passages, first)
        cells[name] = [f"{value:.1f}" if engine.write else "" for value in spent() - before]
    return cells


def ask(
    base: Path, mean: float, questions: Sequence[str], rounds: int = 1
) -> tuple[dict[str, list[list[int]]], dict[str, Figures]]:
    """What every engine finds, and in how many seconds at best; they take turns."""
    opened = {name: one.open(base / one.family, mean) for name, one in ENGINES.items()}
    found: dict[str, list[list[int]]] = {name: [] for name in opened}
    took = {name: np.full(len(questions), np.inf) for name in opened}
    for row, question in [*enumerate(questions)] * rounds:
        for name, search in opened.items():
            began = time.perf_counter()
            found[name].append(search(question))
            took[name][row] = min(took[name][row], time.perf_counter() - began)
    return found, took


def quality(found: list[list[int]], wanted: Sequence[int]) -> list[str]:
    ranks = [
        (ids.index(number) + 1,) if number in ids[:DEPTH] else ()
        for ids, number in zip(found, wanted, strict=True)
    ]
    gains, targets = metrics.gains([Outcome(rank, 1, (), None) for rank in ranks])
    values = (metrics.recall(gains, targets, 1), metrics.reciprocal_rank(gains))
    return [*map(estimate, metrics.estimates(np.column_stack(values)))]


def opening(name: str, folder: str, mean: str, question: str) -> None:
    """Print milliseconds to the first answer, and by how many MB memory has grown."""

    def resident() -> Figures:
        status = Path("/proc/self/status").read_text("ascii")
        return np.array(re.findall(r"Rss(?:Anon|File):\s*(\d+)", status), float) / 1e3

    if "numba" not in name:  # bm25s would load it, used or not
        sys.modules["numba"] = None  # type: ignore[assignment]
    terms(question)  # the stemmer is everyone's
    before, began = resident(), time.perf_counter()
    search = ENGINES[name].open(Path(folder), float(mean))
    search(question)
    print(json.dumps([(time.perf_counter() - began) * 1e3, *(resident() - before)]))


def openings(base: Path, mean: float, question: str) -> dict[str, list[str]]:
    code = "import sys; from scripts.compare_words import opening; opening(*sys.argv[1:])"
    seen: dict[str, list[list[float]]] = {name: [] for name in ENGINES}
    for _ in range(OPENINGS):
        for name, engine in ENGINES.items():
            told = (name, str(base / engine.family), str(mean), question)
            command = [sys.executable, "-c", code, *told]
            seen[name].append(json.loads(subprocess.check_output(command, cwd=sets.ROOT)))
    return {name: [f"{v:.0f}" for v in np.median(rows, axis=0)] for name, rows in seen.items()}


def main(number: int = 100_000) -> None:
    """Print one table, from indexes of the paragraphs alone and of `number` passages."""
    if missing := [name for name in ("bm25s", "numba") if not find_spec(name)]:
        sys.exit(f"no {missing}: `pip install --target FOLDER bm25s numba`, PYTHONPATH=FOLDER")
    wiki, train = (
        squad.read(DATA / name)
        for name in ("squadshifts/new_wiki_v1.0.json", "squad/train-v1.1.json")
    )
    places: dict[str, int] = {}
    asked, wanted = [], []
    for paragraph in chain.from_iterable(article.paragraphs for article in wiki):
        place = places.setdefault(" ".join(paragraph.text.split()), len(places))
        asked += [question.text for question in paragraph.asked]
        wanted += [place] * len(paragraph.asked)
    few = [" ".join(terms(text)) for text in places]
    every = made_up((*wiki, *train))
    many = [*islice(every, number)]
    usual, mean = (float(np.mean([len(text.split()) for text in made])) for made in (few, many))
    chosen = np.random.default_rng(0).choice(asked, ASKED, replace=False).tolist()
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        write(small, [*few, ODD])
        check_fts5(small / ENGINES["SQLite FTS5"].family, [*few, ODD])
        found, _ = ask(small, usual, asked)
        built = write(large, many)
        _, took = ask(large, mean, chosen, ROUNDS)
        opened = openings(large, mean, chosen[0])
        added = [f" {MARK} {text}" for text in islice(every, ADDED)]
        add = write(large, [*many, *added], number)
        for name, (ids,) in ask(large, mean, [MARK])[0].items():
            if set(ids) != {*range(number, number + ADDED)}:
                raise DataProblem(f"{name} does not find what was added")
    rows = []
    for name in ENGINES:
        speed = [f"{ms:.2f}" for ms in np.percentile(took[name] * 1e3, (50, 95))]
        costs = (*built[name], add[name][0], *opened[name])
        rows.append((name, *quality(found[name], wanted), *speed, *costs))
    print(f"R@1, MRR@10: {len(asked):,} questions, {len(few):,} paragraphs of new-wiki")
    print(f"the rest: {number:,} passages of {mean:.0f} terms; {ASKED} questions, {FOUND} found")
    print(table(HEAD, rows))


if __name__ == "__main__":
    main()
