"""Flags win over the environment, the environment over defaults, and nonsense is refused."""

from pathlib import Path

import pytest

from index.cores import cores
from index.errors import SettingsError
from qa.limiting import Rate
from qa.settings import Settings, is_loopback, read_settings
from qa.tokens import Tokens


def test_without_flags_or_environment_the_defaults_hold() -> None:
    assert read_settings({}, {}) == Settings(
        documents=None,
        index=Path("var/index"),
        model="bundled",
        precision="int8",
        reader="bundled",
        threshold=None,
        host="127.0.0.1",
        port=8000,
        workers=min(cores(), 4),
        timeout=10,
        tokens=None,
        hosts=(),
        origins=(),
        rate=None,
        log_questions=False,
    )


def test_flags_win_over_the_environment() -> None:
    environ = {
        "QA_DOCS": "env-docs",
        "QA_INDEX": "env-index",
        "QA_MODEL": "env-model",
        "QA_PRECISION": "fp32",
        "QA_READER": "none",
        "QA_THRESHOLD": "0.25",
        "QA_HOST": "::1",
        "QA_PORT": "1",
        "QA_WORKERS": "7",
        "QA_TIMEOUT": "0.5",
        "QA_TOKEN": "t",
        "QA_ALLOWED_HOSTS": "QA.example, [2001:db8::1]",
        "QA_ALLOWED_ORIGINS": "https://a.example",
        "QA_RATE_LIMIT": "7/hour",
        "QA_LOG_QUESTIONS": "yes",
    }
    assert read_settings({"docs": None, "port": None}, environ) == Settings(
        documents=Path("env-docs"),
        index=Path("env-index"),
        model="env-model",
        precision="fp32",
        reader="none",
        threshold=0.25,
        host="::1",
        port=1,
        workers=7,
        timeout=0.5,
        tokens=Tokens.of({"QA_TOKEN": "t"}),
        hosts=("qa.example", "2001:db8::1"),
        origins=("https://a.example",),
        rate=Rate(7, 3600),
        log_questions=True,
    )
    flags = {
        "docs": "d",
        "index": "i",
        "model": "m",
        "precision": "int8",
        "reader": "r",
        "threshold": "1",
        "host": "localhost",
        "port": "2",
        "workers": "1",
        "allow_host": "h",
        "rate_limit": "5 per 2 seconds",
        "log_questions": "no",
        "allow_origin": "http://[::1]:3000,https://b.example",
        "timeout": "60",
    }
    assert read_settings(flags, environ) == Settings(
        documents=Path("d"),
        index=Path("i"),
        model="m",
        precision="int8",
        reader="r",
        threshold=1.0,
        host="localhost",
        port=2,
        workers=1,
        timeout=60,
        tokens=Tokens.of({"QA_TOKEN": "t"}),
        hosts=("h",),
        origins=("http://[::1]:3000", "https://b.example"),
        rate=Rate(5, 2),
        log_questions=False,
    )


def test_a_home_folder_is_expanded() -> None:
    settings = read_settings({"docs": "~/reports", "index": "~/index"}, {})
    assert (settings.documents, settings.index) == (
        Path.home() / "reports",
        Path.home() / "index",
    )


@pytest.mark.parametrize(
    ("flags", "environ", "message"),
    [
        ({"port": "http"}, {}, r"--port is 'http'; a port is a number"),
        ({}, {"QA_PORT": "70000"}, r"QA_PORT is '70000'; a port is a number"),
        ({"port": "-1"}, {}, "a port is a number"),
        ({"workers": "0"}, {}, "--workers is '0'; use a number from 1 to 64"),
        ({}, {"QA_WORKERS": "all"}, "QA_WORKERS is 'all'; use a number"),
        ({"model": " "}, {}, "--model is empty"),
        ({}, {"QA_PRECISION": "bf16"}, "QA_PRECISION is 'bf16'; use int8 or fp32"),
        ({}, {"QA_READER": " "}, "QA_READER is empty; use bundled, none, a folder or a hub name"),
        ({"threshold": "high"}, {}, "--threshold is 'high'; use a number from 0 to 1"),
        ({}, {"QA_THRESHOLD": "1.1"}, "QA_THRESHOLD is '1.1'; use a number from 0 to 1"),
        ({"threshold": "nan"}, {}, "--threshold is 'nan'; use a number from 0 to 1"),
        ({"timeout": "0"}, {}, "--timeout is '0'; use seconds, more than 0, 60 at most"),
        ({}, {"QA_TIMEOUT": "61"}, "QA_TIMEOUT is '61'; use seconds"),
        ({"index": __file__}, {}, "which is a file; name a folder"),
        ({"allow_host": "*"}, {}, r"--allow-host names '\*'; write names without port"),
        ({}, {"QA_ALLOWED_HOSTS": "a:80"}, "QA_ALLOWED_HOSTS names 'a:80'"),
        ({"allow_origin": "*"}, {}, r"--allow-origin names '\*'; write origins such as"),
        ({}, {"QA_ALLOWED_ORIGINS": "https://a.example/"}, "QA_ALLOWED_ORIGINS names"),
        ({}, {"QA_LOG_QUESTIONS": "1"}, "QA_LOG_QUESTIONS is '1'; use yes or no"),
        ({"allow_origin": "null"}, {}, "--allow-origin names 'null'"),
        ({"host": "0.0.0.0"}, {}, "set QA_TOKEN"),  # noqa: S104
        ({}, {"QA_HOST": "example.org"}, "QA_HOST is 'example.org'"),
    ],
)
def test_what_cannot_be_used_is_named(
    flags: dict[str, str], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        read_settings(flags, environ)


def test_others_may_reach_a_server_that_has_a_token() -> None:
    settings = read_settings({"host": "0.0.0.0"}, {"QA_TOKEN": "secret"})  # noqa: S104
    assert settings.tokens == Tokens.of({"QA_TOKEN": "secret"})


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),  # noqa: S104
        ("192.168.0.1", False),
        ("localhost.example.org", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_server_that_others_can_reach_has_a_limit_unless_it_is_taken_off() -> None:
    environ = {"QA_TOKEN": "t", "QA_HOST": "0.0.0.0"}  # noqa: S104
    assert read_settings({}, environ).rate == Rate(600, 60)
    assert read_settings({"rate_limit": "none"}, environ).rate is None


@pytest.mark.parametrize("rate", ["", "many", "5", "5/fortnight"])
def test_a_rate_that_is_none_is_refused_with_where_it_was_set(rate: str) -> None:
    with pytest.raises(SettingsError, match=rf"--rate-limit is '{rate}'; use a rate such as 120/"):
        read_settings({"rate_limit": rate}, {})
