"""A client that sends too much is held off for a while, and no other with it."""

import time

import pytest
from flask import Flask
from flask.testing import FlaskClient

from qa.access import Access
from qa.answerer import Answerer
from qa.app import create_app
from qa.limiting import Rate, client_of, limiter
from qa.tokens import Tokens

HOUR = 3600


@pytest.fixture
def app(answerer: Answerer) -> Flask:
    tokens = Tokens.of({"ada": "a-token", "grace": "g-token"})
    return create_app(lambda: answerer, Access(tokens, admit=limiter(Rate(3, HOUR), 1)))


def asks(client: FlaskClient, token: str, address: str = "192.0.2.1") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    environ = {"REMOTE_ADDR": address}
    return client.get("/readyz", headers=headers, environ_base=environ).status_code


def test_past_its_rate_a_client_is_told_when_to_come_again(app: Flask) -> None:
    client = app.test_client()
    assert [asks(client, "a-token") for _ in range(4)] == [200, 200, 200, 429]
    reply = client.get(
        "/readyz",
        headers={"Authorization": "Bearer a-token"},
        environ_base={"REMOTE_ADDR": "192.0.2.1"},
    )
    assert reply.content_type == "application/problem+json"
    assert HOUR - 60 < int(reply.headers["Retry-After"]) <= HOUR
    assert "too many requests" in reply.get_json()["detail"]


def test_others_and_other_addresses_go_on(app: Flask) -> None:
    client = app.test_client()
    while asks(client, "a-token") == 200:
        pass
    assert asks(client, "g-token") == 200
    assert asks(client, "a-token", "192.0.2.2") == 200


def test_guesses_at_a_token_count(app: Flask) -> None:
    client = app.test_client()
    assert [asks(client, f"guess-{n}") for n in range(4)] == [401, 401, 401, 429]
    assert asks(client, "a-token") == 200


def test_livez_has_no_limit(app: Flask) -> None:
    client = app.test_client()
    assert {client.get("/livez").status_code for _ in range(9)} == {200}


def test_without_a_rate_nothing_is_counted(answerer: Answerer) -> None:
    client = create_app(lambda: answerer).test_client()
    assert {client.get("/readyz").status_code for _ in range(9)} == {200}


def test_each_process_allows_its_share() -> None:
    admit = limiter(Rate(5, HOUR), 2)
    assert [admit("ada") is None for _ in range(4)] == [True, True, True, False]


def test_after_its_time_a_client_goes_on() -> None:
    admit = limiter(Rate(1, 1), 1)
    assert admit("ada") is None
    wait = admit("ada")
    assert wait is not None
    assert 0 <= wait <= 1
    time.sleep(1.1)
    assert admit("ada") is None


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("/run/socket", "/run/socket"),
        (None, ""),
    ],
)
def test_a_client_of_ipv6_is_its_network(address: str | None, client: str) -> None:
    assert client_of(address) == client
