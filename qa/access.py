"""Who may ask: what is checked of every request before its route."""

import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from qa.problems import Refused
from qa.tokens import Tokens

log = logging.getLogger("citewell")

_OPEN = "/livez"  # says nothing but that the server runs, to whoever watches over it


@dataclass(frozen=True, slots=True)
class Access:
    """Whom the server answers.

    Attributes:
        tokens: one of which every request but /livez must present; None asks for none.
        hosts: names under which the server may be addressed, so that a page elsewhere
            cannot reach it through a name of its own (DNS rebinding); None for any.
    """

    tokens: Tokens | None = None
    hosts: tuple[str, ...] | None = None


EVERYONE = Access()


def guard(app: Flask, access: Access) -> None:
    """Check every request of `app`, whatever its path and method. Register nothing before it."""

    @app.before_request
    def check() -> None:
        # not werkzeug's TRUSTED_HOSTS, which takes no IPv6 address
        hosts = access.hosts
        if hosts is not None and urlsplit(f"//{request.host}").hostname not in hosts:
            raise Refused(400, f"this server is not called {request.host!r}")
        if request.path != _OPEN:
            g.token = _name(access.tokens)

    @app.after_request
    def challenge(response: Response) -> Response:
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="Citewell"'  # browsers can ask
        return response


def _name(tokens: Tokens | None) -> str | None:
    """The name of the token that a request presents; None where none is asked for.

    Raises:
        Refused: it presents none of them.
    """
    if tokens is None:
        return None
    presented = _presented()
    name = None if presented is None else tokens.name_of(presented)
    if name is not None:
        return name
    if presented is not None:
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
