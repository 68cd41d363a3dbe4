"""Whether every program that a campaign computes with is installed, asked before the first task."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil

from reexplore.config import TheoryEntry
from reexplore.energies.levels import Level
from reexplore.energies.terms import ENGINE
from reexplore.errors import MissingEngineError
from reexplore.structures.builders.base import find_builder
from reexplore.structures.search.crest import require_crest
from reexplore.structures.xtb.gfnff_of_xtb import without_xtb_python
from reexplore.structures.xtb.surfaces import EnergySurface

#: Modules of the default path and the package that brings each.
_ENGINES = {
    "torch": "torch",
    "nequip": "nequip",
    "allegro": "nequip-allegro",
    "botorch": "botorch",
    "sklearn": "scikit-learn",
    "rdkit": "rdkit",
    "parsl": "parsl",
    "mlflow": "mlflow",
}
#: The force field that ranks what was built, and GFN2-xTB.
_STRUCTURES = {"gfnff": "gfnff", "tblite": "tblite"}
_LABELLING = {"pyscf": "pyscf", "basis_set_exchange": "basis-set-exchange"}


def require_engines(level: Level, surface: EnergySurface, theory: TheoryEntry) -> None:
    """Raise `MissingEngineError` with what to install for a level, a surface, the builders and the models."""
    needed = dict(_ENGINES)
    if not theory.sketch:
        needed |= _STRUCTURES
    for name in theory.starts:
        needed |= find_builder(name).packages
    if "crest" in theory.builders:
        require_crest()
    if computed_by_pyscf := level.engine == ENGINE and not level.is_fake:
        needed |= _LABELLING
    missing = [package for module, package in needed.items() if importlib.util.find_spec(module) is None]
    if computed_by_pyscf and not _installed("pyscf-dispersion"):
        missing.append("pyscf-dispersion")
    if not theory.sketch and importlib.util.find_spec("xtb") is None:
        if surface.engine == "xtb-python":
            raise without_xtb_python(f"the surface {surface.name}")
        if theory.force_field == 1:
            raise without_xtb_python("theory.force_field: 1")
    if surface.engine == "xtb" and shutil.which("xtb") is None:
        raise MissingEngineError(
            f"surface: {surface.name} needs the xtb program on PATH (Debian: `apt install xtb`); or take gfn2"
        )
    if missing:
        raise MissingEngineError(
            f"not installed: {', '.join(missing)}; install with `pip install -c constraints.txt {' '.join(missing)}`"
        )


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
