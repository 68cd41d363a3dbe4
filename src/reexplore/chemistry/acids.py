"""Protons of a free ligand: the neutral acid that it is in acid water, and its measured pKa."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from rdkit import Chem

from reexplore.chemistry.ligands import Ligand
from reexplore.errors import InputError

#: What takes a proton in water: anions, amines and pyridines, no amides and no anilines.
_TAKES_PROTON = Chem.MolFromSmarts("[O-,S-,N-,$([NX3;+0;!$(N[C,S,P]=[O,S,N]);!$(N[a])]),$([nX2;+0])]")


def proton_sites(mol: Chem.Mol) -> int:
    """Return how many atoms of a ligand, as it binds, can take a proton in water."""
    return len(mol.GetSubstructMatches(_TAKES_PROTON))


def takes_proton(mol: Chem.Mol) -> tuple[int, ...]:
    """Return these atoms; nitro groups and N-oxides, whose anions stand beside a cation, are none of them."""
    found = (match[0] for match in mol.GetSubstructMatches(_TAKES_PROTON))
    return tuple(atom for atom in found if not _beside_cation(mol.GetAtomWithIdx(atom)))


def with_proton(mol: Chem.RWMol, atom: int) -> None:
    """Put a proton on an atom; the molecule is still to be sanitised."""
    taken = mol.GetAtomWithIdx(atom)
    taken.SetFormalCharge(taken.GetFormalCharge() + 1)
    taken.SetNumExplicitHs(taken.GetNumExplicitHs() + 1)


def _beside_cation(atom: Chem.Atom) -> bool:
    return any(near.GetFormalCharge() > 0 for near in atom.GetNeighbors())


def read_pka(text: str, mol: Chem.Mol) -> tuple[float, ...]:
    """Return the pKa of a ligand as it binds, written with blanks or commas, the last proton to leave first.

    Raises `InputError` for what are no numbers, more than the ligand can take protons, or another order.
    """
    words = [word for word in re.split(r"[\s,;]+", text) if word]
    try:
        found = tuple(float(word) for word in words)
    except ValueError:
        found = (math.nan,)
    if not found or not all(map(math.isfinite, found)):
        raise InputError(f"its pKa '{text}' are no numbers, such as 9.3 2.6")
    _require_protons(found, proton_sites(mol))
    return found


def _require_protons(pka: Sequence[float], sites: int) -> None:
    if len(pka) > sites:
        raise InputError(f"it has {len(pka)} pKa and {sites} atoms that take a proton: leave some out")
    if any(first < second for first, second in pairwise(pka)):
        raise InputError("its pKa rise: write that of the last proton to leave first")


def acid_of(ligand: Ligand) -> Ligand:
    """Return the acid HqL of a ligand L^q−: every anionic atom has a proton, nitro groups and N-oxides have none.

    It is the same value for all ways in which the ligand holds a metal. Raises `InputError` for a ligand whose charge
    is not that of so many atoms, such as a cation beside an anion.
    """
    mol = Chem.RWMol(ligand.mol)
    anions = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetFormalCharge() == -1 and not _beside_cation(atom)]
    if len(anions) != -ligand.charge:
        raise InputError(
            f"the acid of '{ligand.canonical_smiles}' is not told by its SMILES: it has {len(anions)} anionic atoms and"
            f" the charge {ligand.charge:+d}; take theory.reference: anion"
        )
    for atom in anions:
        with_proton(mol, atom)
    Chem.SanitizeMol(mol)
    # Written twice, so that nothing is left of the order of the ligand's atoms.
    identity = Chem.MolToSmiles(Chem.MolFromSmiles(Chem.MolToSmiles(mol)))
    return Ligand(identity, 0, scaffold=f"acid of {ligand.name}", substituents=())
