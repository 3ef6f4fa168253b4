"""The server answers to its own names, and to pages of its own."""

import pytest

from qa.access import Access
from qa.answerer import Answerer
from qa.app import create_app


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("[::1]:8000", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
    ],
)
def test_a_server_on_loopback_answers_only_to_its_own_names(
    answerer: Answerer, host: str, status: int
) -> None:
    app = create_app(lambda: answerer, Access(hosts=("127.0.0.1", "localhost", "::1")))
    reply = app.test_client().get("/readyz", headers={"Host": host})
    assert reply.status_code == status
