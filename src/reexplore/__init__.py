"""A closed loop that searches for ligands of the rare earths."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reexplore.campaign.running.stopping import Stopped
    from reexplore.errors import CalculationFailed, ExecutionError, InputError, MissingEngineError, ReexploreError
    from reexplore.interface import Campaign, build, label, predict

# When PySCF is imported it runs `.pyscf_conf.py` of the working folder or of HOME: the first is anybody's code, and
# either changes numbers that a level alone should decide.
os.environ["PYSCF_CONFIG_FILE"] = str(Path(__file__).with_name("pyscf_conf.py"))

__version__ = "0.1.0"

#: Where the public names are found: importing the package loads none of them.
_PUBLIC = {
    "Campaign": "interface",
    "build": "interface",
    "label": "interface",
    "predict": "interface",
    "CalculationFailed": "errors",
    "ExecutionError": "errors",
    "InputError": "errors",
    "MissingEngineError": "errors",
    "ReexploreError": "errors",
    "Stopped": "campaign.running.stopping",
}

__all__ = [
    "CalculationFailed",
    "Campaign",
    "ExecutionError",
    "InputError",
    "MissingEngineError",
    "ReexploreError",
    "Stopped",
    "build",
    "label",
    "predict",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'reexplore' has no attribute '{name}'")
    return getattr(import_module(f"reexplore.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
