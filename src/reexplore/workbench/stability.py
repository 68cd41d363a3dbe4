"""Stability constants of one ligand: free energies of complexation with some metals, at their best coordination."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from reexplore.campaign.steps.tasks import (
    complex_task,
    free_ligand,
    ligand_task,
    minimum_task,
    single_point_task,
    water_task,
)
from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.complexes import single_candidate
from reexplore.chemistry.ligand_input import SingleLigand
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import OPEN_NUMBERS, Metal
from reexplore.config import TheoryEntry
from reexplore.energies.acidity import ComputedPka, Step, stepwise
from reexplore.energies.levels import Level
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL, without_protons
from reexplore.energies.terms import EnergyTerms
from reexplore.energies.thermal import GIBBS, in_liquid_hartree, lowest_waters
from reexplore.errors import CalculationFailed, Failure
from reexplore.properties.label import Label
from reexplore.structures.structure import Structure
from reexplore.workbench.complexes import Workbench


@dataclass(frozen=True)
class Complexation:
    """[M(H2O)a]3+ + L → [ML(H2O)m] + (a − m) H2O at one coordination number of the complex, in kcal/mol.

    `free_kcal_mol` is ΔG at 25 °C, 1 mol/l and liquid water; `electronic_kcal_mol` is it without thermal terms.
    """

    metal: str
    coordination_number: int
    aqua_waters: int
    electronic_kcal_mol: float
    free_kcal_mol: float


@dataclass(frozen=True)
class Bound:
    """A metal with its best complex, the others that were computed, and why some have no energy."""

    best: Complexation
    others: tuple[Complexation, ...]
    failures: tuple[Failure, ...]


class StabilityBench:
    """Computes free energies of complexation in a workspace; what its store holds already is not computed again."""

    def __init__(self, workspace: Path, *, theory: TheoryEntry, level: Level, seed: int, console: Console) -> None:
        self._bench = Workbench(workspace, theory=theory, seed=seed, console=console)
        self._theory, self._level, self._seed = theory, level, seed

    def bound(self, single: SingleLigand, metal: Metal) -> Bound:
        """Return how a ligand is bound by a metal, the lower of the coordination numbers that it leaves open.

        Raises `InputError` for what the surface cannot treat, `CalculationFailed` when no complex has an energy.
        """
        ligand = free_ligand(single.ligand, self._theory)
        relaxed = self._bench.value("ligand", ligand_task(ligand, self._theory, self._seed))
        free = self._free(relaxed, title=f"{ligand.name} (free)")
        free = without_protons(free, ligand.charge - single.ligand.charge)
        water = self._water()
        aqua_waters, aqua = self._aqua(metal, water)
        found: list[Complexation] = []
        failures: list[Failure] = []
        for number in OPEN_NUMBERS:
            if number < single.ligand.denticity or number not in metal.coordination_numbers:
                continue
            candidate = single_candidate(single.ligand, metal=metal, ligands=1, waters=None, coordination_number=number)
            try:
                complex_ = self._complex(candidate)
            except CalculationFailed as failed:
                failures.append(failed.failure)
                continue
            parts = {"complex": complex_, "ligand": free, "water": water}
            found.append(_complexation(Label(candidate, parts, aqua, aqua_waters)))
        if not found:
            raise CalculationFailed.of(failures[0])
        best, *others = sorted(found, key=lambda each: each.free_kcal_mol)
        return Bound(best, tuple(others), tuple(failures))

    def pka(self, ligand: Ligand, *, ph: float, protons: int) -> tuple[ComputedPka, ...]:
        """Return the computed pKa of a free ligand, the last proton to leave first; raises as `stepwise`."""
        asking = stepwise(ligand, ph=ph, protons=protons)
        try:
            wanted = next(asking)
            while True:
                wanted = asking.send({molecule.identity: self._free_kcal_mol(molecule) for molecule in wanted})
        except StopIteration as ended:
            steps: tuple[Step, ...] = ended.value
        return tuple(step.pka for step in steps)

    def _free_kcal_mol(self, molecule: Ligand) -> float | Failure:
        try:
            relaxed = self._bench.value("ligand", ligand_task(molecule, self._theory, self._seed))
            terms = self._free(relaxed, title=f"{molecule.name} (free)")
        except CalculationFailed as failed:
            return failed.failure
        return terms.in_reaction_hartree * HARTREE_TO_KCAL_MOL

    def _aqua(self, metal: Metal, water: EnergyTerms) -> tuple[int, EnergyTerms]:
        """Return the waters and the free energy of a metal's aqua ion."""
        ions = {ion.waters: ion for ion in (aqua_ion(metal, waters=count) for count in OPEN_NUMBERS)}
        energies = {waters: self._complex(ion) for waters, ion in ions.items()}
        free = {waters: terms.in_reaction_hartree for waters, terms in energies.items()}
        waters = lowest_waters(free, liquid_hartree=water.in_reaction_hartree)
        return waters, energies[waters]

    def _complex(self, candidate: Candidate) -> EnergyTerms:
        template = self._bench.template(candidate)
        relaxed = self._bench.value("relax", complex_task(candidate, template, self._theory))
        return self._free(relaxed, title=candidate.name, candidate=candidate)

    def _water(self) -> EnergyTerms:
        found = self._free(self._bench.value("geometry", water_task(self._theory)), title="H2O")
        return replace(found, thermal_hartree=in_liquid_hartree(found.thermal_hartree or 0.0))

    def _free(self, relaxed: dict[str, Any], *, title: str, candidate: Candidate | None = None) -> EnergyTerms:
        """Return the energy of a structure at its minimum, with its thermal terms."""
        settled = minimum_task(relaxed["extxyz"], self._theory, title=title, candidate=candidate)
        minimum = self._bench.value("vibrations", settled)
        structure = Structure.from_extxyz(minimum["extxyz"])
        energy = self._bench.value("energy", single_point_task(structure, self._level, title=title))
        return replace(EnergyTerms.from_dict(energy), thermal_hartree=minimum[GIBBS])


def _complexation(label: Label) -> Complexation:
    parts = {part: replace(terms, thermal_hartree=None) for part, terms in label.parts.items()}
    assert label.aqua is not None
    electronic = replace(label, parts=parts, aqua=replace(label.aqua, thermal_hartree=None))
    assert label.exchange is not None and electronic.exchange is not None  # noqa: PT018 - both have the aqua ion
    return Complexation(
        label.candidate.metal.symbol,
        label.candidate.coordination_number,
        label.aqua_waters,
        electronic.exchange.energy_kcal_mol,
        label.exchange.energy_kcal_mol,
    )
