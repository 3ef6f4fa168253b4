"""What the terminal shows: progress, reports and answers."""

import sys
import textwrap
from collections.abc import Iterable
from typing import Never

import click
from tqdm import tqdm

from index.build import BuildReport
from qa.records import Hit, Response

_WIDTH = 88


class Bars:
    """A bar for the files, and after it how many passages are embedded. Close when done."""

    def __init__(self) -> None:
        self._bar: tqdm[Never] | None = None

    def files(self, done: int, total: int) -> None:
        if done == total and self._bar is None:  # nothing to read
            return
        bar = self._open(total)
        bar.update(done - bar.n)

    def passages(self, done: int, total: int) -> None:
        if self._bar is not None:
            watched = sys.stderr.isatty()
            self._bar.set_postfix_str(f"{_count(done, 'passage')} embedded", refresh=watched)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _open(self, total: int) -> "tqdm[Never]":
        if self._bar is None:
            # where nobody watches, a line now and then is enough
            self._bar = tqdm(
                desc="reading and embedding",
                total=total,
                unit="file",
                mininterval=0.1 if sys.stderr.isatty() else 10,
                dynamic_ncols=True,
            )
        return self._bar


def report_lines(report: BuildReport) -> Iterable[str]:
    """What a build did, then every file that gave no text."""
    if report.published:
        yield (
            f"snapshot {report.snapshot}: {_count(report.documents, 'document')}, "
            f"{_count(report.passages, 'passage')} "
            f"({report.added} added, {report.changed} changed, {report.removed} removed, "
            f"{_count(report.embedded, 'passage')} embedded)"
        )
    else:
        yield (
            f"nothing has changed: snapshot {report.snapshot}, "
            f"{_count(report.documents, 'document')}, {_count(report.passages, 'passage')}"
        )
    if report.unknown:
        kinds = ", ".join(
            f"{number} {suffix or 'without suffix'}"
            for suffix, number in sorted(report.unknown.items())
        )
        yield f"passed over, of no known format: {kinds}"
    if report.unreadable:
        yield f"{_count(len(report.unreadable), 'file')} gave no text:"
        for file in report.unreadable:
            yield f"  {_escaped(file.id)}: {_escaped(file.reason)}"


def response_lines(response: Response, *, colour: bool) -> Iterable[str]:
    """The answer, or that there is none, then the passages, best first, each with its place."""
    if response.hits and response.reading:
        yield from _answer(response, colour=colour)
    if not response.index.passages:
        yield "The index holds no passages."
    elif not response.hits:
        yield "No passage holds a word of that. Ask in other words, or without --mode words."
    for rank, hit in enumerate(response.hits, 1):
        page = f", page {hit.passage.page}" if hit.passage.page else ""
        place = " › ".join((hit.title, *hit.passage.heading))
        head = f"{rank}. {_plain(place)}"
        yield click.style(head, bold=True) if colour else head
        yield f"   {_plain(hit.passage.document_id)}{page}  ({hit.confidence:.0%})"
        for other in hit.also:
            page = f", page {other.page}" if other.page else ""
            yield f"   also in {_plain(other.document_id)}{page}"
        yield ""
        yield from _body(hit, colour=colour)
        yield ""
    if response.degraded:
        yield f"Incomplete: {'; '.join(response.degraded)}"
    yield (
        f"{_count(len(response.hits), 'passage')} of {response.index.passages} "
        f"in {response.timings.total:.0f} ms, snapshot {response.index.snapshot}"
    )


def _answer(response: Response, *, colour: bool) -> Iterable[str]:
    answer = response.answer
    if answer is None:
        yield "No answer in your documents; closest passages:"
    else:
        # a span may run over a line's end
        text = " ".join(_plain(answer.text).split())
        page = f", page {answer.page}" if answer.page else ""
        yield click.style(text, bold=True) if colour else text
        yield (
            f"{_plain(answer.title)}: {_plain(answer.document_id)}{page}  ({answer.confidence:.0%})"
        )
    yield ""


def _body(hit: Hit, *, colour: bool) -> Iterable[str]:
    """The passage, wrapped, with what answers best between » and « or in bold."""
    text = hit.passage.text
    for start, end in reversed(hit.highlights):
        text = f"{text[:start]}\0{text[start:end]}\1{text[end:]}"
    opening, closing = ("\033[1m", "\033[0m") if colour else ("»", "«")
    for line in text.splitlines():
        for part in textwrap.wrap(line, _WIDTH - 3, break_on_hyphens=False) or [""]:
            yield "   " + _plain(part, keep="\0\1").replace("\0", opening).replace("\1", closing)


def _plain(text: str, keep: str = "") -> str:
    """Without control characters, by which a document could write to the terminal."""
    return "".join(c if c.isprintable() or c in keep else " " for c in text)


def _escaped(text: str) -> str:
    """With control characters as in Python's strings, so that names stay apart."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
