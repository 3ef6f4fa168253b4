"""How much memory a process holds, as Linux tells it."""

import re
from dataclasses import dataclass
from pathlib import Path

_KILOBYTES = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_TO_MB = 1024 / 1e6


@dataclass(frozen=True, slots=True)
class Memory:
    """In megabytes (10^6 bytes).

    Attributes:
        rss: all resident pages.
        own: those without a file behind them. The rest (libraries, mapped parts of the
            index) is shared by whoever maps the same file, and can be dropped at any time.
    """

    rss: float
    own: float


def memory(pid: int) -> Memory:
    """
    Raises:
        OSError: there is no such process, or this is not Linux.
    """
    return read_rollup(Path(f"/proc/{pid}/smaps_rollup").read_text("ascii"))


def read_rollup(text: str) -> Memory:
    """What /proc/PID/smaps_rollup says."""
    fields = {name: int(size) * _TO_MB for name, size in _KILOBYTES.findall(text)}
    return Memory(rss=fields["Rss"], own=fields["Anonymous"])
