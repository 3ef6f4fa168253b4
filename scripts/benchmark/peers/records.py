"""What the comparison measured. A ratio is another's figure by citewell's, round by round."""

from dataclasses import dataclass

from scripts.benchmark.figures import Spread
from scripts.benchmark.memory import Memory
from scripts.benchmark.records import Machine


@dataclass(frozen=True, slots=True)
class Row:
    """One that was measured, beside citewell in the same rounds.

    Attributes:
        value: in the table's unit.
        ratio: of times above 1 where citewell is faster; so are those of rates, which are
            turned over: citewell's by the other's.
    """

    name: str
    value: Spread
    ratio: Spread


@dataclass(frozen=True, slots=True)
class Held:
    """Memory of a server that has answered all questions."""

    name: str
    memory: Memory


@dataclass(frozen=True, slots=True)
class Comparison:
    """A whole run. `made_at` is ISO 8601, UTC.

    Attributes:
        indexed: passages that were asked about; built: that each round of building takes.
        questions: in each round.
        embed: passages/s, the embedding alone.
        build: passages/s, from nothing until questions can be asked.
        ask: p50 in milliseconds, in one process, one question at a time.
        http: p50 in milliseconds, one client.
    """

    made_at: str
    machine: Machine
    rounds: int
    indexed: int
    built: int
    questions: int
    embed: tuple[Row, ...]
    build: tuple[Row, ...]
    ask: tuple[Row, ...]
    http: tuple[Row, ...]
    held: tuple[Held, ...]
