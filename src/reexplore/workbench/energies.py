"""Energies of single structures, through the same tasks, store and guard as a campaign's labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console

from reexplore.campaign.steps.tasks import single_point_task, water_task
from reexplore.config import TheoryEntry
from reexplore.energies import HARTREE_TO_KCAL_MOL
from reexplore.energies.electrons import checked_unpaired
from reexplore.energies.levels import Level
from reexplore.energies.memory import require_memory
from reexplore.energies.own_levels import require_parts
from reexplore.energies.reactions import Reaction, binding
from reexplore.energies.terms import EnergyTerms
from reexplore.execution.recipes import DftRelaxation
from reexplore.execution.task import Task
from reexplore.structures.stoichiometry import Stoichiometry, formula, stoichiometry
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax
from reexplore.structures.xtb.surfaces import find_surface
from reexplore.workbench.runner import Runner


@dataclass(frozen=True)
class Labelled:
    """The energy of one structure and the calculation it comes from.

    `cpu_s` and `wall_s` are what that took, whenever it was, None for an energy that was imported;
    `reused` says whether it was in the store.
    """

    structure: Structure
    terms: EnergyTerms
    key: str
    cpu_s: float | None
    wall_s: float | None
    reused: bool


@dataclass(frozen=True)
class Bound:
    """A complex and the parts its binding energy is counted from."""

    complex: Labelled
    ion: Labelled
    ligand: Labelled
    water: Labelled
    stoichiometry: Stoichiometry
    #: The free co-ligands, each with its number.
    co_ligands: tuple[tuple[int, Labelled], ...] = ()

    @property
    def reaction(self) -> Reaction:
        """Return the binding reaction."""
        return binding(
            self.complex.terms,
            ion=self.ion.terms,
            ligand=self.ligand.terms,
            water=self.water.terms,
            ligands=self.stoichiometry.ligands,
            waters=self.stoichiometry.waters,
            co_ligands=[(count, part.terms) for count, part in self.co_ligands],
        )

    @property
    def parts(self) -> Iterator[tuple[str, int, Labelled]]:
        """Yield name, count and energy of the complex and of each part; what is taken off counts negative."""
        found = self.stoichiometry
        yield "complex", 1, self.complex
        yield "ion", -1, self.ion
        yield "ligand", -found.ligands, self.ligand
        yield "water", -found.waters, self.water
        for count, part in self.co_ligands:
            yield formula(part.structure), -count, part


@dataclass(frozen=True)
class RelaxedAtLevel:
    """A structure relaxed at a level: energies in hartree without the solvent's non-electrostatic term."""

    structure: Structure
    level: Level
    energy_hartree: float
    start_hartree: float
    gradient_max_hartree_bohr: float
    gradients: int
    cpu_s: float | None
    reused: bool

    @property
    def gained_kcal_mol(self) -> float:
        """Return how far the energy fell from the start."""
        return float((self.start_hartree - self.energy_hartree) * HARTREE_TO_KCAL_MOL)


class EnergyWorkbench:
    """Computes energies in a workspace; what its store holds already is not computed again."""

    def __init__(
        self,
        workspace: Path,
        *,
        level: Level,
        console: Console,
        memory_gb: float | None = None,
        time_s: float | None = None,
    ) -> None:
        self._runner = Runner(workspace, console=console)
        self._level, self._memory_gb, self._time_s = level, memory_gb, time_s

    def label(self, structure: Structure, *, unpaired: int | None = None, name: str = "") -> Labelled:
        """Return the energy of a structure with `unpaired` unpaired electrons (2S), the level's own number for None.

        Raises `InputError` for an element, charge or spin the level cannot treat, `CalculationFailed`
        when memory, time or convergence fail it.
        """
        return self._run(structure, self._task(structure, unpaired, name or formula(structure)))

    def relax(self, structure: Structure, *, surface: str) -> RelaxedAtLevel:
        """Return a closed shell relaxed at the level, from the minimum of a surface that is nearest to it.

        Raises `InputError` for a level or a structure without gradients, and what the surface lacks,
        `CalculationFailed` when no minimum is reached, or time or memory fail it.
        """
        from reexplore.energies.dft.gradient import require_gradient

        require_gradient(structure, self._level)
        checked_unpaired(structure, self._level, None)
        chosen, name = find_surface(surface), formula(structure)
        start = relax(structure, surface=chosen).structure
        recipe = DftRelaxation(start.to_extxyz(), self._level.applied_to(structure.symbols).declaration(), chosen)
        reused = len(self._runner.reused)
        task = self._limited(Task.of(recipe, title=name), structure)
        value, provenance = self._runner.value_and_provenance(f"relaxation at {self._level.name}", task)
        return RelaxedAtLevel(
            Structure.from_extxyz(value.pop("extxyz")),
            self._level,
            **value,
            cpu_s=provenance.get("cpu_s"),
            reused=len(self._runner.reused) > reused,
        )

    def bind(
        self,
        complex_: Structure,
        *,
        ligand: Structure,
        co_ligands: Sequence[tuple[Structure, int]] = (),
        unpaired: int | None = None,
    ) -> Bound:
        """Return the energies of a complex, its bare ion, its free ligand and co-ligands and one relaxed water.

        `co_ligands` have each their number in the complex. `unpaired` belongs to the complex and to the ion. Every
        part is checked before the first calculation. Raises as `label`, and `InputError` when the complex is not made
        of these parts.
        """
        found = stoichiometry(complex_, ligand=ligand, co_ligands=co_ligands)
        ion = Structure((found.metal.symbol,), np.zeros((1, 3)), found.metal.oxidation_state)
        frees = [ligand, *(co_ligand for co_ligand, _ in co_ligands)]
        asked = [
            (complex_, self._task(complex_, unpaired, formula(complex_))),
            (ion, self._task(ion, unpaired, f"{found.metal.symbol}3+")),
            *((free, self._task(free, None, f"{formula(free)} (free)")) for free in frees),
        ]
        water = Structure.from_extxyz(self._runner.value("geometry", water_task(TheoryEntry()))["extxyz"])
        # The parts first: they are soon done, and one that fails saves the complex's hours.
        ion_energy, ligand_energy, *others = (self._run(*pair) for pair in asked[1:])
        water_energy = self._run(water, self._task(water, None, "H2O"))
        beside = tuple((count, part) for (_, count), part in zip(co_ligands, others, strict=True))
        return Bound(self._run(*asked[0]), ion_energy, ligand_energy, water_energy, found, beside)

    def _task(self, structure: Structure, unpaired: int | None, name: str) -> Task:
        level = self._level
        require_parts(level, structure.symbols)
        spin = checked_unpaired(structure, level, unpaired)
        return self._limited(single_point_task(structure, level, title=name, unpaired=spin), structure)

    def _limited(self, task: Task, structure: Structure) -> Task:
        """Return a task within the limits that were given; raise when this machine cannot hold it."""
        machine_gb = psutil.virtual_memory().total / 2**30
        require_memory(structure, self._level, memory_gb=min(self._memory_gb or machine_gb, machine_gb))
        return replace(task, memory_gb=self._memory_gb or task.memory_gb, time_s=self._time_s)

    def _run(self, structure: Structure, task: Task) -> Labelled:
        reused = len(self._runner.reused)
        value, provenance = self._runner.value_and_provenance("energy", task)
        return Labelled(
            structure,
            EnergyTerms.from_dict(value),
            task.key,
            cpu_s=provenance.get("cpu_s"),
            wall_s=provenance.get("wall_s"),
            reused=len(self._runner.reused) > reused,
        )
