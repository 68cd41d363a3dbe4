"""The dear label: three states by PBE0/ma-def2-SVP in the gas phase, seconds to minutes of one core.

C. Adamo, V. Barone, J. Chem. Phys. 1999, 110, 6158; J. Zheng, X. Xu, D. G. Truhlar, Theor. Chem. Acc. 2011, 128, 295.
Importing this module loads PySCF: import it where labels are computed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import lib
from pyscf.scf.addons import mom_occ_

from reexplore.electrons.populations import hirshfeld_populations, iao_populations, lowest_valence_orbital
from reexplore.electrons.states import ADDED_CHARGES, NEUTRAL, UNPAIRED, ThreeStates, require_neutral
from reexplore.energies.dft.checkpoint import Checkpoint
from reexplore.energies.dft.field import RestrictedField, UnrestrictedField
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.dft.processor import Processor
from reexplore.energies.dft.start_density import start_density
from reexplore.energies.dft.states import State, StateSearch
from reexplore.energies.levels import GAS_PHASE, Level
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure

Array = NDArray[np.float64]

LEVEL = Level(
    name="electrons",
    version=1,
    summary="PBE0/ma-def2-SVP, gas phase: molecules that lose or take up an electron",
    functional="pbe0",
    ligand_basis="ma-def2-svp",
    coulomb_fitting_basis="def2-universal-jkfit",
    exchange="density-fitted, def2-universal-jkfit",
    open_shells=True,
    grid_level=1,
    solvent=GAS_PHASE,
    energy_tolerance_hartree=1e-5,
    gradient_tolerance=2e-3,
    start_density="minimal-basis atoms; ions from the molecule's orbitals, its lowest valence one for the anion",
    orientation="principal axes of the nuclear charges",
)

#: The field converges on this grid; energies are those of the density it finds, on the level's own. An error of the
#: density enters the energy squared: potentials and affinities change by less than 0.01 eV.
_FIELD = replace(LEVEL, grid_level=0)
#: ⟨S²⟩ of one unpaired electron is 0.75; a state above this is another one, or a mixture.
_MOST_SPIN_SQUARED = 1.0


@dataclass(frozen=True, eq=False)
class DensityFunctionalStates:
    """The three states with charges and spins in intrinsic atomic orbitals, and Hirshfeld's beside, shape (3, atoms).

    `spin_squared` is ⟨S²⟩ of cation, molecule and anion.
    """

    iao: ThreeStates
    hirshfeld_charges_e: Array
    hirshfeld_spins_e: Array
    spin_squared: Array


def density_functional_states(structure: Structure, *, memory_gb: float = 2.0) -> DensityFunctionalStates:
    """Return the three states of a neutral molecule.

    All have the integrals of one density fit; the ions start from the molecule's orbitals. The anion's electron is held
    in the lowest empty orbital of the valence, by the largest overlap with where it began (A. T. B. Gilbert,
    N. A. Besley, P. M. W. Gill, J. Phys. Chem. A 2008, 112, 13164): lower in energy there may be diffuse orbitals, in
    which an electron that is not bound is as far away as the basis set lets it. A field that does not converge so is
    minimised without that hold, and its spins then lie on hydrogens. Raises `InputError` for a
    molecule that is charged or has an unpaired electron and for an element beyond the level, `CalculationFailed` when
    a density does not converge or converges to another spin.
    """
    require_neutral(structure)
    with lib.with_omp_threads(1):
        mol = build_molecule(structure, level=LEVEL, memory_gb=memory_gb)
        shared = Processor(mol, LEVEL, cavity=None, memory_gb=memory_gb)
        molecule = _State(structure, 0, 0, shared, memory_gb)
        molecule.converge(start_density(mol, level=LEVEL).sum(axis=0))
        states = [
            molecule if not added else _State(structure, added, unpaired, shared, memory_gb)
            for added, unpaired in zip(ADDED_CHARGES, UNPAIRED, strict=True)
        ]
        for added, state in zip(ADDED_CHARGES, states, strict=True):
            if added > 0:
                state.converge(spin_densities(*molecule.without_one()))
            elif added < 0:
                orbitals = molecule.with_one_more()
                state.hold(*orbitals)
                state.converge(spin_densities(*orbitals))
        shared.use_grid(LEVEL.grid_level)
        return _gathered(structure, states)


class _State:
    """One charge of the molecule: its field, and what it converged to."""

    def __init__(self, structure: Structure, added: int, unpaired: int, shared: Processor, memory_gb: float) -> None:
        charged = replace(structure, charge=structure.charge + added)
        self.mol = build_molecule(charged, level=LEVEL, unpaired=unpaired, memory_gb=memory_gb)
        self.field: Any = (UnrestrictedField if unpaired else RestrictedField)(self.mol, xc=LEVEL.functional)
        self.field.equip(_FIELD, shared)
        self.shared = shared

    def converge(self, density: Array) -> None:
        """Find the state that a density leads to."""
        search = StateSearch(self.field, _FIELD, Checkpoint(None))
        self.state: State = search.converge(f"charge {self.mol.charge:+d}", density)
        if self.state.spin_squared > _MOST_SPIN_SQUARED:
            told = f"the charge {self.mol.charge:+d} converged to another state: ⟨S²⟩ is {self.state.spin_squared:.3f}"
            raise CalculationFailed(FailureCode.WRONG_STATE, "scf", told, attempts=search.attempts)

    def hold(self, up: Array, down: Array) -> None:
        """Fill in every cycle those orbitals that resemble the given ones most, instead of the lowest."""
        filled, orbitals = np.zeros((2, self.mol.nao)), np.zeros((2, self.mol.nao, self.mol.nao))
        for spin, given in enumerate((up, down)):
            filled[spin, : given.shape[1]] = 1.0
            orbitals[spin, :, : given.shape[1]] = given
        mom_occ_(self.field, orbitals, filled)

    def without_one(self) -> tuple[Array, Array]:
        """Return the occupied orbitals of either spin when the highest has lost one electron."""
        filled, _ = self.occupied
        return filled, filled[:, :-1]

    def with_one_more(self) -> tuple[Array, Array]:
        """Return the occupied orbitals of either spin with one electron more in the valence."""
        filled, _ = self.occupied
        empty = lowest_valence_orbital(self.mol, filled, np.asarray(self.field.get_fock()), self.field.get_ovlp())
        return np.column_stack([filled, empty]), filled

    @property
    def energy_hartree(self) -> float:
        """Return the energy of the density on the grid as it is now."""
        return float(self.field.energy_tot(self.field.make_rdm1()))

    @property
    def occupied(self) -> tuple[Array, Array]:
        """Return the occupied orbitals of either spin."""
        coefficients, occupations = np.asarray(self.field.mo_coeff), np.asarray(self.field.mo_occ)
        if coefficients.ndim == 2:
            coefficients, occupations = np.array([coefficients] * 2), np.array([occupations] * 2)
        up, down = (orbitals[:, filled > 0] for orbitals, filled in zip(coefficients, occupations, strict=True))
        return up, down


def spin_densities(up: Array, down: Array) -> Array:
    """Return the density matrices of occupied orbitals of either spin, shape (2, nao, nao)."""
    return np.array([up @ up.T, down @ down.T])


def _gathered(structure: Structure, states: list[_State]) -> DensityFunctionalStates:
    from ase.data import atomic_numbers

    numbers = np.array([atomic_numbers[symbol] for symbol in structure.symbols], dtype=float)
    overlap = states[NEUTRAL].field.get_ovlp()
    iao = np.array([iao_populations(state.mol, state.occupied, overlap) for state in states])
    grids = states[NEUTRAL].shared.grids
    hirshfeld = np.array(
        [hirshfeld_populations(state.mol, state.state.densities, grids, LEVEL.ligand_basis) for state in states]
    )
    return DensityFunctionalStates(
        ThreeStates(
            np.array([state.energy_hartree for state in states]),
            numbers - iao.sum(axis=1),
            iao[:, 0] - iao[:, 1],
        ),
        numbers - hirshfeld.sum(axis=1),
        hirshfeld[:, 0] - hirshfeld[:, 1],
        np.array([state.state.spin_squared for state in states]),
    )
