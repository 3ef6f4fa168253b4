"""Mail: the subject, who wrote to whom and when, the body, and what is attached by name."""

import email
import email.policy
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from email.message import EmailMessage, Message
from pathlib import Path

from index.errors import UnreadableDocument
from index.loaders.blocks import Block, Extract, Paragraph, inline
from index.loaders.html import body_blocks
from index.loaders.plain import decode

_POLICY = email.policy.default
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_SHOWN = ("From", "To", "Cc", "Date")


def load(path: Path) -> Extract:
    """A message; the plain body where there is one, else the text of the HTML body."""
    raw = _as_bytes(path.read_bytes())
    message = email.message_from_bytes(raw, EmailMessage, policy=_POLICY)
    if raw.strip() and not message.keys():
        raise UnreadableDocument("not a mail message: it has no headers")
    return Extract(list(_blocks(message)), _header(message, "Subject"))


def _blocks(message: EmailMessage) -> Iterator[Block]:
    headers = ((name, _header(message, name)) for name in _SHOWN)
    yield Paragraph("\n".join(f"{name}: {value}" for name, value in headers if value))
    bodies = {"text/plain": "", "text/html": ""}
    attached = []
    for part in message.walk():
        kind, name = part.get_content_type(), part.get_filename()
        if part.get_content_disposition() == "attachment" or name:
            attached.append(inline(name or kind))
        elif kind in bodies and not bodies[kind].strip():
            bodies[kind] = _text(part)
    plain = _BLANK_LINES.split(bodies["text/plain"])
    yield from map(Paragraph, plain) if any(plain) else body_blocks(bodies["text/html"])
    if attached:
        yield Paragraph("Attachments: " + ", ".join(attached))


def _as_bytes(raw: bytes) -> bytes:
    """A message that some program stored as UTF-16, as mail is meant to be."""
    return decode(raw).encode() if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else raw


def _header(message: EmailMessage, name: str) -> str:
    """A header decoded, "" where it is missing or written against the rules of mail."""
    try:
        value = str(message.get(name, ""))
    except (ValueError, IndexError, TypeError, AttributeError, RecursionError):
        return ""  # the parser's own defects
    if "\ufffd" in value:  # bytes that no header should hold, which the parser gave up
        written = dict(message.raw_items()).get(name, "")
        value = decode(str(written).encode("utf-8", "surrogateescape"))
    return inline(value)


def _text(part: Message) -> str:
    raw = part.get_payload(decode=True)
    return decode(raw, part.get_content_charset()) if isinstance(raw, bytes) else ""
