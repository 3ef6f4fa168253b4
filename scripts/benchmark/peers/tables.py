"""The comparison as plain text."""

from collections.abc import Sequence

from scripts.benchmark.peers.records import Comparison, Row
from scripts.benchmark.tables import between
from scripts.evaluation.tables import table


def rows_table(unit: str, rows: Sequence[Row]) -> str:
    """One beside the other; the first is citewell."""
    head = ("", unit, "citewell is faster by")
    return table(head, [(row.name, between(row.value), between(row.ratio)) for row in rows])


def report(results: Comparison) -> str:
    """All that is printed."""
    machine = results.machine
    held = [
        (held.name, f"{held.memory.rss:,.0f}", f"{held.memory.own:,.0f}") for held in results.held
    ]
    return "\n\n".join(
        [
            f"{results.indexed:,} passages, {results.questions:,} questions a round, builds of "
            f"{results.built:,} passages; {machine.cores} cores, {machine.processor}; median of "
            f"{results.rounds} rounds [lowest, highest]",
            "embedding alone\n" + rows_table("passages/s", results.embed),
            "build from nothing (citewell: from files)\n" + rows_table("passages/s", results.build),
            "question in process\n" + rows_table("p50 ms", results.ask),
            "question over HTTP, one client\n" + rows_table("p50 ms", results.http),
            table(("server after all questions", "RSS MB", "less file pages MB"), held),
        ]
    )
