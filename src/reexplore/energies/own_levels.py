"""Levels of theory of the user's own: a shipped one with some choices changed, and every part looked up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from reexplore.chemistry.metals import METALS
from reexplore.energies.basis_sets import function_count
from reexplore.energies.levels import GAS_PHASE, LEVELS, LIGAND_CORES, WATER, Level, find_level, require_support
from reexplore.errors import InputError, MissingEngineError, of_key


def own_level(name: str, *, based_on: str, summary: str = "", **changes: Any) -> Level:
    """Return a shipped level under another name with some of its choices changed.

    `changes` are fields of `Level`. Exact exchange follows from the functional; everything else,
    the version included, is the base's. Raises `InputError` for a name that is taken, a base
    without a functional, or a functional that libxc does not have.
    """
    if name in LEVELS:
        raise InputError(f"the level '{name}' is shipped: give your own another name", key="name")
    with of_key("based_on"):
        base = find_level(based_on)
    if not base.is_density_functional:
        known = ", ".join(known.name for known in LEVELS.values() if known.is_density_functional)
        told = f"level '{name}' cannot be based on '{based_on}', which is no density functional; take one of {known}"
        raise InputError(told, key="based_on")
    level = replace(base, name=name, based_on=based_on, **changes)
    exchange = "none"
    if _is_hybrid(level):
        exchange = f"density-fitted, {level.coulomb_fitting_basis}"
    return replace(level, exchange=exchange, summary=summary or _summary(level, changes))


def require_parts(level: Level, symbols: Iterable[str]) -> None:
    """Raise `InputError` when something a level names does not exist for these elements.

    Looked up are the elements, the dispersion parameters, the basis of every element and its
    fitting basis; for a level without a functional there is nothing to look up.
    """
    elements = sorted(set(symbols))
    require_support(level, elements)
    if not level.is_density_functional:
        return
    _is_hybrid(level)
    _require_dispersion(level)
    _require_solvent(level)
    if cored := [s for s in elements if s in LIGAND_CORES and not level.ligand_basis.lower().startswith("def2")]:
        raise InputError(
            f"level '{level.name}': {cored[0]} is described in def2 bases only, not in {level.ligand_basis}"
        )
    for symbol in elements:
        basis = level.treatment_of(symbol).basis if symbol in METALS else level.ligand_basis
        for needed in (basis, level.coulomb_fitting_basis):
            try:
                function_count(needed, symbol)
            except InputError as error:
                raise InputError(f"level '{level.name}': {error}") from None


def in_solvent(level: Level, solvent: str) -> Level:
    """Return a level in water with the water replaced by another of SMD's solvents, by SMD's parameters of it.

    Raises `InputError` for a level without SMD's water and for a solvent without parameters, with the nearest names.
    The teacher has invented solvents of every name.
    """
    if level.is_density_functional and level.solvent == WATER:
        _require_solvent(replace(level, solvent=solvent))
    elif not level.is_fake:
        known = ", ".join(known.name for known in LEVELS.values() if known.is_density_functional)
        raise InputError(f"level '{level.name}' has no SMD water to leave for {solvent}: take one such as {known}")
    name = f"{level.name} in {solvent}"
    return replace(level, name=name, based_on=level.based_on or level.name, solvent=solvent)


def _is_hybrid(level: Level) -> bool:
    """Return whether a level needs exact exchange; raise `InputError` for functionals that are not computed here."""
    libxc = _library("pyscf.dft.libxc", "pyscf")
    functional, where = level.functional, f"level '{level.name}': the functional '{level.functional}'"
    try:
        kind = libxc.xc_type(functional)
    except Exception:  # PySCF raises whatever its parser stumbles over
        raise InputError(f"{where} is not in libxc, or not under this name") from None
    if kind not in ("LDA", "GGA", "MGGA"):
        raise InputError(f"{where} is no density functional")
    if libxc.is_nlc(functional):
        raise InputError(f"{where} has nonlocal correlation (VV10), which is not computed here: take one with D4")
    if libxc.rsh_coeff(functional)[0]:
        raise InputError(f"{where} is range-separated, which is not computed here")
    return bool(libxc.is_hybrid_xc(functional))


def _require_solvent(level: Level) -> None:
    known = [GAS_PHASE, *_library("pyscf.solvent.smd", "pyscf").solvent_db]
    if level.solvent not in known:
        near = " or ".join(f"'{name}'" for name in get_close_matches(level.solvent, known, n=2, cutoff=0.5))
        hint = f"did you mean {near}?" if near else "such as water, 1-octanol, toluene, n-dodecane or none"
        raise InputError(f"level '{level.name}': SMD has no parameters for the solvent '{level.solvent}': {hint}")


def _require_dispersion(level: Level) -> None:
    dftd4 = _library("pyscf.dispersion.dftd4", "pyscf-dispersion")
    gto = _library("pyscf.gto", "pyscf")
    kind, _, parameters = level.dispersion.partition(":")
    if kind != "d4":
        raise InputError(f"level '{level.name}': the dispersion '{level.dispersion}' is not of the form d4:FUNCTIONAL")
    try:
        # The parameters are looked up when this is made, for any molecule.
        dftd4.DFTD4Dispersion(gto.M(atom="He", basis="sto-3g", verbose=0), xc=parameters)
    except RuntimeError:
        raise InputError(f"level '{level.name}': D4 has no parameters for '{parameters}'") from None


def _library(module: str, package: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise MissingEngineError(
            f"not installed: {package}; install with `pip install -c constraints.txt {package}`"
        ) from None


def _summary(level: Level, changes: dict[str, Any]) -> str:
    changed = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in changes.items())
    return f"'{level.based_on}' with {changed}" if changed else f"'{level.based_on}' unchanged"
