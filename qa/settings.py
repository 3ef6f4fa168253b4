"""Settings: flags, then QA_* environment variables, then defaults, read once."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from index.cores import cores
from index.embedders import Precision
from index.errors import SettingsError
from qa.limiting import Rate, read_rate
from qa.tokens import FROM_ENVIRONMENT, Tokens, read_tokens

DEFAULT_DOCUMENTS = Path("documents")

# Unless more are asked for: each takes about 100 MB.
_MOST_WORKERS = 4

# The most that can be set, and so the most that a request can ask for.
MAX_TIMEOUT_SECONDS = 60

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]", re.ASCII)
_ORIGIN = re.compile(rf"https?://(?:{_HOST.pattern})(?::[0-9]{{1,5}})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set.

    Attributes:
        documents: folder to index; None where neither flag nor QA_DOCS names one, and the
            index's own folder is used, or `documents/` where there is no index yet.
        index: folder that the index is kept in.
        model: "bundled", a folder, or a name on the Hugging Face hub.
        precision: of the model's export, "int8" or "fp32".
        reader: "bundled", "none", a folder, or a name on the Hugging Face hub.
        threshold: least confidence of an answer that is given, in [0, 1]; None for the
            reader's own.
        host, port: where to serve. A host other than loopback needs a token.
        workers: processes that answer, 1 to 64.
        timeout: seconds that a question may take at most, waiting included, in (0, 60].
        tokens: one of which every request must then present; None where none is set.
        hosts: further names under which the server may be addressed, in lower case.
        origins: of pages elsewhere that may ask it, as browsers write them.
        rate: requests of one client; None for any number.
        log_questions: whether the server's log tells what is asked.
    """

    documents: Path | None
    index: Path
    model: str
    precision: Precision
    reader: str
    threshold: float | None
    host: str
    port: int
    workers: int
    timeout: float
    tokens: Tokens | None
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    rate: Rate | None
    log_questions: bool


def read_settings(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """Settings from flags (by name, None where not given) and the environment.

    Raises:
        SettingsError: a value cannot be used; the message names it and where it was set.
    """

    def value(name: str, variable: str, default: str) -> tuple[str, str]:
        if (flag := flags.get(name)) is not None:
            return flag, f"--{name.replace('_', '-')}"
        if environ.get(variable):
            return environ[variable], variable
        return default, f"--{name.replace('_', '-')}"

    documents, _ = value("docs", "QA_DOCS", "")
    index, index_from = value("index", "QA_INDEX", "var/index")
    model, model_from = value("model", "QA_MODEL", "bundled")
    precision, precision_from = value("precision", "QA_PRECISION", "int8")
    reader, reader_from = value("reader", "QA_READER", "bundled")
    threshold, threshold_from = value("threshold", "QA_THRESHOLD", "")
    host, host_from = value("host", "QA_HOST", "127.0.0.1")
    port, port_from = value("port", "QA_PORT", "8000")
    workers, workers_from = value("workers", "QA_WORKERS", str(min(cores(), _MOST_WORKERS)))
    timeout, timeout_from = value("timeout", "QA_TIMEOUT", "10")
    hosts, hosts_from = value("allow_host", "QA_ALLOWED_HOSTS", "")
    origins, origins_from = value("allow_origin", "QA_ALLOWED_ORIGINS", "")
    log_questions, log_questions_from = value("log_questions", "QA_LOG_QUESTIONS", "no")
    rate, rate_from = value("rate_limit", "QA_RATE_LIMIT", _rate_for(host))
    tokens_file, _ = value("tokens", "QA_TOKENS_FILE", "")

    if Path(index).expanduser().is_file():
        raise SettingsError(f"{index_from} is {index!r}, which is a file; name a folder")
    if not model.strip():
        raise SettingsError(f"{model_from} is empty; use bundled, a folder or a hub name")
    if precision not in ("int8", "fp32"):
        raise SettingsError(f"{precision_from} is {precision!r}; use int8 or fp32")
    if not reader.strip():
        raise SettingsError(f"{reader_from} is empty; use bundled, none, a folder or a hub name")
    least = _number(threshold, 1) if threshold else None
    if threshold and least is None:
        raise SettingsError(f"{threshold_from} is {threshold!r}; use a number from 0 to 1")
    if not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise SettingsError(f"{port_from} is {port!r}; a port is a number from 0 to 65535")
    if not workers.isascii() or not workers.isdigit() or not 1 <= int(workers) <= 64:
        raise SettingsError(f"{workers_from} is {workers!r}; use a number from 1 to 64")
    seconds = _number(timeout, MAX_TIMEOUT_SECONDS)
    if not seconds:
        raise SettingsError(
            f"{timeout_from} is {timeout!r}; "
            f"use seconds, more than 0, {MAX_TIMEOUT_SECONDS} at most"
        )
    tokens = read_tokens(
        Path(tokens_file).expanduser() if tokens_file else None,
        environ.get(FROM_ENVIRONMENT) or None,
    )
    if not is_loopback(host) and tokens is None:
        raise SettingsError(
            f"{host_from} is {host!r}, which others can reach; set QA_TOKEN to a secret that "
            "their requests must present, or --tokens to a file of such, or serve on 127.0.0.1"
        )
    try:
        allowed = None if rate == "none" else read_rate(rate)
    except SettingsError as error:
        raise SettingsError(f"{rate_from} is {rate!r}; {error}") from error
    if log_questions not in ("yes", "no"):
        raise SettingsError(f"{log_questions_from} is {log_questions!r}; use yes or no")
    for host_name in (names := _listed(hosts)):
        if not _HOST.fullmatch(host_name):
            raise SettingsError(
                f"{hosts_from} names {host_name!r}; write names without port, with commas between"
            )
    for origin in (pages := _listed(origins)):
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"{origins_from} names {origin!r}; write origins such as https://example.org, "
                "with commas between"
            )
    return Settings(
        documents=Path(documents).expanduser() if documents else None,
        index=Path(index).expanduser(),
        model=model,
        precision="fp32" if precision == "fp32" else "int8",
        reader=reader,
        threshold=least,
        host=host,
        port=int(port),
        workers=int(workers),
        timeout=seconds,
        tokens=tokens,
        hosts=tuple(name.strip("[]") for name in names),
        origins=pages,
        rate=allowed,
        log_questions=log_questions == "yes",
    )


def _rate_for(host: str) -> str:
    return "none" if is_loopback(host) else "600/minute"


def _number(text: str, most: float) -> float | None:
    """A number from 0 to `most`; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= most else None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip().lower() for part in text.split(",") if part.strip())


def exports(index: Path) -> Path:
    """Where an index keeps its model's export: inside, so that it moves along."""
    return index / "models"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
