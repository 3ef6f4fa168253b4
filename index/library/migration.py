"""Opening a library to write it, of whichever version it is."""

import logging
import sqlite3
from pathlib import Path

from index.library import seal
from index.library.connection import Connection
from index.library.schema import FILE, SCHEMA, SET_REMAINS, VERSION

log = logging.getLogger("citewell")

# The version that had all tables but `settings`: it is added, and everything stays.
_ONE_TABLE_LESS = 4


def opened(folder: Path) -> Connection:
    """The library in `folder`, with the tables of this version; made where there is none.

    Of a version before the last what was embedded is kept, and documents are read again.

    Raises:
        sqlite3.DatabaseError: it is no library, or the disk refuses.
    """
    db = Connection(folder / FILE, "mode=rwc")
    try:
        _prepare(db, folder)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, folder: Path) -> None:
    (mode,) = db.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":  # a disk that refused a log once left the library without, and it is sealed
        seal.take(folder)
        db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")  # a snapshot must not outlive its rows
    db.execute("PRAGMA foreign_keys = ON")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        seal.take(folder)
        _migrate(db, version)
        if version:
            kept = "everything" if version == _ONE_TABLE_LESS else "what was embedded"
            told = "%s has version %d: it gets version %d, and keeps %s"
            log.warning(told, folder / FILE, version, VERSION, kept)


def _migrate(db: sqlite3.Connection, version: int) -> None:
    """Killed anywhere, it is done again."""
    if version == _ONE_TABLE_LESS:
        db.executescript(SCHEMA)
    else:
        db.executescript(
            "DROP TABLE IF EXISTS texts; DROP TABLE IF EXISTS passages; "
            f"DROP TABLE IF EXISTS documents; {SCHEMA}"
        )
        db.execute("INSERT OR IGNORE INTO unused SELECT key FROM vectors")
    if version == 0:
        db.execute(SET_REMAINS, (0,))
    db.commit()
    db.execute(f"PRAGMA user_version = {VERSION}")
