"""Install the CPU build of PyTorch into the environment that runs this, and never CUDA.

On Linux the plain package brings gigabytes of CUDA with it, so PyTorch's own index of
CPU wheels is used where it answers within a few seconds. Where it does not, the usual
index is asked what it would install, and the answer is refused if it is CUDA, unless the
machine has an NVIDIA GPU. Uses the standard library only, since nothing is installed yet.
"""

import json
import platform
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
PATIENCE_SECONDS = 4


def main(requirement: str) -> int:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    if _installed(requirement):
        return 0
    if platform.system() != "Linux" or shutil.which("nvidia-smi"):
        print(f"installing {requirement}")
        return subprocess.call([*pip, "install", requirement])
    if _answers(CPU_WHEELS + "/torch/"):
        print(f"installing {requirement} for the CPU from {CPU_WHEELS}")
        # its dependencies come from the usual index, with the others
        return subprocess.call(
            [*pip, "install", "--no-deps", "--index-url", CPU_WHEELS, requirement]
        )
    print(f"{CPU_WHEELS} does not answer; looking for a CPU build in the usual place")
    plan = subprocess.run(
        [*pip, "install", "-q", "--dry-run", "--report", "-", requirement],
        stdout=subprocess.PIPE,
        check=False,
    )
    if plan.returncode:
        return plan.returncode
    names = [entry["metadata"]["name"] for entry in json.loads(plan.stdout)["install"]]
    if any(name.startswith(("nvidia-", "cuda-", "triton")) for name in names):
        print(
            f"only a CUDA build of {requirement} can be had here, gigabytes that a machine "
            f"without a GPU cannot use. Install a CPU wheel from {CPU_WHEELS} by hand into "
            f"{sys.prefix}, then run this again.",
            file=sys.stderr,
        )
        return 1
    print(f"installing {requirement} for the CPU")
    return subprocess.call([*pip, "install", requirement])


def _installed(requirement: str) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    name, _, wanted = requirement.partition("==")
    try:
        return version(name).partition("+")[0] == wanted
    except PackageNotFoundError:
        return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS):  # noqa: S310 - https, above
            return True
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
