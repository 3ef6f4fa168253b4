"""A whole build in a process of its own, so that its memory can be told.

python -m scripts.benchmark.indexing DOCUMENTS INDEX EMBEDDED
"""

import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from index.build import build
from index.embedders import BUNDLED, open_embedder
from qa.settings import exports
from scripts.benchmark.bank import BankEmbedder
from scripts.benchmark.records import Built


def main(documents: Path, index: Path, most: int) -> Built:
    """Build; no more than `most` passages are embedded, the others' vectors are varied."""
    embedder = BankEmbedder(open_embedder(BUNDLED, exports(index), may_export=True), most)
    began = time.perf_counter()
    report = build(documents, index, embedder)
    return Built(
        documents=report.documents,
        passages=report.passages,
        embedded=embedder.embedded,
        seconds=time.perf_counter() - began,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))))
