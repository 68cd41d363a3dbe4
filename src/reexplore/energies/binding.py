"""Binding, exchange and selectivity energies from the energies of single structures.

All are differences of electronic energies in water: no vibrations, no temperature, no standard
state, no pH and no correction for basis-set superposition.
"""

from __future__ import annotations

import math

from reexplore.chemistry.candidates import Group
from reexplore.energies.levels import Level, comparison_warning
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import InputError

#: CODATA 2018.
HARTREE_TO_KCAL_MOL = 627.5094740631


def binding_energy_kcal_mol(
    complex_: EnergyTerms,
    *,
    ion: EnergyTerms,
    ligand: EnergyTerms,
    water: EnergyTerms,
    ligands: int,
    waters: int,
) -> float:
    """Return E(complex) - E(ion) - n E(ligand) - m E(water): negative when the complex is bound.

    The published protocol's quantity. The bare ion in SMD is the same size for every lanthanide, so
    that its metal trend is missing; rank only within one metal, stoichiometry and ligand charge.
    Raises `InputError` when the energies come from different levels or programs.
    """
    _same_origin(complex_, ion, ligand, water)
    parts = ion.total_hartree + ligands * ligand.total_hartree + waters * water.total_hartree
    return (complex_.total_hartree - parts) * HARTREE_TO_KCAL_MOL


def binding_error_kcal_mol(
    complex_: EnergyTerms,
    *,
    ion: EnergyTerms,
    ligand: EnergyTerms,
    water: EnergyTerms,
    ligands: int,
    waters: int,
) -> float | None:
    """Return the error that the spreads of its terms leave in a binding energy, None when no term has one.

    Spreads are added in quadrature, each times how often its term stands in the difference. The
    method's own error is not in it.
    """
    return _quadrature_kcal_mol((1, complex_), (1, ion), (ligands, ligand), (waters, water))


def exchange_energy_kcal_mol(
    complex_: EnergyTerms,
    *,
    aqua_complex: EnergyTerms,
    ligand: EnergyTerms,
    water: EnergyTerms,
    ligands: int,
    waters: int,
    aqua_waters: int = 8,
) -> float:
    """Return the energy of n L + [M(H2O)a] → [M Ln (H2O)m] + (a - m) H2O.

    The bare ion cancels: this is the scale on which metals may be compared at equal stoichiometry
    and ligand charge. Across stoichiometries the released waters, across charges the solvent
    model's error would decide. Raises `InputError` when the energies come from different levels or
    programs.
    """
    _same_origin(complex_, aqua_complex, ligand, water)
    before = aqua_complex.total_hartree + ligands * ligand.total_hartree
    after = complex_.total_hartree + (aqua_waters - waters) * water.total_hartree
    return (after - before) * HARTREE_TO_KCAL_MOL


def exchange_error_kcal_mol(
    complex_: EnergyTerms,
    *,
    aqua_complex: EnergyTerms,
    ligand: EnergyTerms,
    water: EnergyTerms,
    ligands: int,
    waters: int,
    aqua_waters: int = 8,
) -> float | None:
    """Return the error that the spreads of its terms leave in an exchange energy, as `binding_error_kcal_mol` does."""
    return _quadrature_kcal_mol((1, complex_), (1, aqua_complex), (ligands, ligand), (aqua_waters - waters, water))


def selectivity_kcal_mol(exchange_first_kcal_mol: float, exchange_second_kcal_mol: float) -> float:
    """Return how much more strongly the first metal is held than the second by the same ligand.

    The paired difference second minus first: positive when the ligand prefers the first metal. Both
    exchange energies must belong to the same ligand, stoichiometry and level; then the ligand, the
    waters and much of the method's error cancel.
    """
    return exchange_second_kcal_mol - exchange_first_kcal_mol


def selectivity_error_kcal_mol(
    first: EnergyTerms, first_aqua: EnergyTerms, second: EnergyTerms, second_aqua: EnergyTerms
) -> float | None:
    """Return the error of a selectivity from the spreads of the two complexes and the two aquo ions.

    The ligand and the waters cancel, and so do their spreads. None when no term has one.
    """
    return _quadrature_kcal_mol((1, first), (1, first_aqua), (1, second), (1, second_aqua))


def why_not_comparable(first: Group, second: Group) -> str | None:
    """Return the sentence that forbids ranking plain binding energies of two groups, None if they may be ranked."""
    if first.metal != second.metal:
        return (
            f"{first.metal} and {second.metal}: a continuum does not give the bare ion's solvation its metal trend; "
            "compare metals by exchange energies"
        )
    return _why_not_at_any_metal(first, second)


def why_exchange_not_comparable(first: Group, second: Group, *, level: Level) -> str | None:
    """Return the sentence that forbids ranking exchange energies of two groups at a level, None if they may be ranked.

    The metals may differ when the level describes them alike; ligand charge and stoichiometry may not.
    """
    return _why_not_at_any_metal(first, second) or comparison_warning(level, (first.metal, second.metal))


def _why_not_at_any_metal(first: Group, second: Group) -> str | None:
    if first.ligand_charge != second.ligand_charge:
        return (
            f"ligand charges {first.ligand_charge:+d} and {second.ligand_charge:+d}: "
            "the charge alone decides the order, and protons compete in another way"
        )
    if (first.ligands, first.waters) != (second.ligands, second.waters):
        return (
            f"({first.ligands} L, {first.waters} H2O) and ({second.ligands} L, {second.waters} H2O): "
            "the released waters and their entropy decide the order"
        )
    return None


def _quadrature_kcal_mol(*parts: tuple[int, EnergyTerms]) -> float | None:
    """Return the spreads of terms, each times its weight, added in quadrature; None when no term has a spread."""
    spreads = [weight * term.spread_hartree for weight, term in parts if term.spread_hartree is not None]
    return math.hypot(*spreads) * HARTREE_TO_KCAL_MOL if spreads else None


def _same_origin(*terms: EnergyTerms) -> None:
    levels = sorted({f"{term.level} (version {term.level_version})" for term in terms})
    if len(levels) > 1:
        raise InputError(f"energies of different levels cannot be combined: {', '.join(levels)}")
    programs = sorted({term.program for term in terms})
    if len(programs) > 1:
        raise InputError(f"energies of different programs cannot be combined: {', '.join(programs)}")
