"""Single-point density-functional energies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyscf import dft, lib
from pyscf.scf import dispersion

from reexplore.energies.dft.card import card_for
from reexplore.energies.dft.checkpoint import Checkpoint
from reexplore.energies.dft.f_shell import open_shell_of
from reexplore.energies.dft.field import RestrictedField, UnrestrictedField
from reexplore.energies.dft.interaction import Interaction, evaluated
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.dft.processor import Processor
from reexplore.energies.dft.solvent import Cavity, cds_energy_hartree
from reexplore.energies.dft.start_density import start_density
from reexplore.energies.dft.states import State, StateSearch
from reexplore.energies.levels import Level
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.structures.structure import Structure

#: States further above the lowest are other states, not the uncertainty of this one (5 kcal/mol).
_SAME_STATE_HARTREE = 0.008


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
    """Return the energy of a structure at a level, in its solvent or in the gas phase, in parts.

    `multiplicity` is by default what the level implies: closed shells, or Hund's rule for an open 4f
    shell. `scratch` is a folder for integrals that do not fit into `memory_gb`, by default the
    system's temporary one; `checkpoint` one where densities are kept and from which a killed calculation
    goes on. Raises `InputError` for a level without a density functional, an element it does not cover
    or electrons that do not fit charge and multiplicity; `CalculationFailed` with `NOT_CONVERGED` and all
    attempts when no rung of the ladder converged, with `WRONG_STATE` when spin or 4f electrons are not those
    asked for, with `OUT_OF_MEMORY` when memory ran out.
    """
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
    cds = cds_energy_hartree(mol, solvent=level.solvent)
    attraction = float(dispersion.get_dispersion(dft.RKS(mol, xc=level.functional), disp=level.dispersion))
    every: dict[str, Any] = {
        "level": level.name,
        "level_version": level.version,
        "dispersion_hartree": attraction,
        "solvent_cds_hartree": cds,
        "basis_functions": int(mol.nao),
        "electrons": int(mol.nelectron),
        "multiplicity": int(mol.spin) + 1,
    }
    attempts: list[dict[str, Any]] = []

    def processor() -> Processor:
        with clock.stage("cavity"):
            cavity = Cavity.of(mol, level)
        with clock.stage("integrals"):
            return Processor(mol, level, cavity=cavity, memory_gb=memory_gb, scratch=scratch)

    def found(interaction: Interaction) -> tuple[list[State], State, float]:
        field = (UnrestrictedField if mol.spin else RestrictedField)(mol, xc=level.functional)
        search = StateSearch(field, level, Checkpoint(checkpoint), attempts)
        with clock.stage("scf"):
            field.equip(level, interaction, left_out=None if shell is None else shell.intruders)
            if shell is not None:
                states = search.open_shell(shell, density)
            else:
                states = [search.converge("field", density if mol.spin else density.sum(axis=0))]
        state = min(states, key=lambda state: state.total_hartree)
        with clock.stage("solvent's energy"):
            return states, state, interaction.solvent_hartree(state.densities.sum(axis=0))

    states, state, solvent = evaluated(found, card=lambda: card_for(mol, level), processor=processor, attempts=attempts)
    return EnergyTerms(
        **every,
        total_hartree=state.total_hartree - state.solvent_in_field_hartree + solvent + cds + attraction,
        solvent_electrostatic_hartree=solvent,
        cycles=sum(attempt["cycles"] for attempt in attempts),
        spin_squared=state.spin_squared if mol.spin else None,
        f_population=None if state.f_population is None else float(state.f_population.sum()),
        f_unpaired=None if state.f_population is None else float(state.f_population[0] - state.f_population[1]),
        gap_hartree=state.gap_hartree,
        spread_hartree=spread_hartree([state.total_hartree for state in states]),
        lowest_curvature_hartree=state.lowest_curvature_hartree,
        attempts=tuple(attempts),
        stage_cpu_seconds=clock.rounded,
    )


def spread_hartree(totals: list[float]) -> float | None:
    """Return how far the states near the lowest lie apart; None when no second one confirms it."""
    near = [total for total in totals if total - min(totals) < _SAME_STATE_HARTREE]
    return max(near) - min(near) if len(near) > 1 else None


class _StageClock:
    """CPU seconds of this process by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @property
    def rounded(self) -> dict[str, float]:
        """Return the seconds of each stage for the record."""
        return {name: round(seconds, 2) for name, seconds in self.seconds.items()}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.seconds[name] = time.process_time() - start
