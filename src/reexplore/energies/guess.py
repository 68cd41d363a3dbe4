"""The start density: a converged ion inside minimal-basis ligand atoms."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import METALS, find_metal
from reexplore.energies.levels import Level
from reexplore.energies.molecule import build_molecule
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.geometry import Structure

Array = NDArray[np.float64]


def start_density(mol: Any, *, level: Level) -> Array:
    """Return a density matrix of shape (nao, nao) made of unperturbed parts.

    PySCF's own guesses start from the neutral atom, which oscillates for a lanthanide ion and does
    not exist for core potentials that hold the 4f shell.
    """
    from pyscf import gto, scf

    density = np.zeros((mol.nao, mol.nao))
    offsets = mol.aoslice_by_atom()[:, 2:]
    symbols = [mol.atom_pure_symbol(i) for i in range(mol.natm)]
    others = [i for i, symbol in enumerate(symbols) if symbol not in METALS]
    if others:
        basis = {symbols[i]: mol._basis[symbols[i]] for i in others}
        atoms = [(symbols[i], mol.atom_coord(i)) for i in others]
        ligands = gto.M(atom=atoms, unit="Bohr", basis=basis, spin=None, verbose=0)
        orbitals = np.concatenate([np.arange(*offsets[i]) for i in others])
        density[np.ix_(orbitals, orbitals)] = scf.hf.init_guess_by_minao(ligands)
    for i, symbol in enumerate(symbols):
        if symbol in METALS:
            start, stop = offsets[i]
            density[start:stop, start:stop] = _ion_density(symbol, level)
    return density


@lru_cache(maxsize=32)
def _ion_density(symbol: str, level: Level) -> Array:
    """Return the density matrix of the bare closed-shell ion in the gas phase."""
    from pyscf import dft

    ion = Structure((symbol,), np.zeros((1, 3)), find_metal(symbol).oxidation_state)
    field = dft.RKS(build_molecule(ion, level=level, memory_gb=1.0), xc=level.functional)
    field.grids.level = level.grid_level
    field.kernel(field.get_init_guess(key="hcore"))
    if not field.converged:
        raise CalculationFailed(FailureCode.NOT_CONVERGED, "start density", f"the free ion {symbol} did not converge")
    density = np.asarray(field.make_rdm1())
    density.setflags(write=False)
    return density
