"""The log is one JSON object a line, and tells neither tokens nor, unless asked, questions."""

import base64
import http.client
import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest

from qa.access import Access
from qa.answerer import Answerer
from qa.app import create_app
from qa.logs import JsonLines
from qa.server import Server, listen
from qa.settings import LOOPBACK_HOSTS
from qa.tokens import Tokens

SECRET, WRONG = "s3cret-t0ken", "wr0ng-t0ken"
QUESTION = "who leads the zebra center?"


@contextmanager
def logged(questions: bool = False) -> Iterator[io.StringIO]:
    """Everything that is logged, as the server would write it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines(questions))
    root, ours = logging.getLogger(), logging.getLogger("citewell")
    levels = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.INFO)
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(levels[0])
        ours.setLevel(levels[1])


@contextmanager
def served(answerer: Answerer, access: Access) -> Iterator[int]:
    server = Server(create_app(lambda: answerer, access), listen("127.0.0.1", 0), grace=1)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.port
    finally:
        server.stop()
        thread.join(timeout=30)
        assert not thread.is_alive()


def send(port: int, method: str, path: str, body: str | None, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        plain = {"Content-Type": "application/json", "Connection": "close"}
        connection.request(method, path, body, plain | headers)
        reply = connection.getresponse()
        reply.read()
        return reply.status
    finally:
        connection.close()


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_token_is_in_no_line_wherever_it_was_put(answerer: Answerer) -> None:
    access = Access(tokens=Tokens.of({"ada": SECRET}), hosts=LOOPBACK_HOSTS)
    ask = json.dumps({"question": "bees"})
    with logged() as written, served(answerer, access) as port:
        statuses = []
        for token in (SECRET, WRONG):
            basic = base64.b64encode(f"{token}:{token}".encode()).decode()
            bearer = {"Authorization": f"Bearer {token}"}
            statuses += [
                send(port, "POST", "/ask", ask, **bearer),
                send(port, "POST", "/ask", ask, Authorization=f"Basic {basic}"),
                send(port, "POST", f"/ask?token={token}", ask, **bearer),
                send(port, "GET", f"/?q={token}", None, **bearer),
                send(port, "GET", f"/{token}", None, **bearer),
                send(port, "GET", f"/documents/{token}", None, **bearer),
                send(port, "GET", f"http://{token}:{token}@localhost/readyz", None, **bearer),
                send(port, token.upper(), "/ask", None, **bearer),
                send(port, "GET", "/readyz", None, **bearer, Host=f"{token}.example"),
                send(port, "GET", "/readyz", None, **bearer, Origin=f"http://{token}"),
                send(port, "POST", "/ask", f'{{"{token}": "{token}', **bearer),
                send(port, "GET", "/", None, Cookie=token, Referer=token, **{"User-Agent": token}),
                send(port, "GET", "/bad", token, **{"Content-Length": token}),
            ]
    assert set(statuses) == {200, 400, 401, 403, 404, 405}
    assert len([line for line in lines(written) if line["message"] == "request"]) == len(statuses)
    text = written.getvalue().lower()
    for token in (SECRET, WRONG):
        assert token not in text
        assert base64.b64encode(f"{token}:{token}".encode()).decode().lower() not in text
    assert "a wrong token was presented from 127.0.0.1" in text


def test_a_request_is_one_line_without_what_it_asks(answerer: Answerer) -> None:
    with logged() as written, served(answerer, Access(tokens=Tokens.of({"ada": SECRET}))) as port:
        bearer = {"Authorization": f"Bearer {SECRET}"}
        send(port, "POST", "/ask", json.dumps({"question": QUESTION}), **bearer)
        send(port, "GET", f"/?q={quote(QUESTION)}", None, **bearer)
        send(port, "GET", "/livez", None)
        send(port, "GET", f"/documents/tram.txt?q={quote(QUESTION)}", None, **bearer)
        send(port, "GET", f"/{quote(QUESTION)}", None, **bearer)
    told = lines(written)
    assert all(line.keys() >= {"time", "level", "process", "message"} for line in told)
    assert all(0 < line["ms"] < 30_000 for line in told)
    assert [(line["method"], line["path"], line["status"], line["token"]) for line in told] == [
        ("POST", "/ask", 200, "ada"),
        ("GET", "/", 200, "ada"),
        ("GET", "/livez", 200, None),
        ("GET", "/documents/<path:document_id>", 200, "ada"),
        ("GET", None, 404, "ada"),
    ]
    assert "zebra" not in written.getvalue()


def test_questions_are_logged_where_that_is_asked_for(answerer: Answerer) -> None:
    app = create_app(lambda: answerer, Access(log_questions=True))
    with logged(questions=True) as written:
        app.test_client().post("/ask", json={"question": QUESTION})
        app.test_client().get("/livez")
    assert [line["question"] for line in lines(written)] == [QUESTION, None]


@pytest.mark.parametrize("questions", [False, True])
def test_an_error_tells_where_it_was_raised_and_no_question(questions: bool) -> None:
    def broken() -> Answerer:
        raise RuntimeError(QUESTION)

    app = create_app(broken, Access(log_questions=questions))
    with logged(questions) as written:
        reply = app.test_client().post("/ask", json={"question": QUESTION})
    assert reply.status_code == 500
    error, request = lines(written)
    assert (error["level"], error["message"], error["error"]) == (
        "error",
        "api.ask failed",
        "RuntimeError",
    )
    assert error["trace"][-1].endswith(" broken")
    assert ("zebra" in written.getvalue()) is questions
    assert (error.get("detail") == request.get("question") == QUESTION) is questions


def test_control_characters_are_escaped() -> None:
    ugly = "".join(map(chr, range(0xA0))) + "\u2028\u2029\u202e\ufeff\udc80"
    with logged() as written:
        logging.getLogger("citewell").warning("%s", ugly, extra={"fields": {"ugly": ugly}})
    (line,) = written.getvalue().split("\n")[:-1]
    assert all(" " <= character <= "~" for character in line)
    told = json.loads(line)
    assert (told["message"], told["ugly"]) == (ugly, ugly)


def test_what_the_server_below_says_of_an_address_is_left_out() -> None:
    with logged() as written:
        logging.getLogger("waitress").warning("while serving %s", f"/?q={QUESTION}")
    assert [line["message"] for line in lines(written)] == ["while serving %s"]
