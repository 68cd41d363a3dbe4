"""Which structures of one complex are the same: by energy first, then by symmetry-aware RMSD."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolAlign

from reexplore.chemistry.candidates import Candidate
from reexplore.structures.bonds import complex_bonds, skeleton
from reexplore.structures.structure import Layout, Structure, expected_symbols

#: Two structures of one level of theory are the same within both.
SAME_RMSD_ANGSTROM = 0.25
SAME_ENERGY_KCAL_MOL = 0.3

#: Symmetry operations tried: seven waters alone make 5040.
_MATCHES = 10_000


@dataclass(frozen=True)
class Comparison:
    """What structures of one candidate are compared by: its heavy atoms, its polar hydrogens and who may swap.

    Equal ligands, equal waters and symmetric groups may change places, and a structure equals its
    mirror image. Waters count without their hydrogens, which turn freely.
    """

    candidate: Candidate

    def rmsd_angstrom(self, first: Structure, second: Structure) -> float:
        """Return the least root-mean-square deviation over all that may be exchanged, after alignment."""
        kept = self._kept()
        mol = self._skeleton(kept)
        a, b = first.positions_angstrom[kept], second.positions_angstrom[kept]
        return min(_best_rms(mol, a, b), _best_rms(mol, a, b * np.array([1.0, 1.0, -1.0])))

    def _kept(self) -> list[int]:
        layout = Layout.of(self.candidate)
        ligands = [
            layout.ligand(k)[a.GetIdx()]
            for k, ligand in enumerate(self.candidate.bound)
            for a in ligand.mol_with_hydrogens.GetAtoms()
            if a.GetSymbol() != "H" or a.GetNeighbors()[0].GetSymbol() != "C"
        ]
        return [0, *ligands, *(layout.water(k)[0] for k in range(layout.waters))]

    def _skeleton(self, kept: list[int]) -> Chem.Mol:
        layout = Layout.of(self.candidate)
        symbols = expected_symbols(self.candidate)
        bonds = complex_bonds(self.candidate)
        donors = list(layout.donors)
        bonds[0, donors] = bonds[donors, 0] = True
        return skeleton([symbols[a] for a in kept], bonds[np.ix_(kept, kept)])


def distinct(structures: Sequence[Structure], energies_hartree: Sequence[float], candidate: Candidate) -> list[int]:
    """Return the indices of structures that differ from all lower ones, lowest energy first.

    The energies are of one level of theory; they decide what is worth comparing.
    """
    from ase.units import Hartree, kcal, mol

    window = SAME_ENERGY_KCAL_MOL * (kcal / mol) / Hartree
    comparison = Comparison(candidate)
    kept: list[int] = []
    for index in np.argsort(energies_hartree, kind="stable").tolist():
        near = [k for k in kept if energies_hartree[index] - energies_hartree[k] < window]
        if all(comparison.rmsd_angstrom(structures[index], structures[k]) > SAME_RMSD_ANGSTROM for k in near):
            kept.append(index)
    return kept


def _best_rms(mol: Chem.Mol, first: np.ndarray, second: np.ndarray) -> float:
    probe, reference = _with_positions(mol, first), _with_positions(mol, second)
    return float(rdMolAlign.GetBestRMS(probe, reference, maxMatches=_MATCHES))


def _with_positions(mol: Chem.Mol, positions: np.ndarray) -> Chem.Mol:
    copy = Chem.Mol(mol)
    conformer = Chem.Conformer(copy.GetNumAtoms())
    conformer.SetPositions(np.ascontiguousarray(positions))
    copy.AddConformer(conformer, assignId=True)
    return copy
