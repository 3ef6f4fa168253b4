"""The server answers to its own names, and to pages of its own, whatever the method."""

from itertools import product

import pytest
from flask import Flask

from qa.access import Access
from qa.answerer import Answerer
from qa.app import create_app
from qa.settings import LOOPBACK_HOSTS
from qa.tokens import Tokens

PAGE = "https://pages.example:8443"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ODD"]
CORS = "Access-Control-"


@pytest.fixture(scope="module")
def local(answerer: Answerer) -> Flask:
    return create_app(lambda: answerer, Access(hosts=LOOPBACK_HOSTS))


@pytest.fixture(scope="module")
def public(answerer: Answerer) -> Flask:
    """As on an address that others reach, with a page that may ask."""
    return create_app(
        lambda: answerer,
        Access(
            tokens=Tokens.of({"ada": "s3cret"}),
            hosts=(*LOOPBACK_HOSTS, "qa.example"),
            any_address=True,
            origins=(PAGE,),
        ),
    )


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "127.0.0.1", "localhost", "LocalHost:80", "[::1]:8000", "[::1]"]
)
def test_a_server_on_loopback_answers_to_its_own_names(local: Flask, host: str) -> None:
    assert local.test_client().get("/readyz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "evil.example:127.0.0.1",
        "localhost@evil.example",
        "evil.example@localhost",
        "evil.example#localhost",
        "localhost, evil.example",
        "localhost:80:90",
        "[::1",
        "[::1]evil.example",
        "[::2]",
        "192.0.2.1",
        "127.0.0.2",
        "0",
        "",
        " ",
    ],
)
def test_and_to_no_other_whatever_the_path_and_method(local: Flask, host: str) -> None:
    for path, method in product(("/", "/ask", "/livez", "/nothing"), METHODS):
        reply = local.test_client().open(path, method=method, headers={"Host": host})
        assert reply.status_code == 400
        assert method == "HEAD" or "start it with --allow-host" in reply.get_json()["detail"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("qa.example", 401),
        ("192.0.2.1:8000", 401),
        ("[2001:db8::1]", 401),
        ("evil.example", 400),
        ("192.0.2.1.evil.example", 400),
    ],
)
def test_one_that_others_reach_answers_to_its_names_and_to_addresses(
    public: Flask, host: str, status: int
) -> None:
    assert public.test_client().get("/readyz", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "http://localhost.evil.example",
        "http://localhost:8001",
        "http://127.0.0.1:8000",  # the same server by another name is another origin
        "http://localhost:8000@evil.example",
        "ftp://localhost:8000",
        "http://localhost:8000, http://evil.example",
        "localhost:8000",
        "http://[",
    ],
)
def test_a_page_elsewhere_is_refused_whatever_the_path_and_method(
    local: Flask, origin: str
) -> None:
    headers = {"Host": "localhost:8000", "Origin": origin}
    for path, method in product(("/", "/ask", "/livez", "/nothing"), METHODS):
        reply = local.test_client().open(path, method=method, headers=headers)
        assert reply.status_code == 403
        assert not [name for name, _ in reply.headers if name.startswith(CORS)]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("localhost:8000", "https://localhost:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("127.0.0.1:80", "http://127.0.0.1"),
    ],
)
def test_its_own_pages_may_ask(local: Flask, host: str, origin: str) -> None:
    headers = {"Host": host, "Origin": origin}
    reply = local.test_client().post("/ask", json={"question": "bees"}, headers=headers)
    assert reply.status_code == 200


def test_without_an_origin_configured_nothing_is_said_of_origins(local: Flask) -> None:
    client = local.test_client()
    for origin in ({}, {"Origin": "http://localhost"}, {"Origin": PAGE}):
        preflight = {**origin, "Access-Control-Request-Method": "POST"}
        for reply in (
            client.get("/readyz", headers=origin),
            client.options("/ask", headers=preflight),
        ):
            assert not [name for name, _ in reply.headers if name.startswith(CORS)]


def test_a_page_that_may_ask_is_told_so_and_still_needs_a_token(public: Flask) -> None:
    client = public.test_client()
    preflight = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    asked = client.options("/ask", headers=preflight)
    assert (asked.status_code, asked.get_data()) == (204, b"")
    assert asked.headers["Access-Control-Allow-Origin"] == PAGE
    assert asked.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert asked.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    for token, status in (("s3cret", 200), ("wrong", 401)):
        headers = {"Origin": PAGE, "Authorization": f"Bearer {token}"}
        reply = client.post("/ask", json={"question": "bees"}, headers=headers)
        assert reply.status_code == status
        assert reply.headers["Access-Control-Allow-Origin"] == PAGE
        assert "Access-Control-Allow-Credentials" not in reply.headers
        assert reply.headers["Vary"] == "Origin"
    other = client.options("/ask", headers={**preflight, "Origin": "https://evil.example"})
    assert other.status_code == 403
    assert "Access-Control-Allow-Origin" not in other.headers
