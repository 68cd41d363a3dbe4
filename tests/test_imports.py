"""Imports point one way: whoever reads a package needs to know only those below it."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "reexplore"

#: Every package and module beside them, with what it may import of the others.
BELOW = {
    "errors": set(),
    "device": set(),
    "inputs": {"errors"},
    "shipped": {"errors"},
    "plug_ins": {"errors"},
    "pools": set(),
    "pyscf_conf": set(),
    "terminal": {"errors"},
    "chemistry": {"errors"},
    "constraints": {"chemistry", "electrons", "errors", "inputs", "plug_ins"},
    "sources": {"chemistry", "errors", "inputs", "plug_ins", "proposals"},
    "structures": {"chemistry", "errors", "inputs", "plug_ins"},
    "energies": {"chemistry", "device", "errors", "inputs", "structures"},
    "anchors": {"chemistry", "energies", "errors", "inputs"},
    "surrogate": {"chemistry", "device", "errors", "plug_ins", "structures"},
    "proposals": {"chemistry", "errors"},
    "electrons": {"chemistry", "device", "energies", "errors", "structures", "surrogate"},
    "properties": {"chemistry", "energies", "errors", "inputs", "plug_ins"},
    "acquisition": {"errors", "inputs", "plug_ins", "properties", "surrogate"},
    "config": {"inputs", "structures"},
    "execution": {
        *("acquisition", "chemistry", "config", "constraints", "device", "energies", "errors", "inputs"),
        *("properties", "proposals", "structures", "surrogate"),
    },
    "tracking": {"chemistry", "errors", "execution", "structures"},
    "dataset": {"chemistry", "energies", "errors", "structures", "surrogate", "tracking"},
    "campaign": {
        *("acquisition", "anchors", "chemistry", "config", "constraints", "dataset", "energies", "errors", "execution"),
        *("inputs", "properties", "proposals", "shipped", "sources", "structures", "surrogate", "terminal", "tracking"),
    },
    "backtest": {
        *("acquisition", "campaign", "chemistry", "config", "dataset", "energies", "errors", "execution"),
        *("properties", "structures", "surrogate", "tracking"),
    },
    "study": {
        *("campaign", "chemistry", "config", "dataset", "energies", "errors", "execution"),
        *("structures", "surrogate", "tracking"),
    },
    "workbench": {
        *("anchors", "campaign", "chemistry", "config", "dataset", "energies", "errors", "execution", "inputs"),
        *("properties", "sources", "structures", "surrogate", "tracking"),
    },
    "doctor": {"electrons", "errors", "execution", "shipped", "structures", "tracking"},
}
BELOW["interface"] = {*("campaign", "config", "errors", "inputs", "structures", "terminal", "tracking", "workbench")}
BELOW["cli"] = set(BELOW) - {"interface"}


def _imports(path):
    """Return the modules of reexplore that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reexplore."):
            yield node.module
        elif isinstance(node, ast.ImportFrom) and node.module == "reexplore":
            yield from (f"reexplore.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("reexplore."))


def test_every_package_is_known():
    found = {path.stem if path.is_file() else path.name for path in SOURCE.iterdir() if path.name[0] not in "_."}
    assert found - {"py"} == set(BELOW)


@pytest.mark.parametrize("name", BELOW)
def test_a_package_imports_only_what_is_below_it(name):
    place = SOURCE / name
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    wrong = {
        f"{path.relative_to(SOURCE)} imports {module}"
        for path in files
        for module in _imports(path)
        if (top := module.split(".")[1]) != name and top not in BELOW[name] and not top.startswith("__")
    }
    assert wrong == set()


def test_the_order_has_no_circle():
    left = {name: set(below) - {name} for name, below in BELOW.items()}
    while left:
        lowest = {name for name, below in left.items() if not below & set(left)}
        assert lowest, left
        left = {name: below for name, below in left.items() if name not in lowest}
