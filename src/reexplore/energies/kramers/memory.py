"""How much memory a Kramers gap needs, said before it starts."""

from __future__ import annotations

from reexplore.energies.basis_sets import function_count
from reexplore.energies.kramers.method import LIGAND_FITTING_BASIS, KramersMethod
from reexplore.energies.kramers.support import kramers_ion_of
from reexplore.energies.memory import require_gb
from reexplore.structures.structure import Structure

_GIB = 2**30
#: Python, PySCF and its libraries, the chunk of integrals that is being evaluated, and the matrices of 2002 states.
_FIXED_GB = 0.3 + 0.7 + 0.3
#: Densities, Fock matrices, orbitals, the steps that are remembered, and the matrix functions, each functions².
_MATRICES = 60
#: The functions made for a metal's fit: 816 of Dy in x2c-TZVPall.
_METAL_FITTING = 820


def function_counts(structure: Structure, method: KramersMethod) -> tuple[int, int]:
    """Return the number of basis functions, and about that of fitting ones; raise `InputError` for a missing basis."""
    _, ion = kramers_ion_of(structure)
    functions = sum(function_count(method.basis_of(s, metal=ion.symbol), s) for s in structure.symbols)
    fitting = sum(function_count(LIGAND_FITTING_BASIS, s) for s in structure.symbols if s != ion.symbol)
    return functions, fitting + _METAL_FITTING


def kramers_memory_gb(structure: Structure, method: KramersMethod) -> float:
    """Return the memory in GiB without which it cannot run; fitted integrals beyond it go to disk."""
    functions, fitting = function_counts(structure, method)
    return _FIXED_GB + 8 * (_MATRICES * functions**2 + 3 * fitting**2) / _GIB


def kept_integrals_gb(structure: Structure, method: KramersMethod) -> float:
    """Return the size in GiB of the fitted integrals, in memory or on disk."""
    functions, fitting = function_counts(structure, method)
    return 8 * fitting * functions * (functions + 1) / 2 / _GIB


def require_memory(structure: Structure, method: KramersMethod, *, memory_gb: float) -> None:
    """Raise `CalculationFailed` with `OUT_OF_MEMORY` when it cannot run in this memory (GiB)."""
    require_gb(
        kramers_memory_gb(structure, method),
        memory_gb=memory_gb,
        need=f"a Kramers gap of {len(structure)} atoms needs",
        kept_integrals_gb=kept_integrals_gb(structure, method),
    )
