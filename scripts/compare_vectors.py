"""Compare ways to search vectors by size: recall@10, time, memory, building.

Real passages and questions give the first vectors; what is missing up to a size is varied from
them. `python -m scripts.compare_vectors` writes the tables of docs/vectors.md.
"""

import itertools
import os
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click
import faiss
import numpy as np
from numpy.typing import NDArray

from index.chunker import Chunking, chunk, embedded_texts
from index.embedders import Embedder
from index.records import Document, Section
from index.vectors import EXACT, VectorIndex, write
from scripts.benchmark.memory import memory
from scripts.evaluation import sets
from scripts.evaluation.run import open_cached
from scripts.evaluation.squad import Article, read

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]

VAR = sets.ROOT / "var" / "evaluate"
DATA = Path(os.environ.get("QA_DATA", sets.ROOT.parent / "shared" / "data"))
FILES = ("squad/dev-v1.1.json", "squadshifts/new_wiki_v1.0.json", "squad/train-v1.1.json")

# Short, so that there are many, 44 tokens on average.
WAY = Chunking(size=56, overlap=0, context=16)

RECALLED = 10
LIMIT = 100  # what the retriever asks for
ENOUGH = 0.99
CHANGED = 100
SHARE, NOISE = 0.8, 0.2  # see `varied`


def passages_of(articles: tuple[Article, ...], embedder: Embedder) -> Iterator[str]:
    """What is embedded of every paragraph, cut as the product cuts, only shorter."""
    for article in articles:
        for number, paragraph in enumerate(article.paragraphs):
            text = unicodedata.normalize("NFC", paragraph.text).replace("\r", "\n")
            name = f"{article.title}/{number}"
            document = Document(name, article.title, text, (Section(0, ()),), (), name, 0.0)
            cut = chunk(document, WAY, embedder.count_tokens, itertools.count())
            yield from embedded_texts(article.title, cut, WAY, embedder.count_tokens)


def real(data: Path, var: Path, passages: int, questions: int, seed: int) -> tuple[Matrix, Matrix]:
    """Vectors of so many passages, and of questions that some answer; both in random order."""
    random = np.random.default_rng(seed)
    with open_cached(var, "bundled") as embedder:
        sources = [read(data / file) for file in FILES]
        texts = dict.fromkeys(text for a in sources for text in passages_of(a, embedder))
        found = embedder.embed_passages(list(islice(texts, passages)))
        asked = [q.text for a in sources[0] for p in a.paragraphs for q in p.asked]
        chosen = random.choice(len(asked), questions, replace=False)
        vectors = np.stack([embedder.embed_question(asked[one]) for one in chosen])
    return random.permutation(found), vectors


def varied(passages: Matrix, count: int, seed: int, share: float, noise: float) -> Matrix:
    """`count` new unit vectors between real neighbours, moved as real ones differ.

    Each is `share` of a passage and the rest one of its ten nearest, plus `noise` times the
    difference of two passages.
    """
    random = np.random.default_rng(seed)
    near = faiss.knn(passages, passages, 11, metric=faiss.METRIC_INNER_PRODUCT)[1]
    made = np.empty((count, passages.shape[1]), np.float32)
    for first in range(0, count, 50_000):
        size = min(50_000, count - first)
        at = random.integers(len(passages), size=size)
        neighbours = near[at, random.integers(1, 11, size=size)]
        a, b = random.integers(len(passages), size=(2, size))
        mixed = share * passages[at] + (1 - share) * passages[neighbours]
        mixed += noise * (passages[a] - passages[b])
        made[first : first + size] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return made


def likeness(name: str, vectors: Matrix, questions: Matrix) -> str:
    """A row on how near a question's nearest are, and how fast they become more with distance.

    The local dimension is the maximum likelihood estimate of Levina and Bickel over 100.
    """
    near = faiss.knn(questions, vectors, 100, metric=faiss.METRIC_INNER_PRODUCT)[0]
    distance = np.sqrt(np.maximum(2 - 2 * near, 1e-12))
    dimension = 1 / np.mean(np.log(distance[:, -1:] / distance[:, :-1]), axis=1)
    figures = [
        " / ".join(f"{one:.2f}" for one in np.quantile(near[:, rank - 1], (0.1, 0.5, 0.9)))
        for rank in (1, 10, 100)
    ]
    return f"| {name} | {len(vectors):,} | {' | '.join(figures)} | {np.median(dimension):.1f} |"


@dataclass(frozen=True, slots=True)
class Way:
    """A FAISS index by the name that its factory knows.

    Attributes:
        rescored: how many of what it finds are compared again by float16 vectors; 0 for none.
        settings: cells looked into (IVF), or candidates kept (HNSW), fewest first.
    """

    name: str
    factory: str
    rescored: int
    settings: tuple[int, ...]


def _cells(count: int) -> int:
    return 2 ** int(np.log2(min(5 * np.sqrt(count), count / 39)))


def ways(count: int) -> Iterator[Way]:
    cells = _cells(count)
    probes = tuple(n for n in (32, 64, 96, 128, 192, 256, 384, 512, 640, 768, 1024) if n <= cells)
    kept = (100, 200, 400, 800)
    yield Way("exact, float32", "Flat", 0, (0,))
    yield Way("exact, float16", "SQfp16", 0, (0,))
    yield Way(f"IVF{cells}, float16", f"IVF{cells},SQfp16", 0, probes)
    yield Way(f"IVF{cells}, SQ8", f"IVF{cells},SQ8", 0, probes)
    yield Way(f"IVF{cells}, SQ8, rescored", f"IVF{cells},SQ8", 200, probes)
    yield Way(f"IVF{cells}, SQ4, rescored", f"IVF{cells},SQ4", 400, probes)
    yield Way(f"IVF{cells}, RaBitQ, rescored", f"IVF{cells},RaBitQ", 400, probes)
    yield Way(f"IVF{cells}, RaBitQ fast scan, rescored", f"IVF{cells},RaBitQfs", 400, probes)
    yield Way(f"IVF{cells}, PQ96x4 fast scan, rescored", f"IVF{cells},PQ96x4fs", 1000, probes)
    yield Way("HNSW32", "HNSW32", 0, kept)
    yield Way("HNSW32, SQ8, rescored", "HNSW32,SQ8", 200, kept)


def compare(vectors: Matrix, questions: Matrix, without: tuple[str, ...]) -> Iterator[str]:
    """A row for each way: the first setting with enough recall, else the last."""
    true = faiss.knn(questions, vectors, LIMIT, metric=faiss.METRIC_INNER_PRODUCT)[1]
    half = vectors.astype(np.float16)
    with tempfile.TemporaryDirectory(dir=VAR) as folder:
        path = Path(folder) / "index.faiss"
        built: dict[str, float] = {}
        for way in ways(len(vectors)):
            if any(part in way.name for part in without):
                continue
            if "centres" not in built:
                centres, built["centres"] = _centres(vectors)
            if way.factory not in built:
                built[way.factory] = _build(way.factory, vectors, centres, path)
                built[way.factory] += built["centres"] if way.factory.startswith("IVF") else 0
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
            megabytes = path.stat().st_size / 1e6
            megabytes += half.nbytes / 1e6 if way.rescored else 0
            for setting in way.settings:
                search = partial(_search, index, _parameters(index, setting), half, way.rescored)
                recall, _, median, late = _measure(search, questions, true)
                if recall >= ENOUGH:
                    break
            at = f" at {setting}" if setting else ""
            figures = f"{recall:.4f} | {median:.2f} / {late:.2f} | {megabytes:,.0f}"
            yield f"| {way.name}{at} | {figures} | {built[way.factory]:.0f} |"
    yield from _product("the product's own", vectors, questions, true, EXACT)
    if len(vectors) > EXACT:
        yield from _product("the product's exact search", vectors, questions, true, len(vectors))


def _centres(vectors: Matrix) -> tuple[Matrix, float]:
    """What all cells of this size are made from, and how many seconds it took to find."""
    began = time.perf_counter()
    means = faiss.Kmeans(
        vectors.shape[1], _cells(len(vectors)), niter=10, spherical=True, max_points_per_centroid=64
    )
    means.train(vectors)
    return means.centroids, time.perf_counter() - began


def _build(factory: str, vectors: Matrix, centres: Matrix, path: Path) -> float:
    index = faiss.index_factory(vectors.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
    began = time.perf_counter()
    if isinstance(index, faiss.IndexIVF):
        index.quantizer.add(centres)
    index.train(vectors[:200_000])
    index.add(vectors)
    faiss.write_index(index, str(path))
    return time.perf_counter() - began


def _parameters(index: Any, setting: int) -> Any:
    if isinstance(index, faiss.IndexHNSW):
        return faiss.SearchParametersHNSW(efSearch=setting)
    if isinstance(index, faiss.IndexIVFRaBitQ):
        return faiss.IVFRaBitQSearchParameters(nprobe=setting, qb=4)
    if isinstance(index, faiss.IndexIVF):
        return faiss.SearchParametersIVF(nprobe=setting)
    return None


def _search(
    index: Any, parameters: Any, half: NDArray[np.float16], rescored: int, question: Matrix
) -> Rows:
    rows: Rows = index.search(question[None], rescored or LIMIT, params=parameters)[1][0]
    if rescored:
        rows = rows[rows >= 0]
        scores = half[rows].astype(np.float32) @ question
        rows = rows[np.argsort(-scores)[:LIMIT]]
    return rows


def _measure(
    search: Callable[[Matrix], Rows], questions: Matrix, true: Rows
) -> tuple[float, float, float, float]:
    """Recall of ten and of `LIMIT`, and milliseconds that half and 95% of the questions take.

    On one thread.
    """
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    ten, every, times = [], [], []
    for question, expected in zip(questions, true, strict=True):
        began = time.perf_counter()
        rows = search(question)
        times.append((time.perf_counter() - began) * 1e3)
        ten.append(np.isin(rows[:RECALLED], expected[:RECALLED]).mean())
        every.append(np.isin(expected, rows).mean())
    faiss.omp_set_num_threads(threads)
    return float(np.mean(ten)), float(np.mean(every)), *np.quantile(times, (0.5, 0.95))


def _product(
    name: str, vectors: Matrix, questions: Matrix, true: Rows, exact: int
) -> Iterator[str]:
    """The row of what the product does with this `exact`, and what else is to be said of it."""
    count, dimension = vectors.shape
    ids = np.arange(count)

    def fetch(some: Rows) -> Matrix:
        return vectors[some % count]

    with tempfile.TemporaryDirectory(dir=VAR) as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        first.mkdir()
        second.mkdir()
        built = _seconds(lambda: write(first, ids, fetch, dimension, exact=exact))
        before = memory(os.getpid()).own
        index = VectorIndex(first)
        recall, every, median, late = _measure(
            lambda question: index.search(question, LIMIT)[0], questions, true
        )
        own = memory(os.getpid()).own - before
        megabytes = sum(path.stat().st_size for path in first.rglob("*.*")) / 1e6
        yield (
            f"| {name} | {recall:.4f} | {median:.2f} / {late:.2f} "
            f"| {megabytes:,.0f} | {built:.0f} |"
        )
        changed = _seconds(lambda: write(second, ids + CHANGED, fetch, dimension, index, exact))
        opened = min(_seconds(lambda: VectorIndex(first)) for _ in range(5))
        yield (
            f"\nRecall@{LIMIT} {every:.4f}. Opened in {opened * 1e3:.1f} ms; {own:.0f} MB of its "
            f"own memory after these searches; written again in {changed:.1f} s with {CHANGED} "
            f"passages new and {CHANGED} gone."
        )


def _seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


@click.command()
@click.option("--sizes", default="10000,100000,1000000", show_default=True)
@click.option("--passages", default=52_000, show_default=True, help="Real ones embedded.")
@click.option("--questions", default=1000, show_default=True)
@click.option("--without", multiple=True, help="A way to leave out, by what its name holds.")
@click.option("--seed", default=0, show_default=True)
def main(sizes: str, passages: int, questions: int, without: tuple[str, ...], seed: int) -> None:
    """Print how like the varied vectors are to real ones, then a table for each size."""
    found, asked = real(DATA, VAR, passages, questions, seed)
    half = found[: len(found) // 2]
    click.echo("| vectors | | nearest | tenth | hundredth | dimension |\n|---|---|---|---|---|---|")
    click.echo(likeness("real", found, asked))
    alike = varied(half, len(found), seed, SHARE, NOISE)
    click.echo(likeness("varied from half of them", alike, asked))
    counts = [int(size) for size in sizes.split(",")]
    more = varied(found, max(0, max(counts) - len(found)), seed, SHARE, NOISE)
    everything = np.concatenate([found, more])
    for count in counts:
        some = everything[:count]
        click.echo("\n" + likeness("searched", some, asked))
        click.echo("| way | recall@10 | p50 / p95 ms | MB | built in s |\n|---|---|---|---|---|")
        for row in compare(some, asked, without):
            click.echo(row)


if __name__ == "__main__":
    main()
