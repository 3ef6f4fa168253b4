"""Expected calibration error, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.evaluation.calibration import BINS, calibrate, calibrations, diagram
from scripts.evaluation.records import Judged, Outcome


def test_the_error_is_what_a_hand_computes() -> None:
    """Two at .9, one right: .4 apart. Two at .1, none right: .1 apart. Halves of all."""
    judged = [Judged(0.9, True), Judged(0.9, False), Judged(0.1, False), Judged(0.1, False)]
    made = calibrate("first", judged)
    assert made.error == pytest.approx(0.5 * 0.4 + 0.5 * 0.1)
    assert made.count == 4
    filled = [entry for entry in made.bins if entry.count]
    assert [(b.count, b.right) for b in filled] == [(2, 0.0), (2, 0.5)]
    assert [b.confidence for b in filled] == pytest.approx([0.1, 0.9])


def test_certainty_that_is_always_right_has_no_error() -> None:
    assert calibrate("first", [Judged(1.0, True), Judged(0.0, False)]).error == 0


def test_certainty_that_is_always_wrong_has_all_of_it() -> None:
    assert calibrate("first", [Judged(1.0, False), Judged(0.0, True)]).error == 1


@given(st.floats(0, 1))
def test_every_confidence_has_one_bin(confidence: float) -> None:
    bins = calibrate("first", [Judged(confidence, True)]).bins
    assert len(bins) == BINS
    (filled,) = [entry for entry in bins if entry.count]
    assert filled.low < confidence <= filled.high or confidence == filled.low == 0


def test_the_edge_of_a_bin_belongs_to_the_one_below() -> None:
    bins = calibrate("first", [Judged(3 / 15, True)]).bins
    assert [entry.count for entry in bins].index(1) == 2


def test_first_passages_are_told_apart_from_all_that_are_shown() -> None:
    outcomes = [
        Outcome((1,), 1, (Judged(0.9, True), Judged(0.2, False)), None),
        Outcome((), 1, (), None),
    ]
    first, shown = calibrations(outcomes)
    assert (first.of, first.count) == ("first", 1)
    assert (shown.of, shown.count) == ("first five", 2)


def test_without_passages_there_is_nothing_to_calibrate() -> None:
    assert calibrations([Outcome((1,), 1, (), None)]) == ()


def test_the_diagram_shows_what_is_said_and_what_is() -> None:
    lines = diagram(calibrate("first", [Judged(0.9, True), Judged(0.9, False)])).splitlines()
    assert len(lines) == 1 + BINS
    assert lines[0] == "of the first: 2 passages, ECE 0.400"
    assert lines[14] == f"0.87-0.93      2  says 0.900 is 0.500  {'#' * 20}{' ' * 16}|"
    assert lines[1].endswith(" 0")
