"""GFN2-xTB on the geometries of a file: the complex as it lies, and the parts that it is made of as they lie in it."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from reexplore.chemistry.candidates import Group
from reexplore.chemistry.metals import METALS
from reexplore.dataset.frames import WATER, fragments
from reexplore.energies.gfn2 import gfn2_energy
from reexplore.energies.levels import GFN2
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.errors import CalculationFailed, ExecutionError, InputError
from reexplore.structures.structure import Structure


@dataclass(frozen=True)
class Gfn2Energies:
    """GFN2-xTB/ALPB(water) of one complex and the sum over its ion, ligands and waters, in hartree.

    Ligands and waters are computed as they lie in the complex: what bending them costs is not in the difference.
    `failure` says in a few words why there is none.
    """

    complex_hartree: float = 0.0
    parts_hartree: float = 0.0
    failure: str = ""

    def kcal_mol(self, energy: Literal["binding", "absolute"]) -> float:
        """Return the energy of the complex, or that less its parts, in kcal/mol."""
        less = self.parts_hartree if energy == "binding" else 0.0
        return (self.complex_hartree - less) * HARTREE_TO_KCAL_MOL


def gfn2_file(folder: Path, structure: Structure, group: Group) -> Path:
    """Return where the energies of a complex are kept, by all that decides them."""
    said = [structure.key, group.ligands, group.waters, group.ligand_charge, GFN2.version]
    return folder / f"{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]}.json"


def keep_gfn2(structure: Structure, group: Group, path: Path) -> None:
    """Compute the energies of a complex and keep them, or why there are none, in a file."""
    try:
        found = _energies(structure, group)
    except (CalculationFailed, InputError) as failed:
        found = Gfn2Energies(failure=str(failed))
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(asdict(found)), encoding="utf-8")
    partial.replace(path)


def read_gfn2(path: Path) -> Gfn2Energies:
    """Read what `keep_gfn2` kept."""
    try:
        return Gfn2Energies(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise ExecutionError(f"{path} is damaged: remove it, and the same command computes it again") from None


def _energies(structure: Structure, group: Group) -> Gfn2Energies:
    parts = [Structure(structure.symbols[:1], np.zeros((1, 3)), METALS[structure.symbols[0]].oxidation_state)]
    parts += [_part(structure, atoms, group) for atoms in fragments(structure)]
    waters = sum(Counter(part.symbols) == WATER for part in parts)
    ligands = len(parts) - 1 - waters
    if ligands != group.ligands or waters != (group.waters or 0):
        raise InputError(
            f"it holds {ligands} ligands and {waters} waters by its bonds, not {group.ligands} and {group.waters}"
        )
    whole = gfn2_energy(structure).total_hartree
    return Gfn2Energies(whole, sum(gfn2_energy(part).total_hartree for part in parts))


def _part(structure: Structure, atoms: Sequence[int], group: Group) -> Structure:
    symbols = tuple(structure.symbols[i] for i in atoms)
    charge = 0 if Counter(symbols) == WATER else group.ligand_charge
    return Structure(symbols, structure.positions_angstrom[list(atoms)], charge)
