"""The first Kramers gap of one structure: averaged orbitals, then all states of the 4f shell."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import gto, lib
from pyscf.x2c import sfx2c1e

from reexplore.energies.dft.checkpoint import Checkpoint
from reexplore.energies.kramers.averaged_field import AveragedField
from reexplore.energies.kramers.axis import axis_of, donors_of
from reexplore.energies.kramers.doublets import doublets
from reexplore.energies.kramers.f_configuration import ORBITALS, Configuration
from reexplore.energies.kramers.free_ion import orbital_momenta
from reexplore.energies.kramers.integrals import ExactIntegrals, FittedIntegrals, Integrals
from reexplore.energies.kramers.ions import KramersIon
from reexplore.energies.kramers.label import KramersLabel
from reexplore.energies.kramers.ladder import Ladder
from reexplore.energies.kramers.memory import kramers_memory_gb
from reexplore.energies.kramers.method import KramersMethod
from reexplore.energies.kramers.minimise import Minimum
from reexplore.energies.kramers.support import kramers_ion_of, require_supported
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure

Array = NDArray[np.float64]

#: l(l + 1) is 12 in a free ion and 11.9 in complexes; below this a ligand orbital has come into the shell.
_LEAST_L_SQUARED = 11.85


def kramers_gap(
    structure: Structure,
    *,
    method: KramersMethod,
    scratch: Path | None = None,
    checkpoint: Path | None = None,
    threads: int = 1,
    memory_gb: float = 4.0,
) -> KramersLabel:
    """Return the Kramers doublets of a structure's ground multiplet, in the gas phase.

    `scratch` is a folder for integrals that do not fit into `memory_gb`, `checkpoint` one where orbitals are kept and
    from which a killed calculation goes on. Raises `InputError` for a structure without one metal of an odd number of
    4f electrons, for an element without a basis and for a charge that leaves another electron unpaired;
    `CalculationFailed` with `NOT_CONVERGED` and all attempts, with `WRONG_STATE` when the shell has not stayed 4f, with
    `OUT_OF_MEMORY` when memory ran out.
    """
    _, ion = kramers_ion_of(structure)
    clock = _StageClock()
    try:
        with lib.with_omp_threads(threads):
            mol = molecule(structure, ion, method)
            with clock.stage("integrals"):
                kept_gb = max(memory_gb - kramers_memory_gb(structure, method), 0.0)
                field = averaged_field(mol, ion, method, memory_gb=kept_gb, scratch=scratch)
            ladder = Ladder(field, ion, Checkpoint(checkpoint))
            with clock.stage("orbitals"):
                minimum = ladder.climb()
            with clock.stage("states"):
                return _label(structure, method, field, minimum, attempts=ladder.attempts, cpu_s=clock.seconds)
    except MemoryError as error:
        raise CalculationFailed(
            FailureCode.OUT_OF_MEMORY, "kramers gap", f"{len(structure)} atoms do not fit in {memory_gb:g} GB"
        ) from error


def molecule(structure: Structure, ion: KramersIon, method: KramersMethod) -> Any:
    """Return the `pyscf.gto.Mole` with all electrons; raise `InputError` for a wrong charge or element."""
    require_supported(structure, method)
    basis = {
        symbol: gto.basis.load(method.basis_of(symbol, metal=ion.symbol), symbol) for symbol in set(structure.symbols)
    }
    atoms = list(zip(structure.symbols, structure.positions_angstrom.tolist(), strict=True))
    return gto.M(atom=atoms, basis=basis, charge=structure.charge, spin=None, verbose=0)


def averaged_field(
    mol: Any, ion: KramersIon, method: KramersMethod, *, memory_gb: float, scratch: Path | None
) -> AveragedField:
    """Return the averaged field of a molecule with its integrals evaluated."""
    integrals: Integrals
    if method.integrals == "exact":
        integrals = ExactIntegrals(mol)
    else:
        integrals = FittedIntegrals(mol, metal=ion.symbol, memory_gb=memory_gb, scratch=scratch)
    return AveragedField(mol, integrals, sfx2c1e.SpinFreeX2C(mol).get_hcore(mol), ion.f_electrons)


def _label(
    structure: Structure,
    method: KramersMethod,
    field: AveragedField,
    minimum: Minimum,
    *,
    attempts: list[dict[str, Any]],
    cpu_s: dict[str, float],
) -> KramersLabel:
    place, ion = kramers_ion_of(structure)
    mol, shell = field.mol, minimum.orbitals[:, field.shell]
    with mol.with_common_orig(mol.atom_coord(place)):
        momentum = -1j * np.einsum("pi,kpq,qj->kij", shell, mol.intor("int1e_cg_irxp", comp=3), shell)
    # Antisymmetric to the last digit: time reversal is what keeps the two states of a doublet together.
    momentum = 0.5 * (momentum - momentum.transpose(0, 2, 1))
    l_squared = float(np.einsum("kij,kji->", momentum, momentum).real) / ORBITALS
    if l_squared < _LEAST_L_SQUARED:
        raise CalculationFailed(
            FailureCode.WRONG_STATE,
            "4f shell",
            f"the mean of l² in the shell is {l_squared:.2f} and not 12: an orbital of a ligand has come into it",
            l_squared=l_squared,
            attempts=attempts,
        )
    found = doublets(
        Configuration(ion.f_electrons, highest_spin=method.spins == "highest"),
        one_electron_hartree=shell.T @ minimum.mean.inactive @ shell,
        repulsion_hartree=field.integrals.repulsion(shell),
        angular_momentum=momentum,
        spin_orbit_constant_cm=ion.spin_orbit_constant_cm,
        count=ion.doublets + 1,
    )
    return KramersLabel(
        metal=ion.symbol,
        charge=structure.charge,
        method=method,
        doublets=tuple(found[: ion.doublets]),
        next_multiplet_cm=found[ion.doublets].energy_cm if len(found) > ion.doublets else None,
        energy_hartree=minimum.mean.energy_hartree,
        spin_orbit_constant_cm=ion.spin_orbit_constant_cm,
        l_squared=l_squared,
        f_population=ion.f_electrons * _share_of_metal(mol, place, field.overlap, shell),
        gradient_norm=minimum.gradient_norm,
        basis_functions=int(mol.nao),
        fitting_functions=field.integrals.fitting_functions,
        donor_distances_angstrom=donors_of(structure, place),
        axis=axis_of(structure, place),
        attempts=tuple(attempts),
        stage_cpu_seconds=cpu_s,
    )


def _share_of_metal(mol: Any, place: int, overlap: Array, shell: Array) -> float:
    """Return the part of the shell's orbitals that lies in the span of the metal's own f functions."""
    first, last = mol.aoslice_by_atom()[place, 2:]
    own = np.flatnonzero(orbital_momenta(mol) == 3)
    own = own[(own >= first) & (own < last)]
    seen = overlap[own] @ shell
    return float(np.vdot(seen, np.linalg.solve(overlap[np.ix_(own, own)], seen))) / ORBITALS


class _StageClock:
    """CPU seconds of this process by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.seconds[name] = round(time.process_time() - start, 2)
