"""What /proc says of a process."""

import os
import sys

import pytest

from scripts.benchmark.memory import memory, read_rollup

ROLLUP = """\
55d0c0a00000-7ffd94f06000 ---p 00000000 00:00 0                          [rollup]
Rss:              250000 kB
Pss:              180000 kB
Pss_Dirty:        100000 kB
Pss_Anon:         100000 kB
Shared_Clean:      90000 kB
Private_Clean:     60000 kB
Private_Dirty:    100000 kB
Anonymous:        100000 kB
AnonHugePages:      2048 kB
Locked:                0 kB
"""


def test_kilobytes_become_megabytes_and_file_pages_are_left_out() -> None:
    held = read_rollup(ROLLUP)
    assert held.rss == pytest.approx(256.0)
    assert held.own == pytest.approx(102.4)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc/PID/smaps_rollup")
def test_this_process_holds_more_than_what_is_its_own() -> None:
    held = memory(os.getpid())
    assert 1 < held.own < held.rss
