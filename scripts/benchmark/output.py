"""Where a run leaves its results, and on what it ran."""

import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.benchmark.records import Machine

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def machine() -> Machine:
    """This one, as Linux tells it."""
    names = (
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        if line.startswith("model name")
    )
    return Machine(
        processor=next(names, platform.machine()),
        cores=len(os.sched_getaffinity(0)),
        python=platform.python_version(),
    )


def write(path: Path, name: str, results: "DataclassInstance") -> None:
    """Put results under their name beside those of other runs in one file."""
    kept: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    kept[name] = asdict(results)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print(f"written to {path}", file=sys.stderr)
