"""How those that are compared are told what to do: a line of JSON in, a line of JSON out.

Runs in the environments of the others, which have nothing of ours: the standard library only.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Work:
    """What to index, in both forms.

    Attributes:
        texts: the passages, as citewell embeds them.
        documents: the folder of files that they were cut from.
        folder: where what is built may be kept.
    """

    texts: tuple[str, ...]
    documents: Path
    folder: Path


class Peer(Protocol):
    """One way to find passages. Its model is loaded when it is made."""

    def embed(self, texts: Sequence[str]) -> None:
        """Turn texts into vectors and nothing else."""

    def index(self, work: Work) -> None:
        """Index from nothing; what was indexed before is forgotten."""

    def ask(self, question: str, limit: int, mode: str) -> list[str]:
        """The texts of the passages found, best first."""


def serve(peer: Peer) -> None:
    """Do what stdin says until it is closed.

    embed {texts} and index {texts, documents, folder} answer with seconds; `texts` is a file.
    ask {questions, limit, mode} answers with milliseconds for each, and how many passages
    came.
    """
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    said.write('{"ready": true}\n')
    said.flush()
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "ask":
            took, found = [], 0
            for question in order["questions"]:
                began = time.perf_counter()
                passages = peer.ask(question, order["limit"], order["mode"])
                took.append((time.perf_counter() - began) * 1e3)
                found += len(passages)
            answer = {"milliseconds": took, "found": found}
        else:
            texts = tuple(json.loads(Path(order["texts"]).read_text("utf-8")))
            work = Work(texts, Path(order["documents"]), Path(order["folder"]))
            began = time.perf_counter()
            if order["do"] == "embed":
                peer.embed(texts)
            else:
                peer.index(work)
            answer = {"seconds": time.perf_counter() - began}
        said.write(json.dumps(answer) + "\n")
        said.flush()
