"""How much memory a single point needs, said before it starts."""

from __future__ import annotations

from reexplore.chemistry.metals import METALS
from reexplore.energies.basis_sets import function_count
from reexplore.energies.levels import GAS_PHASE, Level
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure

_GIB = 2**30
#: Python, PySCF and its libraries before any array.
_PROGRAM_GB = 0.3
#: Three-centre integrals of one chunk: evaluated, reordered, and on their way to where they are kept.
_CHUNKS_GB = 0.7
#: Densities, potentials, orbitals and the history of DIIS, each functions².
_MATRICES = 24
#: The share of a sphere's points that no other sphere covers: 0.46 to 0.52 in ligands and complexes
#: of 19 to 77 atoms, 0.66 in water.
_EXPOSED_SHARE = 0.5
#: What laying the cavity holds at its height, in matrices of points².
_CAVITY_MATRICES_LAID = 5
#: What is kept of the cavity: two factors and the double layer, each points².
_CAVITY_MATRICES_KEPT = 3


def basis_function_count(structure: Structure, level: Level) -> int:
    """Return the number of basis functions of a structure; raise `InputError` for a basis that does not exist."""
    return sum(
        function_count(level.treatment_of(symbol).basis if symbol in METALS else level.ligand_basis, symbol)
        for symbol in structure.symbols
    )


def fitting_function_count(structure: Structure, level: Level) -> int:
    """Return the number of functions of the density fit; raise `InputError` for a basis that does not exist."""
    return sum(function_count(level.coulomb_fitting_basis, symbol) for symbol in structure.symbols)


def estimated_memory_gb(structure: Structure, level: Level) -> float:
    """Return the memory in GiB without which a single point cannot run.

    The larger of two heights, laying the cavity and the iterations. What goes to the scratch folder
    when memory is short, the three-centre integrals and the orbital values on the grid, is not
    counted; with more memory than this a calculation is faster.
    """
    if not level.is_density_functional:
        return 1.0
    functions = basis_function_count(structure, level)
    fitting = fitting_function_count(structure, level)
    points = _exposed_points(structure, level)
    cavity = _CAVITY_MATRICES_LAID * points**2
    iterations = _CAVITY_MATRICES_KEPT * points**2 + points * fitting + 2 * fitting**2 + _MATRICES * functions**2
    return _PROGRAM_GB + max(8 * cavity / _GIB, _CHUNKS_GB + 8 * iterations / _GIB)


def kept_integrals_gb(structure: Structure, level: Level) -> float:
    """Return the size in GiB of the three-centre integrals of the density fit, in memory or scratch."""
    if not level.is_density_functional:
        return 0.0
    functions = basis_function_count(structure, level)
    return 8 * fitting_function_count(structure, level) * functions * (functions + 1) / 2 / _GIB


def require_memory(structure: Structure, level: Level, *, memory_gb: float) -> None:
    """Raise `CalculationFailed` with `OUT_OF_MEMORY` when a single point cannot run in this memory (GiB)."""
    require_gb(
        estimated_memory_gb(structure, level),
        memory_gb=memory_gb,
        need=f"{len(structure)} atoms at level '{level.name}' need",
        kept_integrals_gb=kept_integrals_gb(structure, level),
    )


def require_gb(needed: float, *, memory_gb: float, need: str, kept_integrals_gb: float) -> None:
    """Raise `CalculationFailed` with `OUT_OF_MEMORY` and the numbers (GiB) when more is needed than there is.

    `need` says who needs it, as `38 atoms at level 'quick' need`; the integrals would be kept beside that.
    """
    if needed > memory_gb:
        raise CalculationFailed(
            FailureCode.OUT_OF_MEMORY,
            "before the start",
            f"{need} about {needed:.1f} GB, and there are {memory_gb:.1f}",
            needed_gb=round(needed, 2),
            memory_gb=round(memory_gb, 2),
            kept_integrals_gb=round(kept_integrals_gb, 2),
        )


def _exposed_points(structure: Structure, level: Level) -> float:
    if level.solvent == GAS_PHASE:
        return 0.0
    share = 1.0 if len(structure) == 1 else _EXPOSED_SHARE
    return share * level.cavity_points_per_sphere * len(structure)
