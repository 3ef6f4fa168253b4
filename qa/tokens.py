"""What opens the server: tokens with names, of which only digests are kept."""

import hmac
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from index.errors import SettingsError

FROM_ENVIRONMENT = "QA_TOKEN"
"""The variable that holds a token, and the name of that token."""

_LINE = re.compile(r"\s*(?P<name>[A-Za-z0-9._-]{1,64})\s*:\s*(?P<token>\S+)\s*", re.ASCII)
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})", re.ASCII)
_TOKEN = re.compile(r"[!-~]+")  # what a header carries as it is


@dataclass(frozen=True, slots=True)
class Tokens:
    """Names and the sha256 of each one's token, at least one."""

    digests: tuple[tuple[str, bytes], ...] = field(repr=False)

    @classmethod
    def of(cls, tokens: Mapping[str, str]) -> "Tokens":
        """Of names and tokens in clear."""
        return cls(tuple((name, _digest(token)) for name, token in tokens.items()))

    def name_of(self, presented: str) -> str | None:
        """Whose token that is, None for nobody's. Takes as long whichever it is."""
        digest, found = _digest(presented), None
        for name, known in self.digests:
            if hmac.compare_digest(digest, known):
                found = name
        return found


def read_tokens(path: Path | None, secret: str | None) -> Tokens | None:
    """The tokens of a file and of the environment; None where there is neither.

    Args:
        path: a file of lines `name: token` or `name: sha256:DIGEST`; empty lines and those
            that begin with # are passed over.
        secret: a token that is named `FROM_ENVIRONMENT`.

    Raises:
        SettingsError: the file cannot be read, can be read by others, or a line is not of
            that form; a name or a token stands twice. No message holds a token.
    """
    digests = _read_file(path) if path else []
    if secret is not None:
        if not _TOKEN.fullmatch(secret):
            raise SettingsError(
                f"{FROM_ENVIRONMENT} holds what no header carries; use ASCII letters, digits and "
                "signs, without spaces"
            )
        digests.append((FROM_ENVIRONMENT, _digest(secret)))
    for what, values in (("name", [n for n, _ in digests]), ("token", [d for _, d in digests])):
        if len(set(values)) < len(values):
            raise SettingsError(f"a {what} stands twice among the tokens; give each its own")
    return Tokens(tuple(digests)) if digests else None


def _read_file(path: Path) -> list[tuple[str, bytes]]:
    if not path.is_file():
        raise SettingsError(f"there is no file {path} with tokens; name one that there is")
    try:
        with path.open("r", encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            lines = file.read().splitlines()
    except (OSError, ValueError) as error:
        raise SettingsError(f"the tokens in {path} cannot be read: {error}") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(
            f"others can get at the tokens in {path}; make it its owner's alone: chmod 600 {path}"
        )
    digests = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if not found or not _TOKEN.fullmatch(found["token"]):
            raise SettingsError(f"line {number} of {path} is not of the form `name: token`")
        digest = _DIGEST.fullmatch(found["token"])
        value = bytes.fromhex(digest[1]) if digest else _digest(found["token"])
        digests.append((found["name"], value))
    if not digests:
        raise SettingsError(f"there is no token in {path}; write lines `name: token`")
    return digests


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
