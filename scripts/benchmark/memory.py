"""How much memory a process and its children hold, as Linux tells it."""

import re
from dataclasses import dataclass
from pathlib import Path

_KILOBYTES = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_TO_MB = 1024 / 1e6


@dataclass(frozen=True, slots=True)
class Memory:
    """In megabytes (10^6 bytes).

    Attributes:
        rss: all resident pages; a page of a file that two processes map is one of each.
        own: those without a file behind them. The rest (libraries, mapped parts of the
            index) is shared by whoever maps the same file, and can be dropped at any time.
    """

    rss: float
    own: float


def memory(pid: int) -> Memory:
    """Of a process and of all that it started, and they.

    Raises:
        OSError: there is no such process, or this is not Linux.
    """
    process = Path(f"/proc/{pid}")
    own = read_rollup((process / "smaps_rollup").read_text("ascii"))
    children = (process / "task" / str(pid) / "children").read_text("ascii").split()
    every = [own, *(memory(int(child)) for child in children)]
    return Memory(rss=sum(one.rss for one in every), own=sum(one.own for one in every))


def read_rollup(text: str) -> Memory:
    """What /proc/PID/smaps_rollup says."""
    fields = {name: int(size) * _TO_MB for name, size in _KILOBYTES.findall(text)}
    return Memory(rss=fields["Rss"], own=fields["Anonymous"])
