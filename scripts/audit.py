"""Whether what is installed is what was tested together, fits, and has no known weakness.

`make check` runs it. The first two need no network. Where the third has none it says so and
fails nothing; a weakness that is found does fail.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"
OWN = "citewell"
TOOLS = frozenset({"pip", "setuptools", "wheel"})  # of every environment, pinned by nobody
PATIENCE_SECONDS = 120

_ASKED = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json")


def main() -> int:
    problems = [*astray(pinned(CONSTRAINTS.read_text("utf-8")), distributions()), *unfit()]
    found, told = weaknesses()
    for line in problems + found:
        print(f"audit: {line}", file=sys.stderr)
    print(f"audit: {told}")
    return 1 if problems or found else 0


def pinned(constraints: str) -> dict[str, str]:
    """Version by name, from lines `name==version`."""
    lines = (line.split("#")[0].strip() for line in constraints.splitlines())
    pairs = (line.split("==") for line in lines if line)
    return {_plain(name): version for name, version in pairs}


def astray(pins: dict[str, str], installed: Iterator[Distribution]) -> Iterator[str]:
    """What is installed and pinned nowhere, or in another version than the one pinned."""
    for package in sorted(installed, key=lambda package: package.name.lower()):
        name, version = _plain(package.name), package.version.split("+")[0]
        if name in TOOLS | {OWN}:
            continue
        if name not in pins:
            yield f"{name} {version} is installed and not in constraints.txt; pin it or remove it"
        elif pins[name] != version:
            yield f"{name} {version} is installed, {pins[name]} is pinned; run `make setup` again"


def unfit() -> list[str]:
    """What pip says of requirements that are not met."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines() if done.returncode else []


def weaknesses() -> tuple[list[str], str]:
    """Known ones, a line each, and what was asked."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--requirement", str(CONSTRAINTS), *_ASKED],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return [], "no database of known weaknesses answered; ask again with a network"
    return read_report(done.stdout)


def read_report(report: str) -> tuple[list[str], str]:
    """What pip-audit's JSON says; "" where it could ask nobody."""
    packages = json.loads(report)["dependencies"] if report.strip() else []
    asked = [package for package in packages if "vulns" in package]
    if not asked:
        return [], "no database of known weaknesses answered; ask again with a network"
    found = [
        f"{package['name']} {package['version']}: {weakness['id']}, mended in "
        f"{', '.join(weakness['fix_versions']) or 'no version yet'}"
        for package in asked
        for weakness in package["vulns"]
    ]
    return found, f"{len(asked)} of {len(packages)} packages looked up, {len(found)} weaknesses"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
