"""What the words cost: hybrid against meaning alone, in one process.

python -m scripts.benchmark.modes INDEX < rounds of questions, as JSON
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from index.embedders import BUNDLED, open_embedder
from qa.answerer import Answerer
from qa.records import Mode
from qa.settings import exports
from scripts.benchmark.figures import spread
from scripts.benchmark.records import Modes

_MODES: tuple[Mode, Mode] = ("hybrid", "meaning")


def compare(answerer: Answerer, rounds: Sequence[Sequence[str]]) -> Modes:
    """Ask every question both ways; which comes first alternates."""
    medians: dict[Mode, list[float]] = {mode: [] for mode in _MODES}
    for questions in rounds:
        took: dict[Mode, list[float]] = {mode: [] for mode in _MODES}
        for number, question in enumerate(questions):
            for mode in _MODES if number % 2 else reversed(_MODES):
                began = time.perf_counter()
                answerer.ask(question, mode=mode)
                took[mode].append((time.perf_counter() - began) * 1e3)
        for mode in _MODES:
            medians[mode].append(median(took[mode]))
    pairs = zip(*medians.values(), strict=True)
    return Modes(
        hybrid=spread(medians["hybrid"]),
        meaning=spread(medians["meaning"]),
        difference=spread([hybrid - meaning for hybrid, meaning in pairs]),
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    opened = Answerer.open(folder, open_embedder(BUNDLED, exports(folder)))
    warm_up, *counted = json.load(sys.stdin)
    compare(opened, [warm_up])
    print(json.dumps(asdict(compare(opened, counted))))
