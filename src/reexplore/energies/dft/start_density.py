"""The start density: a converged ion inside minimal-basis ligand atoms."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import METALS, find_metal
from reexplore.energies.dft.f_shell import f_electrons_by_spin, free_ion
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.levels import Level
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure

Array = NDArray[np.float64]


def start_density(mol: Any, *, level: Level) -> Array:
    """Return density matrices of both spins, shape (2, nao, nao), made of unperturbed parts.

    Electrons of an open 4f shell are spread evenly over its orbitals. PySCF's own guesses start
    from the neutral atom, which oscillates for a lanthanide ion and does not exist for core
    potentials that hold the 4f shell.
    """
    from pyscf import gto, scf

    density = np.zeros((2, mol.nao, mol.nao))
    offsets = mol.aoslice_by_atom()[:, 2:]
    symbols = [mol.atom_pure_symbol(i) for i in range(mol.natm)]
    others = [i for i, symbol in enumerate(symbols) if symbol not in METALS]
    if others:
        basis = {symbols[i]: mol._basis[symbols[i]] for i in others}
        atoms = [(symbols[i], mol.atom_coord(i)) for i in others]
        potentials = {symbol: mol._ecp[symbol] for symbol in basis if symbol in mol._ecp}
        ligands = gto.M(atom=atoms, unit="Bohr", basis=basis, ecp=potentials, spin=None, verbose=0)
        orbitals = np.concatenate([np.arange(*offsets[i]) for i in others])
        for spin in density:
            spin[np.ix_(orbitals, orbitals)] = 0.5 * scf.hf.init_guess_by_minao(ligands)
    for i, symbol in enumerate(symbols):
        if symbol in METALS:
            start, stop = offsets[i]
            density[:, start:stop, start:stop] = _ion_density(symbol, level)
    return density


@lru_cache(maxsize=32)
def _ion_density(symbol: str, level: Level) -> Array:
    """Return the density matrices of the bare ion's spins in the gas phase, spherical."""
    metal = find_metal(symbol)
    if level.open_shells and metal.f_electrons:
        ion = free_ion(symbol, level)
        fractions = np.array(f_electrons_by_spin(metal.f_electrons)) / ion.orbitals.shape[1]
        density = ion.closed + fractions[:, None, None] * (ion.orbitals @ ion.orbitals.T)
    else:
        density = np.array([0.5 * _closed_ion_density(symbol, level)] * 2)
    density.setflags(write=False)
    return density


def _closed_ion_density(symbol: str, level: Level) -> Array:
    from pyscf import dft

    ion = Structure((symbol,), np.zeros((1, 3)), find_metal(symbol).oxidation_state)
    field = dft.RKS(build_molecule(ion, level=level, memory_gb=1.0), xc=level.functional)
    field.grids.level = level.grid_level
    field.kernel(field.get_init_guess(key="hcore"))
    if not field.converged:
        raise CalculationFailed(FailureCode.NOT_CONVERGED, "start density", f"the free ion {symbol} did not converge")
    return np.asarray(field.make_rdm1())
