"""Single structures, through the same tasks, store and guard as a campaign's: what one computes the other finds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console

from reexplore.campaign.declaration.surface import declared_surface
from reexplore.campaign.steps.tasks import build_tasks, complex_task, ligand_task, template_task
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligand_input import SingleLigand
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.config import TheoryEntry
from reexplore.errors import CalculationFailed, Failure
from reexplore.execution.task import Task
from reexplore.structures.matching import arrange
from reexplore.structures.quality import QualityReport, check_complex
from reexplore.structures.reading import require_closed_shell
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.relax import Relaxed, gradient, relax
from reexplore.structures.xtb.surfaces import find_surface
from reexplore.structures.xtb.vibrations import Vibrations, vibrations
from reexplore.tracking.structure_picture import complex_picture
from reexplore.workbench.runner import Runner

COMPLEX_FILE, LIGAND_FILE, PICTURE_FILE = "complex.extxyz", "ligand.extxyz", "picture.png"


@dataclass(frozen=True)
class Donor:
    """One donor of a complex: `name` counts in the SMILES, `atom` in the file, `part` says of what."""

    name: str
    part: str
    atom: int
    distance_angstrom: float


@dataclass(frozen=True)
class Built:
    """A complex, its free ligand and its free co-ligands: the values of the tasks that made them."""

    single: SingleLigand
    candidate: Candidate
    template: dict[str, Any]
    complex: dict[str, Any]
    ligand: dict[str, Any]
    #: The free co-ligands by their names.
    co_ligands: dict[str, dict[str, Any]]
    reused: tuple[str, ...]

    @property
    def structure(self) -> Structure:
        """Return the complex in `Layout` order."""
        return Structure.from_extxyz(self.complex["extxyz"])


@dataclass(frozen=True)
class Verdict:
    """What quality control says of a file; atoms are those of the file, `donors` are named."""

    report: QualityReport
    donors: tuple[Donor, ...]


class Workbench:
    """Builds single structures in a workspace; what its store holds already is not computed again."""

    def __init__(self, workspace: Path, *, theory: TheoryEntry, seed: int, console: Console) -> None:
        self._runner = Runner(workspace, console=console)
        self._theory, self._seed = theory, seed

    def build(self, single: SingleLigand, candidate: Candidate) -> Built:
        """Return a complex, its free ligand and co-ligands: builders, search, metal exchange and conformers.

        Raises `InputError` when the surface is unknown or lacks a metal or donor, `CalculationFailed` with the reason
        when no structure becomes the complex asked for.
        """
        self._runner.reused.clear()
        template = self.template(candidate)
        geometry = self._runner.value("relax", complex_task(candidate, template, self._theory))
        ligand = self._runner.value("ligand", ligand_task(candidate.ligand, self._theory, self._seed))
        co_ligands = {
            each.name: self._runner.value("ligand", ligand_task(each, self._theory, self._seed))
            for each, _ in candidate.co_ligands
        }
        return Built(single, candidate, template, geometry, ligand, co_ligands, tuple(self._runner.reused))

    def value(self, stage: str, task: Task) -> dict[str, Any]:
        """Return the value of any task of this workspace; raise `CalculationFailed` when it failed."""
        return self._runner.value(stage, task)

    def template(self, candidate: Candidate) -> dict[str, Any]:
        """Return the value of a candidate's template, its lowest lanthanum complex; raises what `build` raises."""
        held = (
            ligand.mol.GetAtomWithIdx(donor).GetSymbol() for ligand, _ in candidate.kinds for donor in ligand.donors
        )
        donors = ("O", *held)
        declared_surface(self._theory).require((TEMPLATE_METAL.symbol, candidate.metal.symbol), donors)
        tasks = build_tasks(candidate, self._theory, self._seed)
        outcomes = [self._runner.outcome("build", task) for task in tasks]
        usable = [task for task, outcome in zip(tasks, outcomes, strict=True) if not outcome.run_only]
        if tasks and not usable:
            raise CalculationFailed.of(cast(Failure, outcomes[-1].failure))
        return self._runner.value("search", template_task(candidate, usable, self._theory, self._seed))


def write_files(built: Built, folder: Path) -> dict[str, str]:
    """Write complex, free ligand and picture into a folder and return their paths by what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    names = dict(zip(built.candidate.ligand.donors, built.single.donor_names, strict=True))
    picture = complex_picture(built.structure, candidate=built.candidate, names=names)
    (folder / COMPLEX_FILE).write_text(built.complex["extxyz"], encoding="utf-8")
    (folder / LIGAND_FILE).write_text(built.ligand["extxyz"], encoding="utf-8")
    (folder / PICTURE_FILE).write_bytes(picture)
    files = {"complex": COMPLEX_FILE, "ligand": LIGAND_FILE, "picture": PICTURE_FILE}
    for name, value in built.co_ligands.items():
        files[name] = f"{re.sub(r'[^A-Za-z0-9]+', '_', name).strip('_')}.extxyz"
        (folder / files[name]).write_text(value["extxyz"], encoding="utf-8")
    return {kind: str(folder / name) for kind, name in files.items()}


@dataclass(frozen=True)
class Relaxation:
    """A relaxed file, how long it took, and its vibrations when they were asked for."""

    relaxed: Relaxed
    gradient_norm_hartree_bohr: float
    seconds: float
    vibrations: Vibrations | None


def relax_file(structure: Structure, *, surface: str, frequencies: bool) -> Relaxation:
    """Relax a structure of any origin in the surface's own water.

    Raises `InputError` when it cannot be closed shell, or the surface is unknown or lacks a metal or donor,
    `MissingEngineError` when what computes it is not installed, `CalculationFailed` when no minimum is reached.
    """
    chosen = find_surface(surface)
    require_closed_shell(structure)
    started = time.monotonic()
    relaxed = relax(structure, surface=chosen)
    seconds = time.monotonic() - started
    norm = float(np.linalg.norm(gradient(relaxed.structure, surface=chosen)))
    found = vibrations(relaxed.structure, surface=chosen) if frequencies else None
    return Relaxation(relaxed, norm, seconds, found)


def judge(structure: Structure, *, single: SingleLigand, candidate: Candidate) -> Verdict:
    """Return what quality control says of a structure in any atom order, in terms of its own atoms.

    Raises `InputError` when it holds other atoms than the candidate.
    """
    try:
        arranged = arrange(structure, candidate=candidate)
    except CalculationFailed as failed:
        return Verdict(QualityReport((failed.failure,)), ())
    report = check_complex(arranged.structure, candidate=candidate, numbers=arranged.file_atoms)
    return Verdict(report, named_donors(single, candidate, report, place=arranged.file_atoms.__getitem__))


def named_donors(
    single: SingleLigand, candidate: Candidate, report: QualityReport, *, place: Callable[[int], int] = int
) -> tuple[Donor, ...]:
    """Return the donors of a complex by name; `place` gives the number in the file of an atom in `Layout` order."""
    layout = Layout.of(candidate)
    parts = [
        (name, "ligand" if candidate.ligands == 1 else f"ligand {k + 1}")
        for k in range(candidate.ligands)
        for name in single.donor_names
    ]
    for ligand, count in candidate.co_ligands:
        donors = [f"{ligand.mol.GetAtomWithIdx(donor).GetSymbol()}{donor}" for donor in ligand.donors]
        parts += [
            (name, ligand.name if count == 1 else f"{ligand.name} {k + 1}") for k in range(count) for name in donors
        ]
    parts += [("O", f"water {k + 1}") for k in range(layout.waters)]
    return tuple(
        Donor(name, part, place(atom), distance)
        for (name, part), atom, distance in zip(parts, layout.donors, report.donor_distances_angstrom, strict=True)
    )
