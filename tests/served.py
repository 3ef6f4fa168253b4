"""The server as `citewell serve` puts it together, with an embedder of the tests.

    python -m tests.served INDEX WORKERS

Embedding a question takes SERVED_SECONDS of the environment.
"""

import os
import sys
import time

from index.embedders import Vectors
from qa import serving
from qa.settings import Settings, read_settings
from tests.conftest import WORDS
from tests.fakes import CountingEmbedder


class _Slow(CountingEmbedder):
    def embed_question(self, text: str) -> Vectors:
        if text.startswith("who"):  # not what warms up
            time.sleep(float(os.environ["SERVED_SECONDS"]))
        return super().embed_question(text)


def _models(settings: Settings) -> tuple[CountingEmbedder, None]:
    return _Slow(WORDS), None


def main() -> None:
    index, workers, *fed_by = sys.argv[1:]
    settings = read_settings({"index": index, "workers": workers, "port": "0"}, {})
    if fed_by:
        serving.work(settings, int(fed_by[0]), _models)
        return
    worker = [sys.executable, "-m", "tests.served", index, workers]
    serving.serve(settings, worker, lambda url: print(url, flush=True), _models)  # noqa: T201


if __name__ == "__main__":
    main()
