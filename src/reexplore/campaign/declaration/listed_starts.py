"""Structures that a ligand file names: a crystal's or any other complex, with which a ligand's search begins."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import METALS, Metal
from reexplore.chemistry.space import Coordination
from reexplore.errors import CalculationFailed, InputError
from reexplore.sources.ligand_list import Start
from reexplore.structures.matching import Arranged, arrange
from reexplore.structures.quality import check_complex
from reexplore.structures.reading import read_structure
from reexplore.structures.structure import Structure

_LONGEST_PATH = 200


def named_start(ligand: Ligand, said: str, *, beside: Path, coordinations: Sequence[Coordination]) -> Start:
    """Return the complex in the XYZ file that a row names, its atoms in the order of its candidate.

    It has to lie in the folder of the ligand file, `beside`, or below it. Its metal may be any rare earth. Raises
    `InputError` when it is not the ligand's complex in one of the coordinations, held by the donors of the row.
    """
    if len(said) > _LONGEST_PATH or not said.isprintable():
        raise InputError("its start is no path of a file, such as structures/mine.xyz")
    path = beside / said
    # Whoever sends a ligand file would otherwise say what is read of mine.
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(beside)):
        raise InputError(f"its start '{said}' lies outside of the folder of the ligand file: put it there")
    structure = read_structure(path, unnamed=0)
    metal = _metal(structure, said)
    refused: list[InputError] = []
    for candidate in (each for coordination in coordinations for each in coordination.of(ligand, metal).settled):
        try:
            arranged = _arranged(structure, candidate)
        except InputError as error:
            refused.append(error)
            continue
        _require_held(arranged, candidate, said)
        # The charge follows from the composition; one that the file names has to agree.
        read_structure(path, charge=candidate.charge)
        return Start(path, candidate.group.stoichiometry, arranged.structure.to_extxyz())
    raise InputError(f"its start '{said}': {refused[0]}")


def _metal(structure: Structure, said: str) -> Metal:
    found = [symbol for symbol in structure.symbols if symbol in METALS]
    if len(found) != 1:
        held = f"the metals {' '.join(found)}" if found else "no rare earth"
        raise InputError(f"its start '{said}' holds {held}: give a complex of one")
    return METALS[found[0]]


def _arranged(structure: Structure, candidate: Candidate) -> Arranged:
    try:
        return arrange(structure, candidate=candidate)
    except CalculationFailed as failed:
        raise InputError(failed.failure.message) from None


def _require_held(arranged: Arranged, candidate: Candidate, said: str) -> None:
    """Raise `InputError` when a complex is another one, or is held by other donors than those of its row."""
    report = check_complex(arranged.structure, candidate=candidate, numbers=arranged.file_atoms)
    if report.problems:
        raise InputError(f"its start '{said}' is not {candidate.name}: {report.problems[0].message}")
    if report.warnings:
        raise InputError(f"its start '{said}': {report.warnings[0].message}; name all that bind in the column donors")
