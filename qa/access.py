"""Who may ask: what is checked of every request before its route."""

import ipaddress
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from qa.limiting import client_of
from qa.problems import Refused
from qa.tokens import Tokens

log = logging.getLogger("citewell")

_OPEN = "/livez"  # says nothing but that the server runs, to whoever watches over it


_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Whom the server answers.

    Attributes:
        tokens: one of which every request but /livez must present; None asks for none.
        hosts: names under which the server may be addressed, so that a page elsewhere
            cannot reach it through a name of its own (DNS rebinding); None for any.
        any_address: whether besides by every IP address, which no one can rebind.
        admit: gives the seconds that a client, by a name, is to wait before it may send more; None
            where it may go on. None for no limit.
        origins: of pages elsewhere that may ask it (CORS); its own may in any case.
        log_questions: whether the log tells what is asked.
    """

    tokens: Tokens | None = None
    hosts: tuple[str, ...] | None = None
    any_address: bool = False
    admit: Callable[[str], float | None] | None = None
    origins: tuple[str, ...] = ()
    log_questions: bool = False


EVERYONE = Access()


def guard(app: Flask, access: Access) -> None:
    """Check every request of `app`, whatever its path and method."""

    @app.before_request
    def check() -> Response | None:
        _check_host(access)
        origin = request.headers.get("Origin")
        if origin is not None:
            _check_origin(origin, access.origins)
            if request.method == "OPTIONS" and origin in access.origins:
                return Response(status=204, headers=_PREFLIGHT)  # carries no token by design
        if request.path != _OPEN:
            g.token = _name(access.tokens)
            if access.admit is not None:  # before the token is missed, so guesses count
                _check_rate(access.admit, g.token)
            if access.tokens is not None and g.token is None:
                _miss_token()
        return None

    @app.after_request
    def challenge(response: Response) -> Response:
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="Citewell"'  # browsers can ask
        if access.origins:
            response.vary.add("Origin")
            if (origin := request.headers.get("Origin")) in access.origins:
                response.headers["Access-Control-Allow-Origin"] = origin
                response.headers["Access-Control-Expose-Headers"] = "Retry-After, Server-Timing"
        return response


def _check_host(access: Access) -> None:
    # not werkzeug's TRUSTED_HOSTS, which takes no IPv6 address
    if access.hosts is None:
        return
    name = urlsplit(f"//{request.host}").hostname or ""  # empty where it was no name
    if name in access.hosts or (access.any_address and _is_address(name)):
        return
    raise Refused(
        400, f"this server is not called {name!r}; if it should be, start it with --allow-host"
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _check_origin(origin: str, allowed: tuple[str, ...]) -> None:
    # by the name alone, since whoever speaks TLS before the server speaks HTTP with it
    own = (f"http://{request.host}", f"https://{request.host}")
    if not request.host or origin not in (*own, *allowed):
        raise Refused(
            403,
            "pages elsewhere may not ask this server; if they should, start it with --allow-origin",
        )


def _name(tokens: Tokens | None) -> str | None:
    """The name of the token that a request presents, of those asked for; None where it is none."""
    presented = None if tokens is None else _presented()
    return None if tokens is None or presented is None else tokens.name_of(presented)


def _check_rate(admit: Callable[[str], float | None], token: str | None) -> None:
    wait = admit(f"{token or ''} {client_of(request.remote_addr)}")
    if wait is not None:
        raise Refused(429, "too many requests; send fewer, this one again later", retry=wait)


def _miss_token() -> NoReturn:
    if _presented() is not None:
        log.warning("a wrong token was presented from %s", request.remote_addr)
    raise Refused(
        401,
        "present a token of the server: Authorization: Bearer …, or as the password that a "
        "browser asks for",
    )


def _presented() -> str | None:
    """As a bearer token or as a password, whatever the user's name; None where neither."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()  # werkzeug's reading of it ends at a "="
    given = request.authorization
    return given.password if given is not None and given.type == "basic" else None
