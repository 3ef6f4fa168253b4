"""What a benchmark measured. Spreads are over its rounds."""

from dataclasses import dataclass

from scripts.benchmark.figures import Spread
from scripts.benchmark.memory import Memory


@dataclass(frozen=True, slots=True)
class Machine:
    processor: str
    cores: int
    python: str


@dataclass(frozen=True, slots=True)
class Built:
    """A whole build.

    Attributes:
        embedded: passages that went through the model.
        seconds: of the build, once the model is there.
        peak_mb: most memory that the process ever held, in megabytes.
    """

    documents: int
    passages: int
    embedded: int
    seconds: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Builds from nothing by `citewell index`, its start counted in `per_second`."""

    passages: int
    per_second: Spread


@dataclass(frozen=True, slots=True)
class Level:
    """So many clients that ask without pause. Latencies in milliseconds, of answers with 200.

    Attributes:
        answered, refused, failed: requests of all rounds: status 200, 503, anything else.
    """

    clients: int
    p50: Spread
    p95: Spread
    p99: Spread
    per_second: Spread
    answered: int
    refused: int
    failed: int


@dataclass(frozen=True, slots=True)
class Serving:
    """
    Attributes:
        generator: the load generator against a server that does nothing.
        levels: passages alone.
        reading: with the exact answer, where there is a reader.
        fresh: of the server after its first answer.
        loaded: of the same server after all questions.
    """

    generator: tuple[Level, ...]
    levels: tuple[Level, ...]
    reading: tuple[Level, ...]
    fresh: Memory
    loaded: Memory


@dataclass(frozen=True, slots=True)
class Starts:
    """Seconds from the start of the process: to the first answer, and to its end."""

    serve: Spread
    ask: Spread


@dataclass(frozen=True, slots=True)
class Modes:
    """Medians in milliseconds in one process, question by question in turns."""

    hybrid: Spread
    meaning: Spread
    difference: Spread


@dataclass(frozen=True, slots=True)
class Rebuilds:
    """Seconds.

    Attributes:
        changed: one file changed: from the start of `citewell index` to the server's first
            answer from the new snapshot.
        unchanged: `citewell index` of a folder in which nothing changed, start to end.
    """

    changed: Spread
    unchanged: Spread


@dataclass(frozen=True, slots=True)
class Swaps:
    """New snapshots taken over while questions are asked.

    Attributes:
        quiet: the same clients without a build beside them.
        busy: while snapshot after snapshot is built and taken over.
    """

    swaps: int
    quiet: Level
    busy: Level
    before: Memory
    after: Memory


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run. `made_at` is ISO 8601, UTC."""

    made_at: str
    machine: Machine
    rounds: int
    whole: Built
    build: Rate
    serving: Serving
    starts: Starts
    modes: Modes
    rebuilds: Rebuilds
    swaps: Swaps
