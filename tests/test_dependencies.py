"""What the code imports is declared, what is declared is imported, and other licences stay where they belong."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: A plug-in that is used without an import.
_NOT_IMPORTED = {"nequip-allegro": "nequip builds its modules by their name"}
#: Modules of what is not installed on every machine, and who brings them: CuPy comes with gpu4pyscf.
_OPTIONAL = {"cupy": "gpu4pyscf-cuda12x", "gpu4pyscf": "gpu4pyscf-cuda12x", "xtb": "xtb"}
#: Open Babel is under GPL-2, and Architector imports pynauty, under GPL-3.
_GPL = {"architector", "openbabel", "pynauty"}


def _name(requirement):
    return re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@cache
def _imports():
    """Return the modules that each file imports, anywhere in it."""
    imports = {}
    for path in (ROOT / "src" / "reexplore").rglob("*.py"):
        names = imports.setdefault(path.name, set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module)
    return imports


def test_dependencies_are_those_that_the_code_imports():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["gpu"]
    declared = {_name(requirement) for requirement in (*project["dependencies"], *extra)}
    imported = {name for names in _imports().values() for name in names}
    modules = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names - {"reexplore"}
    # PySCF's extensions share its name space.
    distributions = packages_distributions() | {"pyscf": ["pyscf"]} | {m: [name] for m, name in _OPTIONAL.items()}
    owners = {module: {_name(owner) for owner in distributions[module]} for module in modules}
    assert {module: names for module, names in owners.items() if not names & declared} == {}
    used = {name for names in owners.values() for name in names}
    if any(name.startswith("pyscf.dispersion") for name in imported):
        used.add("pyscf-dispersion")
    assert declared - used - set(_NOT_IMPORTED) == set()


def test_packages_under_the_gpl_are_imported_in_two_places():
    importing = {file for file, names in _imports().items() if _GPL & {name.partition(".")[0] for name in names}}
    assert importing == {"architector.py", "checks.py"}


def test_the_doctor_loads_no_engine_into_its_own_process():
    code = (
        "import sys\n"
        "from reexplore.doctor.engines import examine\n"
        "(found,) = examine(['openbabel'])\n"
        "assert found.ok, found\n"
        f"assert not {_GPL} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
