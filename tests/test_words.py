"""The words on disk find what counting finds, and a slip of the pen finds what was meant."""

import math
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from index import snapshot
from index.build import build
from index.errors import IndexDamaged
from index.terms import pairs, terms
from index.words import FOLDER, WordIndex, update, write
from qa.answerer import Answerer
from qa.records import Hit, Mode
from tests.conftest import write_files
from tests.fakes import CountingEmbedder

ROOT = Path(__file__).parent.parent

BY_WORDS: tuple[Mode, ...] = tuple(mode for mode in get_args(Mode) if mode != "meaning")

PASSAGES = {
    2**32 + 5: ["tram", "depot", "tram"],
    7: ["tram", "harbor"],
    2**62: ["depot", "tram", "honey"],
}


def opened(folder: Path, passages: dict[int, list[str]]) -> WordIndex:
    folder.mkdir(exist_ok=True)
    write(folder, passages.items())
    return WordIndex(folder)


def random_passages(count: int, seed: int = 0) -> dict[int, list[str]]:
    """Of words some of which are far more common than others, as in any language."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    vocabulary = [f"{a}{b}{c}" for a in "bdgk" for b in "aeiou" for c in "lmnrs"]
    common = [1 / rank for rank in range(1, len(vocabulary) + 1)]
    return {
        2**40 + number: chance.choices(vocabulary, common, k=chance.randint(3, 30))
        for number in range(count)
    }


# Numbers of words from 40 up are kept in a byte, rounded, and the scores with them; see
# Lucene's SmallFloat. Here none is as long.
def plain_scores(weights: dict[str, float], passages: dict[int, list[str]]) -> dict[int, float]:
    """BM25 with k1 = 1.2 and b = .75, for single terms, in plain loops."""
    mean = sum(map(len, passages.values())) / len(passages)
    scores: dict[int, float] = {}
    for term, weight in weights.items():
        held = sum(term in found for found in passages.values())
        idf = math.log(1 + (len(passages) - held + 0.5) / (held + 0.5))
        for number, found in passages.items():
            if times := found.count(term):
                damping = 1.2 * (1 - 0.75 + 0.75 * len(found) / mean)
                score = weight * idf * times * 2.2 / (times + damping)
                scores[number] = scores.get(number, 0.0) + score
    return scores


def test_frequencies_are_those_of_counting(tmp_path: Path) -> None:
    passages = random_passages(200)
    index = opened(tmp_path, passages)
    held = Counter(term for found in passages.values() for term in {*found, *pairs(found)})
    assert index.count == 200
    assert {term: index.frequency(term) for term in held} == held
    assert index.frequency("quokka") == index.frequency("bal_quokka") == 0


def test_a_passage_that_repeats_a_term_holds_it_once(tmp_path: Path) -> None:
    index = opened(tmp_path, PASSAGES)
    assert [index.frequency(term) for term in ("tram", "depot", "harbor")] == [3, 2, 1]
    assert [index.frequency(pair) for pair in ("tram_depot", "depot_tram")] == [1, 2]


def test_search_finds_what_plain_loops_find_in_the_same_order(tmp_path: Path) -> None:
    passages = random_passages(300)
    index = opened(tmp_path, passages)
    chance = random.Random(1)  # noqa: S311 - nothing secret
    vocabulary = sorted({term for found in passages.values() for term in found})
    for _ in range(20):
        weights = {term: chance.choice([0.5, 1.0]) for term in chance.sample(vocabulary, 4)}
        expected = plain_scores(weights, passages)
        found = index.search(weights, 400).tolist()
        assert sorted(found) == sorted(expected)
        scores = [expected[number] for number in found]
        for better, worse in pairwise(scores):
            assert better >= worse - 1e-5  # of equals, either may come first
        few = index.search(weights, 5).tolist()
        assert [expected[number] for number in few] == pytest.approx(scores[:5], abs=1e-5)


def test_pairs_bring_neighbours_to_the_front(tmp_path: Path) -> None:
    index = opened(tmp_path, {1: ["depot", "tram"], 2: ["tram", "depot"], 3: ["tram", "bee"]})
    weights = {"tram": 1.0, "depot": 1.0, "tram_depot": 0.2}
    assert index.search(weights, 3).tolist() == [2, 1, 3]


def test_no_more_is_found_than_is_wanted(tmp_path: Path) -> None:
    index = opened(tmp_path, PASSAGES)
    assert len(index.search({"tram": 1.0}, 2)) == 2
    assert sorted(index.search({"tram": 1.0}, 10).tolist()) == sorted(PASSAGES)
    for nothing in (index.search({"tram": 1.0}, 0), index.search({}, 5)):
        assert nothing.tolist() == []
        assert nothing.dtype == np.int64
    assert index.search({"quokka": 1.0}, 5).tolist() == []


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = opened(tmp_path, {})
    assert (index.count, index.frequency("tram"), index.alike("tramway")) == (0, 0, [])
    found = index.search({"tram": 1.0, "tram_depot": 0.2}, 5)
    assert found.tolist() == []
    assert found.dtype == np.int64


def test_a_passage_without_terms_is_counted_and_never_found(tmp_path: Path) -> None:
    index = opened(tmp_path, {1: [], 2: ["tram"]})
    assert index.count == 2
    assert index.search({"tram": 1.0, "": 1.0}, 5).tolist() == [2]


def test_a_reopened_index_answers_identically(tmp_path: Path) -> None:
    passages = random_passages(100)
    before, after = opened(tmp_path, passages), WordIndex(tmp_path)  # both open at once
    for term in ("bal", "kus", "bal_bal"):
        assert before.frequency(term) == after.frequency(term)
        assert before.search({term: 1.0}, 50).tolist() == after.search({term: 1.0}, 50).tolist()
    assert before.alike("balo") == after.alike("balo")


def test_terms_of_any_script_are_found(tmp_path: Path) -> None:
    texts = ["北京微芯领导该中心", "ที่นี่", "हिन्दी भाषा", "COVID-19 1,234.5", "x" * 200]
    passages = {number: terms(text) for number, text in enumerate(texts)}
    index = opened(tmp_path, passages)
    for number, found in passages.items():
        for term in {*found, *pairs(found)}:
            assert index.frequency(term) == 1
            assert index.search({term: 1.0}, 5).tolist() == [number]


def test_threads_find_what_one_finds(tmp_path: Path) -> None:
    index = opened(tmp_path, random_passages(200))
    questions = [{a: 1.0, b: 0.5} for a in ("bal", "dem", "gis") for b in ("kos", "bul", "dar")]
    alone = [(index.search(q, 20).tolist(), index.alike(f"{min(q)}ox")) for q in questions]

    def ask(_: int) -> list[tuple[list[int], list[tuple[str, int]]]]:
        return [(index.search(q, 20).tolist(), index.alike(f"{min(q)}ox")) for q in questions]

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(12))) == [alone] * 12


@pytest.fixture(scope="module")
def spelt(tmp_path_factory: pytest.TempPathFactory) -> WordIndex:
    passages = {
        1: ["academi", "center", "honey", "tram", "1998", "covid19", "北京"],
        2: ["academi", "centre", "holi", "trap", "leadership"],
        3: ["academi", "honey", "bees", "readership", "blockchain"],
    }
    return opened(tmp_path_factory.mktemp("spelt"), passages)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("acedemi", [("academi", 1)]),  # one letter wrong
        ("acadmei", [("academi", 1)]),  # two swapped
        ("acadmi", [("academi", 1)]),  # one missing
        ("accademi", [("academi", 1)]),  # one too many
        ("hony", [("honey", 1)]),
        ("hone", [("honey", 1)]),
        ("blokchian", [("blockchain", 2)]),
        ("leedershi", [("leadership", 2)]),
        ("北京市中心", []),
    ],
)
def test_a_slip_finds_the_word_that_was_meant(
    spelt: WordIndex, slip: str, meant: list[tuple[str, int]]
) -> None:
    assert spelt.alike(slip) == meant


def test_the_nearest_come_first_and_of_equals_the_most_common(tmp_path: Path) -> None:
    index = opened(
        tmp_path,
        {1: ["gardener", "garden"], 2: ["gardenia", "garden"], 3: ["gardenia", "gardened"]},
    )
    assert index.alike("gardenex") == [("gardened", 1), ("gardener", 1), ("garden", 2)]
    index = opened(
        tmp_path / "more",
        {1: ["sand", "sank"], 2: ["sank", "sang"], 3: ["sank", "sang"], 4: ["sane", "santo"]},
    )
    assert index.alike("sanx") == [("sank", 1), ("sang", 1), ("sand", 1)]


@pytest.mark.parametrize(
    "word",
    [
        "tra",  # too short
        "1999",  # numbers are right or another number
        "covid18",
        "xcademi",  # the first letter is taken to be right
        "acidmi",  # two wrong in a short word
        "quokka",
        "",
    ],
)
def test_a_word_that_may_be_right_finds_no_other(spelt: WordIndex, word: str) -> None:
    assert spelt.alike(word) == []


@pytest.mark.parametrize("file", ["meta.json", ".managed.json", "*.term", "*.idx", "*.fast"])
@pytest.mark.parametrize("content", [b"", b"not an index at all"])
def test_a_damaged_file_is_refused(tmp_path: Path, file: str, content: bytes) -> None:
    write(tmp_path, PASSAGES.items())
    (path,) = (tmp_path / FOLDER).glob(file)
    path.write_bytes(content)
    with pytest.raises(IndexDamaged, match="words cannot be read; run `make index`"):
        WordIndex(tmp_path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged, match="words cannot be read; run `make index`"):
        WordIndex(tmp_path)
    (tmp_path / FOLDER).mkdir()
    with pytest.raises(IndexDamaged, match="words cannot be read; run `make index`"):
        WordIndex(tmp_path)


def test_a_disk_that_refuses_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file or directory"):
        write(tmp_path / "nowhere", PASSAGES.items())


def test_no_lock_is_left_and_reading_changes_no_file(tmp_path: Path) -> None:
    write(tmp_path, PASSAGES.items())
    before = {path.name: path.read_bytes() for path in (tmp_path / FOLDER).iterdir()}
    assert not [name for name in before if name.endswith(".lock")]
    one, other = WordIndex(tmp_path), WordIndex(tmp_path)
    assert one.search({"harbor": 1.0}, 5).tolist() == other.search({"harbor": 1.0}, 5).tolist()
    assert {path.name: path.read_bytes() for path in (tmp_path / FOLDER).iterdir()} == before


def test_whoever_may_read_the_folder_may_read_its_files(tmp_path: Path) -> None:
    write(tmp_path, PASSAGES.items())
    readers = (tmp_path / FOLDER).stat().st_mode & 0o444
    assert {path.stat().st_mode & 0o444 for path in (tmp_path / FOLDER).iterdir()} == {readers}


# Reads as a user who may not write: nobody, where the tests run as root, whom no mode stops.
_READ_ONLY = """
import gc, os, sys, tempfile
from pathlib import Path
import numpy, tantivy
from index.errors import IndexProblem
from index.words import WordIndex
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
folder, copies = Path(sys.argv[1]), Path(sys.argv[2])
assert not os.access(folder / "words", os.W_OK)
index = WordIndex(folder)
print(index.search({"harbor": 1.0, "depot": 1.0}, 5).tolist(), len(list(copies.iterdir())))
del index
gc.collect()
print(len(list(copies.iterdir())))
tempfile.tempdir = str(copies / "nowhere")
try:
    WordIndex(folder)
except IndexProblem as error:
    print(error)
tempfile.tempdir = None
kept = WordIndex(folder)
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that another user can reach, as no `tmp_path` is."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_read_only_folder_is_read_from_a_copy_that_is_deleted(shared: Path) -> None:
    folder, copies = shared / "index", shared / "copies"
    index = opened(folder, PASSAGES)
    expected = index.search({"harbor": 1.0, "depot": 1.0}, 5).tolist()
    copies.mkdir()
    copies.chmod(0o777)
    (folder / FOLDER).chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _READ_ONLY, str(folder), str(copies)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(copies)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    while_open, after, refused = done.stdout.splitlines()
    assert while_open == f"{expected} 1"
    assert after == "0"
    assert "is read-only and cannot be copied to be read" in refused
    assert list(copies.iterdir()) == []  # nor when the program ends


# What follows from a change is what writing from nothing gives


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / FOLDER).iterdir()}


@pytest.mark.parametrize("seed", range(3))
def test_after_any_changes_it_answers_as_if_written_from_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    passages, before = random_passages(300, seed), tmp_path / "0"
    coming = iter(random_passages(2000, seed + 10).items())
    before.mkdir()
    write(before, passages.items())
    updated = 0
    for step in range(1, 25):  # often enough that tantivy merges
        gone = chance.sample(sorted(passages), chance.choice([0, 1, 5, 12]))
        new = {2**50 + number: found for number, found in islice(coming, chance.choice([0, 1, 9]))}
        passages = {n: found for n, found in passages.items() if n not in gone} | new
        folder, kept = tmp_path / str(step), contents(before)
        folder.mkdir()
        if update(folder, before, gone, new.items()):
            updated += 1
        else:
            write(folder, passages.items())
        assert contents(before) == kept
        changed = WordIndex(folder)
        anew = opened(tmp_path / f"{step} anew", passages)
        assert changed.count == anew.count == len(passages)
        vocabulary = sorted({term for found in passages.values() for term in found})
        for term in chance.sample([*vocabulary, "quokka", "zeros"], 10):
            assert changed.frequency(term) == anew.frequency(term)
            assert changed.alike(f"{term}x") == anew.alike(f"{term}x")
            found = changed.search({term: 1.0}, 1000).tolist()
            assert sorted(found) == sorted(anew.search({term: 1.0}, 1000).tolist())
        for pair in pairs(next(iter(passages.values()))):
            assert changed.frequency(pair) == anew.frequency(pair)
        before = folder
    assert updated > 15


def test_a_deleted_passage_leaves_nothing_to_be_found(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    after.mkdir()
    opened(before, {n: ["tram", "depot"] for n in range(20)} | {99: ["tram", "quokka"]})
    assert update(after, before, [99], [])
    index = WordIndex(after)
    assert (index.count, index.frequency("tram"), index.frequency("quokka")) == (20, 20, 0)
    assert index.frequency("tram_quokka") == 0
    assert index.alike("quoka") == []
    assert index.search({"quokka": 1.0, "tram": 1.0}, 50).tolist() == list(range(20))
    assert WordIndex(before).alike("quoka") == [("quokka", 1)]


def test_files_that_stand_are_linked_and_locks_are_not(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    after.mkdir()
    opened(before, {n: ["tram"] for n in range(20)})
    assert update(after, before, [3], [(50, ["harbor"])])
    for path in (before / FOLDER).iterdir():
        if path.name not in {"meta.json", ".managed.json"}:
            assert path.samefile(after / FOLDER / path.name)
    assert not [*(after / FOLDER).glob("*.lock")]


def test_where_much_is_deleted_it_is_to_be_written_from_nothing(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    after.mkdir()
    opened(before, {n: ["tram"] for n in range(20)})
    assert not update(after, before, [1, 2, 3], [(50, ["harbor"])])
    assert list(after.iterdir()) == []


@pytest.mark.parametrize("file", ["meta.json", ".managed.json", "*.term"])
def test_what_cannot_be_read_is_to_be_written_from_nothing(tmp_path: Path, file: str) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    after.mkdir()
    opened(before, {n: ["tram"] for n in range(20)})
    (path,) = (before / FOLDER).glob(file)
    path.write_bytes(b"")
    assert not update(after, before, [1], [])
    assert list(after.iterdir()) == []


def test_between_disks_files_are_copied(tmp_path: Path) -> None:
    shared_memory = Path("/dev/shm")  # noqa: S108 - only as another disk
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second disk")
    opened(tmp_path / "before", {n: ["tram"] for n in range(20)})
    with tempfile.TemporaryDirectory(dir=shared_memory) as other:
        assert update(Path(other), tmp_path / "before", [3], [(50, ["harbor"])])
        assert WordIndex(Path(other)).frequency("tram") == 19


# Through the whole pipeline

FILES = {
    "zh/中心.txt": "该中心由北京微芯区块链与边缘计算研究院领导。\n\n它将于今年在首都开放。",
    "zh/蜜蜂.txt": "蜜蜂在冬天睡觉。\n\n今年它们产了四十公斤蜂蜜。",
    "ja/港.txt": "路面電車は五月に港に着く。",
    "th/ผึ้ง.txt": "ผึ้งให้น้ำผึ้งสี่สิบกิโลกรัม",
    "en/center.md": "# The center\n\nThe academy leads the center. Its budget is not known yet.",
    "en/bees.txt": "Notes on bees\n\nThe bees gave forty kilograms of honey in the spring.",
    "en/quokka.txt": "On marsupials\n\nA quokka was photographed beside the lighthouse.",
}


def same_meaning() -> CountingEmbedder:
    """To which all of these files, and all questions, mean the same: the words decide."""
    return CountingEmbedder(["meaning"])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    build(write_files(tmp_path / "files", FILES), tmp_path / "own", same_meaning())
    return tmp_path / "own"


def best(index: Path, question: str, mode: Mode) -> Hit:
    return Answerer.open(index, same_meaning()).ask(question, mode=mode).hits[0]


@pytest.mark.parametrize("mode", BY_WORDS)
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("谁领导该中心？", "zh/中心.txt"),
        ("它们产了多少蜂蜜？", "zh/蜜蜂.txt"),
        ("港に着くのはいつ？", "ja/港.txt"),
        ("น้ำผึ้งกี่กิโลกรัม", "th/ผึ้ง.txt"),
    ],
)
def test_a_script_without_spaces_finds_its_text(
    own: Path, question: str, expected: str, mode: Mode
) -> None:
    assert best(own, question, mode).passage.document_id == expected


def test_what_a_chinese_question_shares_is_named(own: Path) -> None:
    hit = best(own, "谁领导该中心？", "words")
    assert hit.matched == ("领导", "该中", "中心")


@pytest.mark.parametrize("mode", BY_WORDS)
@pytest.mark.parametrize(
    ("question", "expected", "slip"),
    [
        ("where was the qoukka?", "en/quokka.txt", "qoukka"),
        ("who photgraphed it?", "en/quokka.txt", "photgraphed"),
        ("beside which lighthuose?", "en/quokka.txt", "lighthuose"),
        ("how much honney was there?", "en/bees.txt", "honney"),
        ("is the budgat known?", "en/center.md", "budgat"),
    ],
)
def test_a_question_with_a_slip_finds_its_passage(
    own: Path, question: str, expected: str, slip: str, mode: Mode
) -> None:
    hit = best(own, question, mode)
    assert hit.passage.document_id == expected
    assert slip in hit.matched


@pytest.mark.parametrize("mode", BY_WORDS)
def test_an_exact_match_is_never_beaten_by_a_fuzzy_one(tmp_path: Path, mode: Mode) -> None:
    files = {
        "exact.txt": "The harbor was dredged by a crew in the autumn of that year, and again.",
        "fuzzy.txt": "Harbour harbour harbour.",
        "other.txt": "Nothing was done elsewhere.",
    }
    embedder = same_meaning()
    build(write_files(tmp_path / "files", files), tmp_path / "own", embedder)
    answerer = Answerer.open(tmp_path / "own", embedder)
    exact, *others = answerer.ask("harbor", 5, mode).hits
    assert exact.passage.document_id == "exact.txt"
    assert all(not other.matched for other in others)
    assert all(not other.scores.words for other in others)


def test_a_rebuilt_index_answers_identically(tmp_path: Path, own: Path) -> None:
    build(tmp_path / "files", tmp_path / "again", same_meaning())
    reopened = Answerer.open(own, same_meaning())
    first, again = (Answerer.open(folder, same_meaning()) for folder in (own, tmp_path / "again"))
    for question in ("谁领导该中心？", "who leads the center?", "where was the qoukka?"):
        for mode in BY_WORDS:
            hits = first.ask(question, 50, mode).hits
            assert hits
            assert hits == reopened.ask(question, 50, mode).hits
            assert hits == again.ask(question, 50, mode).hits


def test_the_words_of_a_snapshot_are_those_of_its_passages(own: Path) -> None:
    manifest = snapshot.read_manifest(own)
    index = WordIndex(snapshot.folder(own, manifest.snapshot))
    assert index.count == manifest.passages
    assert [index.frequency(term) for term in ("quokka", "lead", "领导", "zebra")] == [1, 1, 1, 0]
    assert [index.frequency(term) for term in ("academi_lead", "lead_academi")] == [1, 0]
    assert not [name for name in manifest.files if name.endswith(".lock")]


def test_a_deleted_document_is_not_found_by_words(tmp_path: Path, own: Path) -> None:
    (tmp_path / "files/en/quokka.txt").unlink()
    embedder = same_meaning()
    build(tmp_path / "files", own, embedder)
    assert Answerer.open(own, embedder).ask("quokka", mode="words").hits == ()
