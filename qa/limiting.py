"""How many requests a client may send: the only file that imports `limits`."""

import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from index.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    seconds: int


def read_rate(text: str) -> Rate:
    """A rate from words such as "120/minute" or "5 per second".

    Raises:
        SettingsError: they are none; the message lacks where they were set.
    """
    from limits import parse

    try:
        item = parse(text)
    except ValueError:
        raise SettingsError("use a rate such as 120/minute, or none") from None
    return Rate(item.amount, item.get_expiry())


def limiter(rate: Rate, workers: int) -> Callable[[str], float | None]:
    """What says whether a client may go on: None, or the seconds that it is to wait.

    A window that moves, in memory, so each process counts for itself and allows its share.
    Connections go to the process that has the fewest; a client with one connection meets one
    share of the rate alone, one with several up to all of them.
    """
    from limits import RateLimitItemPerSecond
    from limits.storage import MemoryStorage
    from limits.strategies import MovingWindowRateLimiter

    item = RateLimitItemPerSecond(math.ceil(rate.requests / workers), rate.seconds)
    window = MovingWindowRateLimiter(MemoryStorage())

    def admit(client: str) -> float | None:
        if window.hit(item, client):
            return None
        return max(0.0, window.get_window_stats(item, client).reset_time - time.time())

    return admit


def client_of(address: str | None) -> str:
    """The part of an address that one client has: of IPv6 a whole network of 64 bits."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), 64), strict=False))
