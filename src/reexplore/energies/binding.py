"""Binding, exchange and selectivity energies from the energies of single structures.

All are differences of electronic energies in water: no vibrations, no temperature, no standard
state, no pH and no correction for basis-set superposition.
"""

from __future__ import annotations

from reexplore.chemistry.candidates import Group
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
    Raises `InputError` when the energies come from different levels.
    """
    _same_level(complex_, ion, ligand, water)
    parts = ion.total_hartree + ligands * ligand.total_hartree + waters * water.total_hartree
    return (complex_.total_hartree - parts) * HARTREE_TO_KCAL_MOL


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
    model's error would decide. Raises `InputError` when the energies come from different levels.
    """
    _same_level(complex_, aqua_complex, ligand, water)
    before = aqua_complex.total_hartree + ligands * ligand.total_hartree
    after = complex_.total_hartree + (aqua_waters - waters) * water.total_hartree
    return (after - before) * HARTREE_TO_KCAL_MOL


def selectivity_kcal_mol(exchange_first_kcal_mol: float, exchange_second_kcal_mol: float) -> float:
    """Return how much more strongly the first metal is held than the second by the same ligand.

    The paired difference second minus first: positive when the ligand prefers the first metal. Both
    exchange energies must belong to the same ligand, stoichiometry and level; then the ligand, the
    waters and much of the method's error cancel.
    """
    return exchange_second_kcal_mol - exchange_first_kcal_mol


def why_not_comparable(first: Group, second: Group) -> str | None:
    """Return the sentence that forbids ranking plain binding energies of two groups, None if they may be ranked."""
    if first.metal != second.metal:
        return (
            f"{first.metal} and {second.metal}: the solvation of the bare ion has no metal trend in SMD; "
            "compare metals by exchange energies"
        )
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


def _same_level(*terms: EnergyTerms) -> None:
    levels = sorted({f"{term.level} (version {term.level_version})" for term in terms})
    if len(levels) > 1:
        raise InputError(f"energies of different levels cannot be combined: {', '.join(levels)}")
