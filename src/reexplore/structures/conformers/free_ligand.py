"""The free ligand and water: the references of every binding energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers, rdMolAlign

from reexplore.chemistry.ligands import Ligand
from reexplore.errors import CalculationFailed, Failure, FailureCode
from reexplore.structures.conformers.rotamers import turned, turns
from reexplore.structures.holding import NEWEST_CHECKS
from reexplore.structures.quality import check_ligand
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import Relaxed, relax
from reexplore.structures.xtb.surfaces import GFN2_M, EnergySurface

#: Conformers nearer than this to a lower one are the same (heavy atoms and polar hydrogens).
DISTINCT_RMSD_ANGSTROM = 0.3
_FORCE_FIELD_STEPS = 1000


@dataclass(frozen=True)
class LowestConformer:
    """The lowest conformer, and the energies of all that kept their bonds, lowest first."""

    relaxed: Relaxed
    energies_hartree: tuple[float, ...]
    rejected: int

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready values."""
        return self.relaxed.to_dict() | {
            "conformer_energies_hartree": list(self.energies_hartree),
            "conformers_rejected": self.rejected,
        }


def water() -> Structure:
    """Return one water as O, H, H at its gas-phase geometry (r 0.9572 Å, angle 104.52°; Benedict 1956)."""
    length, half = 0.9572, np.radians(104.52 / 2)
    x, z = length * np.sin(half), length * np.cos(half)
    return Structure(("O", "H", "H"), np.array([[0.0, 0.0, 0.0], [x, 0.0, z], [-x, 0.0, z]]), 0)


def free_ligand_conformers(ligand: Ligand, *, count: int, seed: int) -> list[Structure]:
    """Return conformers of the free ligand in the order of `mol_with_hydrogens`, lowest force-field energy first.

    `count` are embedded (ETKDGv3) and pre-optimised with MMFF94s, or UFF where that has no parameters;
    those that end in the same place are returned once, so there may be fewer than `count`. The same
    seed gives the same conformers. Raises `CalculationFailed` when nothing can be embedded.
    """
    mol = Chem.Mol(ligand.mol_with_hydrogens)
    parameters: Any = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed
    parameters.numThreads = 1
    numbers = list(rdDistGeom.EmbedMultipleConfs(mol, count, parameters))
    if not numbers:
        raise CalculationFailed(
            FailureCode.BUILD_FAILED,
            "conformers",
            f"RDKit embeds no conformer of {ligand.smiles}",
            smiles=ligand.smiles,
        )
    energies = _force_field_energies(mol)
    shape = _without_carbon_hydrogens(mol)
    kept: list[int] = []
    for number in sorted(numbers, key=lambda n: energies[n]):
        if all(_rmsd(shape, number, other) > DISTINCT_RMSD_ANGSTROM for other in kept):
            kept.append(number)
    symbols = tuple(atom.GetSymbol() for atom in mol.GetAtoms())
    return [Structure(symbols, mol.GetConformer(n).GetPositions(), ligand.charge) for n in kept]


def lowest_conformer(
    ligand: Ligand, *, count: int, seed: int, surface: EnergySurface = GFN2_M, checks: int = NEWEST_CHECKS
) -> LowestConformer:
    """Relax `count` conformers of the free ligand on a surface and keep the lowest.

    The lowest is also tried with each of its side chains turned (`rotamers`). Conformers whose bonds
    changed are left out. Raises `CalculationFailed` with the last reason when
    none survives.
    """
    survivors: list[Relaxed] = []
    failures: list[Failure] = []

    def attempt(start: Structure) -> None:
        try:
            relaxed = relax(start, surface=surface)
        except CalculationFailed as failed:
            failures.append(failed.failure)
            return
        problems = check_ligand(relaxed.structure, ligand=ligand, checks=checks).problems
        if problems:
            failures.append(problems[0])
        else:
            survivors.append(relaxed)

    for start in free_ligand_conformers(ligand, count=count, seed=seed):
        attempt(start)
    if not survivors:
        last = failures[-1]
        raise CalculationFailed(
            last.code,
            "conformers",
            f"none of {len(failures)} conformers keeps its bonds: {last.message}",
            **last.evidence,
        )
    for turn in turns(ligand):
        attempt(turned(min(survivors, key=_energy).structure, turn))
    survivors.sort(key=_energy)
    return LowestConformer(survivors[0], tuple(map(_energy, survivors)), len(failures))


def _energy(relaxed: Relaxed) -> float:
    return relaxed.energy_hartree


def _force_field_energies(mol: Chem.Mol) -> list[float]:
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        results = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(
            mol, numThreads=1, maxIters=_FORCE_FIELD_STEPS, mmffVariant="MMFF94s"
        )
    else:
        results = rdForceFieldHelpers.UFFOptimizeMoleculeConfs(mol, numThreads=1, maxIters=_FORCE_FIELD_STEPS)
    return [energy for _, energy in results]


def _without_carbon_hydrogens(mol: Chem.Mol) -> Chem.Mol:
    """Return the molecule without C-H hydrogens: O-H and N-H rotamers count, methyl rotors do not."""
    editable = Chem.RWMol(mol)
    for atom in sorted(mol.GetAtoms(), key=lambda a: -a.GetIdx()):
        if atom.GetSymbol() == "H" and atom.GetNeighbors()[0].GetSymbol() == "C":
            editable.RemoveAtom(atom.GetIdx())
    return editable.GetMol()


def _rmsd(mol: Chem.Mol, first: int, second: int) -> float:
    return float(rdMolAlign.GetBestRMS(Chem.Mol(mol), Chem.Mol(mol), first, second, maxMatches=1000))
