"""A server that others can reach opens to a token, on every route, and keeps none in clear."""

import base64
import hmac
import logging
import socket
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from index.errors import SettingsError
from qa.access import Access
from qa.answerer import Answerer
from qa.app import create_app
from qa.settings import read_settings
from qa.tokens import Tokens, read_tokens

SECRET, OTHER = "s3cret=with/signs:", "another-0ne"


@pytest.fixture(scope="module")
def closed(answerer: Answerer) -> Flask:
    return create_app(lambda: answerer, Access(tokens=Tokens.of({"ada": SECRET, "grace": OTHER})))


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def url(rule: Rule) -> str:
    return str(rule).replace("<path:document_id>", "tram.txt").replace("<path:filename>", "x")


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {SECRET[:-1]}",
        f"Bearer {SECRET}x",
        f"Bearer {SECRET.upper()}",
        f"Bearer {sha256(SECRET.encode()).hexdigest()}",
        f"Bearer sha256:{sha256(SECRET.encode()).hexdigest()}",
        "Bearer \xff\xfe",
        f"Token {SECRET}",
        f'Digest password="{OTHER}"',
        SECRET,
        "Basic !!",
        "Basic",
        basic("ada", ""),
        basic("ada", "wrong"),
        basic(SECRET, ""),
    ],
)
def test_without_a_token_every_route_but_livez_is_closed(
    closed: Flask, authorization: str | None
) -> None:
    client = closed.test_client()
    headers = {} if authorization is None else {"Authorization": authorization}
    rules = list(closed.url_map.iter_rules())
    assert {"/ask", "/", "/readyz", "/docs", "/openapi.json"} <= {str(rule) for rule in rules}
    asked = 0
    for rule in rules:
        for method in sorted((rule.methods or set()) | {"PUT"}):  # a method that no route has
            reply = client.open(url(rule), method=method, headers=headers)
            if str(rule) == "/livez":
                assert reply.status_code == (405 if method in {"PUT"} else 200)
            else:
                asked += 1
                assert reply.status_code == 401, (rule, method)
                assert reply.content_type == "application/problem+json"
                assert reply.headers["WWW-Authenticate"] == 'Basic realm="Citewell"'
    assert asked > 20
    for path in ("/nothing", "//livez", "/livez/", "/livez/../ask", "/LIVEZ", "/livez%2f"):
        assert client.get(path, headers=headers).status_code == 401, path


@pytest.mark.parametrize("token", [SECRET, OTHER])
def test_each_token_opens_as_bearer_and_as_a_browser_s_password(closed: Flask, token: str) -> None:
    client = closed.test_client()
    for authorization in (f"Bearer {token}", f"bearer {token}", basic("anyone", token)):
        headers = {"Authorization": authorization}
        assert client.get("/readyz", headers=headers).status_code == 200
        assert client.post("/ask", json={"question": "bees"}, headers=headers).status_code == 200
        assert client.get("/nothing", headers=headers).status_code == 404


@pytest.mark.parametrize("place", ["/readyz?token={}", "/readyz?access_token={}", "/readyz/{}"])
def test_a_token_in_the_address_opens_nothing(closed: Flask, place: str) -> None:
    assert closed.test_client().get(place.format(OTHER)).status_code == 401


def test_a_wrong_token_is_logged_without_it(
    closed: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    client = closed.test_client()
    with caplog.at_level(logging.WARNING):
        client.get("/readyz")
        assert caplog.messages == []
        for authorization in (f"Bearer {SECRET}x", basic("ada", f"{SECRET}x")):
            client.get("/readyz", headers={"Authorization": authorization})
    assert caplog.messages == ["a wrong token was presented from 127.0.0.1"] * 2


def test_every_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def noting(presented: bytes, known: bytes) -> bool:
        compared.append((presented, known))
        return real(presented, known)

    # the comparison itself cannot be timed reliably; that it is the one, and made each time, can
    monkeypatch.setattr(hmac, "compare_digest", noting)
    digests = [sha256(token.encode()).digest() for token in (SECRET, OTHER)]
    tokens = Tokens.of({"ada": SECRET, "grace": OTHER})
    for presented, name in [(SECRET, "ada"), (OTHER, "grace"), ("", None), ("x" * 9999, None)]:
        compared.clear()
        assert tokens.name_of(presented) == name
        assert compared == [(sha256(presented.encode()).digest(), known) for known in digests]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.touch(0o600)
    path.write_text(
        f"# who may ask\n\nada: {SECRET}\n  grace :sha256:{sha256(OTHER.encode()).hexdigest()}  \n"
    )
    return path


def test_tokens_come_from_a_file_and_from_the_environment(file: Path) -> None:
    expected = {"ada": SECRET, "grace": OTHER}
    for flags, environ in [({"tokens": str(file)}, {}), ({}, {"QA_TOKENS_FILE": str(file)})]:
        assert read_settings(flags, environ).tokens == Tokens.of(expected)
    both = read_settings({"tokens": str(file), "host": "192.0.2.1"}, {"QA_TOKEN": "third"})
    assert both.tokens == Tokens.of({**expected, "QA_TOKEN": "third"})
    assert read_settings({}, {}).tokens is None


def test_what_is_kept_holds_no_token(file: Path) -> None:
    settings = read_settings({"tokens": str(file)}, {"QA_TOKEN": "third-token"})
    assert settings.tokens is not None
    held = repr(settings) + repr(settings.tokens.digests)
    for token in (SECRET, OTHER, "third-token"):
        assert token not in held


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602, 0o620, 0o610])
def test_a_file_that_others_can_get_at_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(SettingsError, match=r"others can get at the tokens in .*: chmod 600 "):
        read_tokens(file, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no token in"),
        ("# ada: s3cret\n", "there is no token in"),
        ("s3cret\n", "line 1 of .* is not of the form `name: token`"),
        ("ada: good\ngrace s3cret\n", "line 2 of .* is not of the form"),
        ("ada:\n", "line 1 of"),
        (": s3cret\n", "line 1 of"),
        ("ada: s3cret s3cret\n", "line 1 of"),
        ("a da: s3cret\n", "line 1 of"),
        ("ada: s3crét\n", "line 1 of"),
        ("ada: s3cret\nada: other\n", "a name stands twice"),
        ("ada: s3cret\ngrace: s3cret\n", "a token stands twice"),
    ],
)
def test_a_file_that_is_not_of_tokens_is_refused_without_telling_one(
    file: Path, text: str, message: str
) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=message) as error:
        read_tokens(file, None)
    assert "s3cr" not in str(error.value)


def test_a_file_that_is_not_there_or_not_a_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(SettingsError, match=f"there is no file {path} with tokens"):
            read_tokens(path, None)


@pytest.mark.parametrize("secret", ["two words", "tokén", "a\nb", " secret"])
def test_a_secret_that_no_header_carries_is_refused(secret: str) -> None:
    with pytest.raises(SettingsError, match="QA_TOKEN holds what no header carries") as error:
        read_settings({}, {"QA_TOKEN": secret})
    assert secret not in str(error.value)


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",  # noqa: S104
        "::",
        "[::]",
        "192.168.0.1",
        "10.0.0.1",
        "169.254.1.1",
        "fe80::1",
        "0",
        "",
        " ",
        "*",
        socket.gethostname(),
        "example.org",
        "localhost.example.org",
        "127.0.0.1.example.org",
        "128.0.0.1",
        "127.1@0.0.0.0",
    ],
)
def test_an_address_that_others_reach_needs_a_token(host: str, file: Path) -> None:
    for flags, environ in [({"host": host}, {}), ({"host": host}, {"QA_TOKEN": ""})]:
        with pytest.raises(SettingsError, match="which others can reach; set QA_TOKEN"):
            read_settings(flags, environ)
    assert read_settings({"host": host, "tokens": str(file)}, {}).host == host
