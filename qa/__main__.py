"""`python -m qa` is `citewell`: where the process begins."""

import os
import sys

from qa.cli import main

# What a build adds to its nice value (nice(2)): it gives way to whoever asks meanwhile, and on
# a machine with nothing else to do takes no longer.
_GIVES_WAY = 10


def run() -> None:
    if sys.argv[1:2] == ["index"] and hasattr(os, "nice"):
        os.nice(_GIVES_WAY)
    main(prog_name="citewell")


if __name__ == "__main__":
    run()
