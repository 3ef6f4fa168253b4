"""The answerer that a server uses, replaced when a new index is published."""

import logging
import threading
from pathlib import Path

from index import snapshot
from index.embedders import Embedder
from index.errors import CitewellError, IndexDamaged, IndexMissing
from qa.answerer import Answerer
from qa.readers import Reader

log = logging.getLogger("citewell")

POLL_SECONDS = 0.5


class Live:
    """Call it for the current answerer. A request keeps the one that it was given.

    The new snapshot is opened, verified and warmed beside the old one before it takes its
    place, so no request meets a half-opened index. One that cannot be opened never
    replaces one that can.
    """

    def __init__(
        self,
        index: Path,
        embedder: Embedder,
        reader: Reader | None = None,
        threshold: float | None = None,
    ) -> None:
        """
        Args:
            reader, threshold: as `Answerer` has them.
        """
        self._index = index
        self._embedder = embedder
        self._reader = reader
        self._threshold = threshold
        self._answerer: Answerer | None = None
        self._tried: tuple[int, str] | None = None
        self._missing = IndexMissing(f"there is no index in {index} yet; run `make index`")
        self._problem: CitewellError | None = None

    def __call__(self) -> Answerer:
        """The current answerer.

        Raises:
            CitewellError: there is none, and this is why.
        """
        if self._answerer is None:
            raise self._problem or self._missing
        return self._answerer

    @property
    def problem(self) -> str | None:
        """Why what is published now cannot be served; None where it can, or nothing is."""
        return str(self._problem) if self._problem else None

    def refresh(self) -> None:
        """Open what is published, if it is not what was opened last. What fails is told once."""
        try:
            published = snapshot.current(self._index)
        except CitewellError as error:
            self._tried = None
            self._keep(error)
            return
        if published is None or published == self._tried:
            return
        self._tried = published
        try:
            answerer = Answerer.open(self._index, self._embedder, self._reader, self._threshold)
            answerer.warm_up()
        except CitewellError as error:
            self._keep(error)
            return
        except Exception:
            log.exception("opening the published index failed")
            self._keep(IndexDamaged("opening it failed; the server's log says why"))
            return
        self._problem = None
        replaced, self._answerer = self._answerer, answerer
        if replaced is not None:
            log.info("now serving snapshot %d", answerer.info.snapshot)

    def _keep(self, error: CitewellError) -> None:
        """Go on with what there is."""
        if str(error) != self.problem:
            log.error("the published index cannot be served: %s", error)
        self._problem = error

    def watch(self, stop: threading.Event, every: float = POLL_SECONDS) -> threading.Thread:
        """Refresh in a thread, `every` so many seconds, until `stop` is set."""

        def poll() -> None:
            while not stop.wait(every):
                try:
                    self.refresh()
                except Exception:  # the next snapshot may open; without this thread none would
                    log.exception("looking for a new index failed")

        thread = threading.Thread(target=poll, name="citewell-reload", daemon=True)
        thread.start()
        return thread
