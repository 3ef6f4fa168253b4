"""The results as plain text."""

from collections.abc import Sequence

from scripts.benchmark.figures import Spread
from scripts.benchmark.memory import Memory
from scripts.benchmark.records import Level, Results
from scripts.evaluation.tables import table


def figure(value: float) -> str:
    """Three digits that count: 0.123, 4.56, 78.9, 1,234."""
    size = abs(value)
    return f"{value:,.{3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0}f}"


def between(value: Spread) -> str:
    """ "4.56 [4.5, 4.7]": the median of the rounds, the lowest and the highest."""
    if len(value.values) == 1:
        return figure(value.median)
    return f"{figure(value.median)} [{figure(value.low)}, {figure(value.high)}]"


def _memory(name: str, held: Memory) -> tuple[str, str]:
    return name, f"{held.rss:,.0f} MB; less file pages {held.own:,.0f} MB"


def levels_table(levels: Sequence[Level]) -> str:
    """Latencies and throughput by number of clients."""
    head = ("clients", "p50 ms", "p95 ms", "p99 ms", "answers/s", "answered", "503", "failed")
    rows = [
        (
            str(row.clients),
            between(row.p50),
            figure(row.p95.median),
            figure(row.p99.median),
            between(row.per_second),
            f"{row.answered:,}",
            f"{row.refused:,}",
            f"{row.failed:,}",
        )
        for row in levels
    ]
    return table(head, rows)


def figures_table(results: Results) -> str:
    """Everything that is not a latency under load."""
    whole, build, swaps = results.whole, results.build, results.swaps
    rows = [
        (
            "whole build",
            f"{whole.passages:,} passages, {whole.embedded:,} embedded, in "
            f"{figure(whole.seconds)} s; most memory {whole.peak_mb:,.0f} MB",
        ),
        (f"build of {build.passages:,} passages, passages/s", between(build.per_second)),
        ("citewell serve, start to first answer, s", between(results.starts.serve)),
        ("citewell ask, start to end, s", between(results.starts.ask)),
        ("hybrid in process, p50 ms", between(results.modes.hybrid)),
        ("meaning alone in process, p50 ms", between(results.modes.meaning)),
        ("difference, ms", between(results.modes.difference)),
        ("one file changed, index command to new answer, s", between(results.rebuilds.changed)),
        ("nothing changed, index command, s", between(results.rebuilds.unchanged)),
        _memory("server after its first answer", results.serving.fresh),
        _memory("server after all questions", results.serving.loaded),
        _memory(f"server before {swaps.swaps} swaps", swaps.before),
        _memory(f"server after {swaps.swaps} swaps", swaps.after),
    ]
    return table(("", "median [lowest, highest]"), rows)


def report(results: Results) -> str:
    """All that is printed."""
    machine = results.machine
    return "\n\n".join(
        [
            f"{results.whole.passages:,} passages of {results.whole.documents:,} documents; "
            f"{machine.cores} cores, {machine.processor}; median of {results.rounds} rounds "
            "[lowest, highest]",
            "citewell serve, hybrid, over HTTP, passages alone\n"
            + levels_table(results.serving.levels),
            "the same with the exact answer, where there is a reader\n"
            + levels_table(results.serving.reading),
            "the load generator itself, against a server that does nothing (one round)\n"
            + levels_table(results.serving.generator),
            f"{results.swaps.swaps} swaps under load (one round): without builds, then with\n"
            + levels_table([results.swaps.quiet, results.swaps.busy]),
            figures_table(results),
        ]
    )
