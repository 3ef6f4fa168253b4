"""What an index answers and holds, to tell the old state of it from the new one."""

from pathlib import Path

from index import snapshot
from index.check import check
from qa.answerer import Answerer
from tests.fakes import CountingEmbedder
from tests.storage.builder import WORDS

State = frozenset[tuple[str, int, int, str, float]]


def state(index: Path) -> State | None:
    """All that is answered, whatever number a passage has; None where nothing is published."""
    if snapshot.current(index) is None:
        return None
    answerer = Answerer.open(index, CountingEmbedder(WORDS))
    return frozenset(
        (
            hit.passage.document_id,
            hit.passage.start,
            hit.passage.end,
            hit.passage.text,
            round(hit.scores.fused, 9),
        )
        for hit in answerer.ask("the bees of the center", 50).hits
    )


def faults(index: Path) -> list[str]:
    """What `check` finds in an index, if one is published."""
    return [] if snapshot.current(index) is None else check(index)[1]


def leftovers(index: Path) -> list[str]:
    """Files and folders that no finished build leaves behind."""
    kept = {"CURRENT", "library.db", "library.sum", "build.lock", "snapshots"}
    log = index / "library.db-wal"  # which a reader makes, too, and leaves empty
    if not log.exists() or log.stat().st_size == 0:
        kept |= {log.name, "library.db-shm"}
    left = [path.name for path in index.iterdir() if path.name not in kept]
    folders = sorted((index / "snapshots").iterdir())
    left += [folder.name for folder in folders[:-2]]  # the published one and the one before
    for folder in folders:
        if not folder.name.isdigit():
            left.append(folder.name)
        left += [
            path.name
            for path in folder.rglob("*")
            # the lock is a reader's, made while it opens what is there
            if path.name.startswith(".")
            and path.name not in {".managed.json", ".tantivy-meta.lock"}
        ]
    return left
