"""What a server does with the library's file leaves its locks on it alone."""

from contextlib import closing
from pathlib import Path

import pytest

from index.build import build
from index.library import FILE
from index.library.connection import Connection, sha256_of
from qa.live import Live
from tests.conftest import write_files
from tests.fakes import CountingEmbedder
from tests.storage import builder

ROUNDS = 4
"""Of which the second already failed when the sum closed the file."""


def test_a_server_that_took_the_sum_keeps_the_log_from_being_taken_away(tmp_path: Path) -> None:
    documents, index = tmp_path / "documents", tmp_path / "index"
    embedder = CountingEmbedder(builder.WORDS)
    write_files(documents, {"tram.txt": "The tram goes to the depot."})
    build(documents, index, embedder)
    live = Live(index, embedder)
    live.refresh()
    log = (index / f"{FILE}-shm").stat().st_ino
    for number in range(ROUNDS):
        write_files(documents, {f"bees{number}.txt": f"The bees gave honey {number} times."})
        done = builder.run(builder.command(documents, index))
        assert done.returncode == 0, done.stderr
        live.refresh()
        assert live.problem is None
        assert (index / f"{FILE}-shm").stat().st_ino == log
        found = {hit.passage.document_id for hit in live().ask("honey bees", 50).hits}
        assert f"bees{number}.txt" in found


def descriptors(path: Path) -> int:
    return sum(link.resolve() == path for link in Path("/proc/self/fd").iterdir())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "of.db"
    with closing(Connection(path, "mode=rwc")) as db:
        db.execute("CREATE TABLE numbers(number INTEGER)")
    return path


def test_a_file_that_was_summed_stays_open_until_its_last_connection_is_closed(
    database: Path,
) -> None:
    first, second = Connection(database, "mode=ro"), Connection(database, "mode=ro")
    opened = descriptors(database)
    assert [sha256_of(database), sha256_of(database)] == [sha256_of(database)] * 2
    assert descriptors(database) == opened + 1
    first.close()
    first.close()
    assert descriptors(database) > 1
    second.close()
    assert descriptors(database) == 0


def test_without_a_connection_a_sum_leaves_nothing_open(database: Path) -> None:
    sha256_of(database)
    assert descriptors(database) == 0
