"""One question after another over HTTP, for what is not a matter of load."""

import json
from http.client import HTTPConnection
from typing import Any

from scripts.benchmark.processes import BenchmarkProblem, Server


class Asker:
    """One client that keeps its connection."""

    def __init__(self, server: Server) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=120)

    def ask(
        self, question: str, mode: str = "hybrid", limit: int = 5, *, answer: bool = True
    ) -> dict[str, Any]:
        """The answer.

        Raises:
            BenchmarkProblem: there is none.
        """
        asked = {"question": question, "mode": mode, "limit": limit, "answer": answer}
        body = json.dumps(asked)
        self._connection.request("POST", "/ask", body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise BenchmarkProblem(f"POST /ask answered {response.status}: {content!r}")
        answer: dict[str, Any] = json.loads(content)
        return answer

    def snapshot(self) -> int:
        """The number of the snapshot that answers. Looking costs little: nothing is read."""
        told = self.ask("what is this about?", "words", 1, answer=False)
        return int(told["index"]["snapshot"])
