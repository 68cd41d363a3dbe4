"""The versions of everything that decides a result."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable
from functools import cache

#: Everything that decides a result; not every campaign needs every package.
PACKAGES = (
    "reexplore",
    "torch",
    "nequip",
    "nequip-allegro",
    "botorch",
    "architector",
    "xtb",
    "tblite",
    "pyscf",
    "pyscf-dispersion",
    "basis-set-exchange",
    "rdkit",
    "parsl",
    "mlflow",
    "numpy",
)


def environment(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of some packages, `not installed` for one that is not."""
    return {name: _version(name) for name in packages}


def python_version() -> dict[str, str]:
    """Return Python's."""
    return {"python": platform.python_version()}


@cache
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
