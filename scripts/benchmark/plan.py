"""What the load generator is told, and what it tells. The standard library only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask.

    Attributes:
        clients: how many connections, each with one request on the way.
        requests: raw requests, shared by all clients, each sent once.
        warm_up: how many of the first are not counted.
        seconds: most time that all may take.
        until_closed: repeat the requests until stdin is closed.
    """

    port: int
    clients: int
    requests: tuple[str, ...]
    warm_up: int = 0
    seconds: float = 300.0
    until_closed: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """What came back.

    Attributes:
        latencies: milliseconds from before a request was sent until its answer was there whole,
            of the answers with status 200, in the order they came.
        refused: answers with status 503. The client waits as it is told to and asks again;
            the latency is that of the request that was answered.
        failed: how often there was no answer or another status, by what there was instead.
        seconds: from the first request to the last answer with status 200.
    """

    latencies: tuple[float, ...]
    refused: int
    failed: dict[str, int]
    seconds: float
