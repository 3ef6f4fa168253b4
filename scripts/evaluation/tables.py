"""Results as text for people."""

from collections.abc import Sequence

from scripts.evaluation.answers import AnswerResult
from scripts.evaluation.calibration import diagram
from scripts.evaluation.records import Estimate, SetResult


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for row in (head, ["-" * width for width in widths], *rows):
        cells = [
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def estimate(value: Estimate) -> str:
    """ ".821 [.813, .829]", with the 0 before the point where there is another digit."""
    return f"{_figure(value.mean)} [{_figure(value.low)}, {_figure(value.high)}]"


def ranking_table(results: Sequence[SetResult]) -> str:
    """Every set and mode with its metrics and their intervals."""
    head = ("set", "questions", "passages", "mode", "R@1", "R@5", "MRR@10", "nDCG@10")
    return table(
        head,
        [
            (
                result.name,
                f"{result.questions:,}",
                f"{result.passages:,}",
                mode.mode,
                *map(
                    estimate,
                    (mode.recall_at_1, mode.recall_at_5, mode.mrr_at_10, mode.ndcg_at_10),
                ),
            )
            for result in results
            for mode in result.modes
        ],
    )


def coverage_table(results: Sequence[SetResult]) -> str:
    """Span recall, precision and IoU of five passages; "" where no set was measured so."""
    rows = [
        (
            result.name,
            mode.mode,
            *map(estimate, (mode.coverage.recall, mode.coverage.precision, mode.coverage.iou)),
        )
        for result in results
        for mode in result.modes
        if mode.coverage
    ]
    head = ("set", "mode", "span recall@5", "span precision@5", "span IoU@5")
    return table(head, rows) if rows else ""


def answer_table(results: Sequence[AnswerResult]) -> str:
    """Every figure of every set."""
    rows = [
        (result.name, figure.name, f"{figure.count:,}", estimate(figure.value))
        for result in results
        for figure in result.figures
    ]
    return table(("set", "figure", "of", "value"), rows)


def risk_table(results: Sequence[AnswerResult]) -> str:
    """Risk at each coverage, a set a row; "" where none was measured."""
    curves = [result for result in results if result.risks]
    if not curves:
        return ""
    head = ("wrong, of the surest", *(f"{point.share:.0%}" for point in curves[0].risks))
    return table(head, [(r.name, *(_figure(point.risk) for point in r.risks)) for r in curves])


def diagrams(results: Sequence[SetResult]) -> str:
    """The reliability diagrams; "" where none was measured."""
    return "\n\n".join(
        f"{result.name}, {mode.mode}, {diagram(calibration)}"
        for result in results
        for mode in result.modes
        for calibration in mode.calibrations
    )


def _figure(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")
