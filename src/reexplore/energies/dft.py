"""Single-point density-functional energies in water."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import lib
from pyscf.scf import dispersion

from reexplore.energies.checkpoint import Checkpoint
from reexplore.energies.convergence import Ladder
from reexplore.energies.f_shell import (
    OpenShell,
    f_population,
    frozen,
    in_crystal_field,
    open_shell_of,
    ranked_occupations,
    with_occupation,
)
from reexplore.energies.field import RestrictedField, UnrestrictedField
from reexplore.energies.guess import start_density
from reexplore.energies.levels import Level, require_available
from reexplore.energies.molecule import build_molecule
from reexplore.energies.solvent import Cavity, cds_energy_hartree
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.structures.geometry import Structure

Array = NDArray[np.float64]

#: States further above the lowest are other states, not the uncertainty of this one (5 kcal/mol).
_SAME_STATE_HARTREE = 0.008
#: What keeps an open shell's empty orbitals away from its filled ones in the first cycles.
_OPEN_SHELL_SHIFT_HARTREE = 0.2


@dataclass(frozen=True)
class _State:
    """One converged solution of the field."""

    total_hartree: float
    orbitals: Array
    occupations: Array
    energies: Array
    solvent_fitted_hartree: float


def single_point(
    structure: Structure,
    *,
    level: Level,
    multiplicity: int | None = None,
    scratch: Path | None = None,
    checkpoint: Path | None = None,
    threads: int = 1,
    memory_gb: float = 4.0,
) -> EnergyTerms:
    """Return the energy of a structure in water at a level, in parts.

    `multiplicity` is by default what the level implies: closed shells, or Hund's rule for an open 4f
    shell. `scratch` is a folder for integrals that do not fit into `memory_gb`, by default the
    system's temporary one; `checkpoint` one where densities are kept and from which a killed calculation
    goes on. Raises `InputError` for a level that cannot be run, an element it does not cover
    or electrons that do not fit charge and multiplicity; `CalculationFailed` with `NOT_CONVERGED` and all
    attempts when no rung of the ladder converged, with `OUT_OF_MEMORY` when memory ran out.
    """
    require_available(level)
    if not level.is_density_functional:
        raise InputError(f"level '{level.name}' has no density-functional energy")
    unpaired = None if multiplicity is None else multiplicity - 1
    clock = _StageClock()
    try:
        with lib.with_omp_threads(threads):
            mol = build_molecule(structure, level=level, unpaired=unpaired, memory_gb=memory_gb)
            return _run(mol, level=level, scratch=scratch, checkpoint=checkpoint, memory_gb=memory_gb, clock=clock)
    except MemoryError as error:
        raise CalculationFailed(
            FailureCode.OUT_OF_MEMORY, "scf", f"{len(structure)} atoms do not fit in {memory_gb:g} GB"
        ) from error


def _run(
    mol: Any, *, level: Level, scratch: Path | None, checkpoint: Path | None, memory_gb: float, clock: _StageClock
) -> EnergyTerms:
    with clock.stage("start density"):
        density = start_density(mol, level=level)
        shell = open_shell_of(mol, level)
    with clock.stage("cavity"):
        cavity = Cavity(mol, solvent=level.solvent, points_per_sphere=level.cavity_points_per_sphere)
    with clock.stage("integrals"):
        make = UnrestrictedField if mol.spin else RestrictedField
        field = make(mol, xc=level.functional)
        field.equip(level, cavity=cavity, memory_gb=memory_gb, scratch=scratch)
    attempts: list[dict[str, Any]] = []
    with clock.stage("scf"):
        kept = Checkpoint(checkpoint)
        if shell is None:
            states = [_state(field, level, kept, "field", density if mol.spin else density.sum(axis=0), attempts)]
        else:
            states = _open_shell_states(field, level, kept, shell, density, attempts)
    state = min(states, key=lambda state: state.total_hartree)
    near = [s.total_hartree for s in states if s.total_hartree - state.total_hartree < _SAME_STATE_HARTREE]
    density = np.asarray(field.make_rdm1(state.orbitals, state.occupations))
    with clock.stage("solvent's energy"):
        solvent = cavity.energy_hartree(density if density.ndim == 2 else density.sum(axis=0))
    cds = cds_energy_hartree(mol, solvent=level.solvent)
    attraction = float(dispersion.get_dispersion(field, disp=level.dispersion))
    return EnergyTerms(
        level=level.name,
        level_version=level.version,
        total_hartree=state.total_hartree - state.solvent_fitted_hartree + solvent + cds + attraction,
        dispersion_hartree=attraction,
        solvent_electrostatic_hartree=solvent,
        solvent_cds_hartree=cds,
        cycles=sum(attempt["cycles"] for attempt in attempts),
        basis_functions=int(mol.nao),
        electrons=int(mol.nelectron),
        multiplicity=int(mol.spin) + 1,
        spin_squared=_spin_squared(field, state) if mol.spin else None,
        f_population=f_population(mol, density, field.get_ovlp()) if level.open_shells else None,
        gap_hartree=_gap(state),
        spread_hartree=max(near) - state.total_hartree if len(states) > 1 else None,
        attempts=tuple(attempts),
        stage_cpu_seconds={name: round(seconds, 2) for name, seconds in clock.seconds.items()},
    )


def _state(
    field: Any, level: Level, checkpoint: Checkpoint, stage: str, density: Array, attempts: list[dict[str, Any]]
) -> _State:
    """Converge the field from a density."""
    ladder = Ladder(field, level, checkpoint, stage, attempts)
    ladder.climb(density, shift_hartree=_OPEN_SHELL_SHIFT_HARTREE if density.ndim == 3 else 0.0)
    return _State(
        float(field.e_tot), field.mo_coeff, field.mo_occ, np.asarray(field.mo_energy), field.solvent_fitted_hartree
    )


def _open_shell_states(
    field: Any,
    level: Level,
    checkpoint: Checkpoint,
    shell: OpenShell,
    density: Array,
    attempts: list[dict[str, Any]],
) -> list[_State]:
    """Converge around the spherical 4f shell first, then with each of its most promising occupations."""
    kept = checkpoint.load("spherical shell", density.shape)
    if kept is None:
        with frozen(field, shell):
            kept = Ladder(field, level, stage="spherical shell", attempts=attempts).approach(density)
        checkpoint.save("spherical shell", kept)
    shell = in_crystal_field(field, shell, kept)
    states: list[_State] = []
    failure: CalculationFailed | None = None
    for occupied in ranked_occupations(field.mol, shell, level)[: level.f_occupations]:
        stage = "4f " + "".join(str(orbital) for orbital in occupied)
        try:
            states.append(_state(field, level, checkpoint, stage, with_occupation(kept, shell, occupied), attempts))
        except CalculationFailed as failed:
            failure = failed
    if not states and failure is not None:
        raise failure
    return states


def _spin_squared(field: Any, state: _State) -> float:
    """Return ⟨S²⟩ of an unrestricted solution."""
    filled = [orbitals[:, occupied > 0] for orbitals, occupied in zip(state.orbitals, state.occupations, strict=True)]
    return float(field.spin_square(filled)[0])


def _gap(state: _State) -> float | None:
    """Return the smallest distance in Hartree between a filled and an empty orbital of one spin."""
    shape = (-1, state.energies.shape[-1])
    gaps = [
        energies[occupied == 0].min() - energies[occupied > 0].max()
        for energies, occupied in zip(state.energies.reshape(shape), state.occupations.reshape(shape), strict=True)
        if (occupied == 0).any() and (occupied > 0).any()
    ]
    return float(min(gaps)) if gaps else None


class _StageClock:
    """CPU seconds of this process by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.seconds[name] = time.process_time() - start
