"""Energies of single structures, and the binding energies made of them."""

from __future__ import annotations

from pathlib import Path

from reexplore.energies.levels import LEVELS, Level, comparison_warning, find_level
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL, Reaction, binding, exchange
from reexplore.energies.terms import TBLITE, EnergyTerms
from reexplore.structures.structure import Structure

__all__ = [
    "HARTREE_TO_KCAL_MOL",
    "LEVELS",
    "EnergyTerms",
    "Level",
    "Reaction",
    "binding",
    "comparison_warning",
    "energy_terms",
    "exchange",
    "find_level",
]


def energy_terms(
    structure: Structure,
    *,
    level: Level,
    multiplicity: int | None = None,
    scratch: Path | None = None,
    checkpoint: Path | None = None,
    threads: int = 1,
    memory_gb: float = 4.0,
) -> EnergyTerms:
    """Return the energy of a structure at a level: by the teacher when the level is a fake, else by the level's engine.

    See `reexplore.energies.dft.single_point.single_point` for the arguments and the errors raised.
    """
    if level.is_fake:
        from reexplore.energies.teacher import teacher_energy

        return teacher_energy(structure, level=level)
    if level.engine == TBLITE:
        from reexplore.energies.gfn2 import gfn2_energy

        return gfn2_energy(structure, multiplicity=multiplicity)
    from reexplore.energies.dft.single_point import single_point

    return single_point(
        structure,
        level=level,
        multiplicity=multiplicity,
        scratch=scratch,
        checkpoint=checkpoint,
        threads=threads,
        memory_gb=memory_gb,
    )
