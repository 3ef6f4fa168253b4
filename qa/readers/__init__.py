"""What reads passages for the exact answer: the contract, and the choice between readers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from qa.readers.calibration import Calibration

BUNDLED, NONE = "bundled", "none"


@dataclass(frozen=True, slots=True)
class ReadText:
    """A passage as it is read: `front`, then `body`.

    Attributes:
        front: title and heading path, which tell what the passage is about and may not hold
            the answer; "" where there are none.
        body: the passage after its heading.
    """

    front: str
    body: str


@dataclass(frozen=True, slots=True)
class Span:
    """The words of a body that answer best: ``body[start:end]``, whole words.

    Attributes:
        start, end: code points, start < end.
        score: log-odds of these words over "no answer in this passage", which is 0. Compares
            between the passages of one question.
    """

    start: int
    end: int
    score: float


class Reader(Protocol):
    """Finds the span of each passage that answers a question. Threads may share it."""

    @property
    def model(self) -> str:
        """Name for people."""

    @property
    def fingerprint(self) -> str:
        """Hex digest of everything that decides spans and scores."""

    @property
    def at_once(self) -> int:
        """How many passages are best given to one call of `read`."""

    @property
    def calibration(self) -> Calibration:
        """What its scores mean."""

    def read(self, question: str, texts: Sequence[ReadText]) -> list[Span | None]:
        """The best span of each text, in order; [] for none.

        A span and its score depend on question and text alone, not on what is read with it.
        None where a body has nothing that could answer, being blank for instance.
        """


def open_reader(name: str) -> Reader | None:
    """The reader for `name`: "bundled", "none", a folder, or a name on the Hugging Face hub.

    Bundled weights are compared with their sha256; nothing else is loaded until the reader
    reads. Only a hub name may use the network.

    Returns:
        None for "none", and for "bundled" where this installation ships no weights.

    Raises:
        ModelError: weights are missing in part or altered, or there is no such model.
    """
    if name == NONE:
        return None
    if name == BUNDLED:
        from qa.readers.onnx_reader import open_bundled

        return open_bundled()
    from qa.readers.transformers_reader import open_transformers

    return open_transformers(name)
