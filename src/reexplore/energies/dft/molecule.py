"""A structure as a PySCF molecule, with the basis sets and core potentials its level declares, checked."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import METALS
from reexplore.energies.core_potentials import core_potential
from reexplore.energies.electrons import checked_unpaired, electron_count
from reexplore.energies.levels import LIGAND_CORES, Level, core_electrons, require_support
from reexplore.errors import MissingEngineError
from reexplore.structures.structure import Structure


def build_molecule(structure: Structure, *, level: Level, unpaired: int | None = None, memory_gb: float) -> Any:
    """Return the `pyscf.gto.Mole` of a structure; `unpaired` electrons by default as the level implies.

    Raises `InputError` for elements the level does not cover and for electrons that do not fit the charge,
    `MissingEngineError` when a core potential or basis that the level declares was not loaded:
    PySCF returns an empty core potential, and so an all-electron metal in a valence basis, without
    a word.
    """
    from pyscf import gto

    require_support(level, structure.symbols)
    elements = sorted(set(structure.symbols))
    basis = {symbol: _basis(_basis_name(level, symbol), symbol) for symbol in elements}
    potentials = {symbol: _core_potential(level, symbol) for symbol in elements}
    mol = gto.Mole(
        atom=list(zip(structure.symbols, oriented_positions(structure).tolist(), strict=True)),
        basis=basis,
        ecp={symbol: potential for symbol, potential in potentials.items() if potential},
        charge=structure.charge,
        spin=checked_unpaired(structure, level, unpaired),
        verbose=0,
        max_memory=memory_gb * 1000,
    )
    mol.build(dump_input=False, parse_arg=False)
    _check_electrons(mol, structure, level)
    return mol


def oriented_positions(structure: Structure) -> NDArray[np.float64]:
    """Return the positions in Ångström along the principal axes of the nuclear charges.

    Integration grids and cavity points keep the directions of the coordinate axes, so that turning
    a structure would change its energy by up to 0.3 kcal/mol. The axes' signs and order are free:
    the grids have the symmetry of the cube.
    """
    return np.asarray(_centred(structure)[0] @ principal_axes(structure))


def principal_axes(structure: Structure) -> NDArray[np.float64]:
    """Return the principal axes of the nuclear charges as columns, shape (3, 3)."""
    centred, charges = _centred(structure)
    _, axes = np.linalg.eigh((centred * charges[:, None]).T @ centred)
    return np.asarray(axes)


def _centred(structure: Structure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the positions in Ångström from the centre of the nuclear charges, and these charges."""
    from pyscf import gto

    charges = np.array([float(gto.charge(symbol)) for symbol in structure.symbols])
    return structure.positions_angstrom - charges @ structure.positions_angstrom / charges.sum(), charges


def _basis_name(level: Level, symbol: str) -> str:
    return level.treatment_of(symbol).basis if symbol in METALS else level.ligand_basis


@lru_cache(maxsize=128)
def _basis(name: str, symbol: str) -> Any:
    """Return a basis; those PySCF does not ship (Ce to Lu) come from basis-set-exchange."""
    from pyscf import gto

    try:
        loaded = gto.basis.load(name, symbol)
    except (KeyError, RuntimeError) as error:
        raise _other_installation(f"no basis '{name}' for {symbol} ({error})") from error
    if not loaded:
        raise _other_installation(f"the basis '{name}' for {symbol} is empty")
    return loaded


@lru_cache(maxsize=128)
def _core_potential(level: Level, symbol: str) -> Any:
    """Return the core potential of an element in PySCF's form, None for one with all its electrons."""
    name = level.treatment_of(symbol).ecp if symbol in METALS else LIGAND_CORES.get(symbol, (None, 0))[0]
    if name is None:
        return None
    potential = core_potential(name, symbol)
    loaded, declared = potential[0] if potential else 0, core_electrons(level, symbol)
    if loaded != declared:
        raise _other_installation(
            f"'{name}' for {symbol} replaces {loaded} electrons where level '{level.name}' declares {declared}"
        )
    return potential


def _check_electrons(mol: Any, structure: Structure, level: Level) -> None:
    """Compare the electrons the molecule holds with those the level declares."""
    expected = electron_count(structure, level)
    if mol.nelectron != expected:
        raise _other_installation(
            f"the molecule holds {mol.nelectron} electrons, level '{level.name}' declares {expected}"
        )


def _other_installation(what: str) -> MissingEngineError:
    """Return the error for parts that are not as the level declares them: no molecule and no second try mends that."""
    return MissingEngineError(
        f"{what}: PySCF or basis-set-exchange is not of a version that has this level's parts; install them with"
        " `pip install -c constraints.txt pyscf basis-set-exchange`"
    )
