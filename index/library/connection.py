"""Connections to a library's file, and the sum over it while they are open.

A process that closes any descriptor of a file loses all POSIX locks it has on that file
(https://sqlite.org/howtocorrupt.html, 2.2). The next builder then takes the log away from under
its readers, so what was opened for a sum stays open until the last connection is closed.
"""

import hashlib
import os
import sqlite3
from collections import Counter
from io import FileIO
from pathlib import Path
from threading import Lock

_Inode = tuple[int, int]

_lock = Lock()
_connections: Counter[_Inode] = Counter()
_kept: dict[_Inode, FileIO] = {}


class Connection(sqlite3.Connection):
    """A connection that is counted while it is open. Threads may share it."""

    def __init__(self, path: Path, options: str) -> None:
        """
        Args:
            path: of the file.
            options: of SQLite's URI (https://sqlite.org/uri.html).

        Raises:
            sqlite3.OperationalError: it cannot be opened.
        """
        # SQLite serialises threads itself in the build that Python ships with
        one_thread = sqlite3.threadsafety != 3
        with _lock:
            super().__init__(
                f"{path.absolute().as_uri()}?{options}", uri=True, check_same_thread=one_thread
            )
            self._inode: _Inode | None = _inode(path.stat())
            _connections[self._inode] += 1

    def close(self) -> None:
        super().close()
        with _lock:
            if self._inode is None:
                return
            _connections[self._inode] -= 1
            if not _connections[self._inode]:
                del _connections[self._inode]
                if file := _kept.pop(self._inode, None):
                    file.close()
            self._inode = None


def sha256_of(path: Path) -> str:
    """Hex sha256 of the file.

    Raises:
        OSError: it cannot be read.
    """
    with _lock:
        file = _kept.get(_inode(path.stat())) or FileIO(path)
        inode = _inode(os.fstat(file.fileno()))
        try:
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
        finally:
            if inode in _connections:
                _kept[inode] = file
            else:
                file.close()


def _inode(of: os.stat_result) -> _Inode:
    return of.st_dev, of.st_ino
