"""Requests as the bytes that go over the wire, made before anything is timed.

Standard library only, as everything that the load generator's process imports.
"""

import json
from collections.abc import Sequence
from urllib.parse import urlencode


def ask(question: str, limit: int = 5, mode: str = "hybrid", answer: bool = False) -> str:
    """POST /ask, as citewell takes it."""
    asked = {"question": question, "limit": limit, "mode": mode, "answer": answer}
    body = json.dumps(asked)
    return (
        "POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body.encode())}\r\n\r\n{body}"
    )


def search(question: str, limit: int = 5) -> str:
    """GET /search, as txtai's API takes it."""
    query = urlencode({"query": question, "limit": limit})
    return f"GET /search?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def asks(questions: Sequence[str], *, answer: bool = False) -> tuple[str, ...]:
    return tuple(ask(question, answer=answer) for question in questions)
