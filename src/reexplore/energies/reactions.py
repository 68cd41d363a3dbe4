"""Binding, exchange and selectivity: reactions between structures whose energies are known one by one.

Differences of electronic energies in water, or of free energies where the terms have thermal parts: then vibrations,
25 °C and the standard states 1 mol/l and liquid water are in them. Nothing corrects for basis-set superposition.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from reexplore.energies.terms import EnergyTerms
from reexplore.errors import InputError

#: CODATA 2018.
HARTREE_TO_KCAL_MOL = 627.5094740631
HARTREE_TO_EV = 27.211386245988
#: ASE counts in eV, and the programs that train on its files.
KCAL_MOL_PER_EV = HARTREE_TO_KCAL_MOL / HARTREE_TO_EV
_CANCELLED = 1e-9

#: The proton in water at 1 mol/l: -6.28 as a gas, -265.9 into water, 1.89 from 1 atm, in kcal/mol. M. D. Tissandier et
#: al., J. Phys. Chem. A 1998, 102, 7787; C. P. Kelly et al., J. Phys. Chem. B 2006, 110, 16066.
PROTON_KCAL_MOL = -270.3


@dataclass(frozen=True)
class Reaction:
    """A reaction: each energy with how often it is made (positive) or used up (negative).

    Raises `InputError` when the energies come from different levels or programs, or some are free energies and others
    not.
    """

    parts: tuple[tuple[float, EnergyTerms], ...]

    def __post_init__(self) -> None:
        levels = sorted({f"{term.level} (version {term.level_version})" for _, term in self.parts})
        if len(levels) > 1:
            raise InputError(f"energies of different levels cannot be combined: {', '.join(levels)}")
        programs = sorted({term.program for _, term in self.parts})
        if len(programs) > 1:
            raise InputError(f"energies of different programs cannot be combined: {', '.join(programs)}")
        if len({term.thermal_hartree is None for _, term in self.parts}) > 1:
            raise InputError("electronic energies and free energies cannot be combined")

    @property
    def energy_kcal_mol(self) -> float:
        """Return the energy of the reaction: negative when it goes forward."""
        made = sum(count * term.in_reaction_hartree for count, term in self.parts if count > 0)
        used = sum(-count * term.in_reaction_hartree for count, term in self.parts if count < 0)
        return float(made - used) * HARTREE_TO_KCAL_MOL

    @property
    def error_kcal_mol(self) -> float | None:
        """Return the error that the spreads of its terms leave in the energy, None when no term has one.

        Spreads are added in quadrature, each times how often its term stands in the reaction. The method's own error
        is not in it.
        """
        spreads = [count * term.spread_hartree for count, term in self.parts if term.spread_hartree is not None]
        return math.hypot(*spreads) * HARTREE_TO_KCAL_MOL if spreads else None

    def __sub__(self, other: Reaction) -> Reaction:
        """Return this reaction after the other one backwards."""
        return combined([(1, self), (-1, other)])


def combined(reactions: Iterable[tuple[float, Reaction]]) -> Reaction:
    """Return reactions after one another, each as often as its weight; a term that cancels takes its spread along."""
    left: list[tuple[float, EnergyTerms]] = []
    for weight, reaction in reactions:
        for count, term in reaction.parts:
            place = next((k for k, (_, known) in enumerate(left) if known == term), None)
            if place is None:
                left.append((weight * count, term))
            else:
                left[place] = (left[place][0] + weight * count, term)
    # Thirds of a term do not cancel to the last bit.
    return Reaction(tuple((count, term) for count, term in left if abs(count) > _CANCELLED))


def without_protons(acid: EnergyTerms, protons: int) -> EnergyTerms:
    """Return the energy that a free ligand has as its acid HqL less q protons in water.

    An anion's own energy hangs on what basis and continuum make of its charge, an acid's does not.
    """
    return shifted(acid, -protons * PROTON_KCAL_MOL)


def shifted(term: EnergyTerms, kcal_mol: float) -> EnergyTerms:
    """Return an energy with something added to its total."""
    return replace(term, total_hartree=term.total_hartree + kcal_mol / HARTREE_TO_KCAL_MOL)


def binding(
    complex_: EnergyTerms,
    *,
    ion: EnergyTerms,
    ligand: EnergyTerms,
    water: EnergyTerms,
    ligands: int,
    waters: int,
    co_ligands: Iterable[tuple[int, EnergyTerms]] = (),
) -> Reaction:
    """Return M3+ + n L + m H2O → [M Ln (H2O)m], the published protocol's reaction.

    `co_ligands` are free co-ligands with how many of each are bound: they are used up as the ligands are.
    The bare ion in SMD is the same size for every lanthanide, so that its metal trend is missing; rank only within one
    metal, stoichiometry and ligand charge.
    """
    return Reaction(((1, complex_), (-1, ion), (-ligands, ligand), (-waters, water), *_used_up(co_ligands)))


def exchange(
    complex_: EnergyTerms,
    *,
    aqua_complex: EnergyTerms,
    ligand: EnergyTerms,
    water: EnergyTerms,
    ligands: int,
    waters: int,
    aqua_waters: int = 8,
    co_ligands: Iterable[tuple[int, EnergyTerms]] = (),
) -> Reaction:
    """Return n L + k X + [M(H2O)a] → [M Ln Xk (H2O)m] + (a - m) H2O, with any `co_ligands` X.

    The bare ion cancels: this is the scale on which metals may be compared at equal stoichiometry and ligand charge.
    Across stoichiometries the released waters, across charges the solvent model's error would decide.
    """
    made = ((1, complex_), (-1, aqua_complex), (-ligands, ligand), (aqua_waters - waters, water))
    return Reaction((*made, *_used_up(co_ligands)))


def transfer(water: EnergyTerms, organic: EnergyTerms) -> Reaction:
    """Return the reaction that takes one structure, as it is, from water into another solvent, 1 mol/l in both.

    The two energies are of levels that differ in the solvent alone. Vibrations and standard states cancel.
    """
    there = replace(organic, level=water.level, level_version=water.level_version)
    return Reaction(tuple((count, replace(term, thermal_hartree=None)) for count, term in ((1, there), (-1, water))))


def _used_up(co_ligands: Iterable[tuple[int, EnergyTerms]]) -> list[tuple[float, EnergyTerms]]:
    return [(-count, term) for count, term in co_ligands]
