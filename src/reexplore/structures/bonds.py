"""Bonds from distances and bonds from ligands, as symmetric boolean matrices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import METALS
from reexplore.structures.structure import Layout, Structure, by_kind

Bonds = NDArray[np.bool_]

#: Covalent radii in Å (B. Cordero et al., Dalton Trans. 2008, 2832).
COVALENT_RADII_ANGSTROM = {
    "H": 0.31,
    "C": 0.76,
    "N": 0.71,
    "O": 0.66,
    "F": 0.57,
    "P": 1.07,
    "S": 1.05,
    "Cl": 1.02,
}

#: Two atoms are bonded up to this many times the sum of their covalent radii.
BOND_TOLERANCE = 1.25
#: Elements whose bonds are so long that the tolerance reaches to the next neighbour but one, and what it is for them
#: there: S-S and P-P bonds are 2.05 to 2.25 Å long, the sulfurs of S-N-S 2.58 to 2.61 Å apart.
_HEAVY, _HEAVY_TOLERANCE = ("P", "S"), 1.1


def bonds_from_distances(structure: Structure, *, one_apart: bool = True) -> Bonds:
    """Return which atoms are bonded, shape (atoms, atoms); a rare-earth ion has no bonds.

    Two sulfurs or phosphorus on one atom, as in a bis(sulfonyl)imide, are 2.6 Å apart, within the tolerance of a bond;
    they are bonded only when they are nearer than `_HEAVY_TOLERANCE` says. Without `one_apart` that is not looked at.
    """
    distances = distance_matrix(structure)
    # A metal's radius of minus infinity puts every atom out of its reach.
    radii = np.array([-np.inf if s in METALS else COVALENT_RADII_ANGSTROM[s] for s in structure.symbols])
    bonds: Bonds = distances < BOND_TOLERANCE * (radii[:, None] + radii[None])
    np.fill_diagonal(bonds, val=False)
    if one_apart:
        heavy = np.flatnonzero([s in _HEAVY for s in structure.symbols])
        for i, j in combinations(heavy, 2):
            far = distances[i, j] > _HEAVY_TOLERANCE * (radii[i] + radii[j])
            if bonds[i, j] and far and (bonds[i] & bonds[j]).any():
                bonds[i, j] = bonds[j, i] = False
    return bonds


def distance_matrix(structure: Structure) -> NDArray[np.float64]:
    """Return the distances between all atoms in Å, shape (atoms, atoms)."""
    positions = structure.positions_angstrom
    return np.asarray(np.linalg.norm(positions[:, None] - positions[None], axis=-1))


def ligand_bonds(ligand: Ligand) -> Bonds:
    """Return the bonds of the free ligand in the order of `mol_with_hydrogens`."""
    return np.asarray(Chem.GetAdjacencyMatrix(ligand.mol_with_hydrogens), dtype=bool)


def has_heavy_pair(ligand: Ligand) -> bool:
    """Return whether two sulfurs or phosphorus of a ligand sit on one atom: their distance is judged with more care."""
    mol = ligand.mol
    around = ([n.GetSymbol() for n in atom.GetNeighbors()] for atom in mol.GetAtoms())
    return any(sum(symbol in _HEAVY for symbol in symbols) > 1 for symbols in around)


def complex_bonds(candidate: Candidate) -> Bonds:
    """Return the bonds a complex ought to have, the metal's left out."""
    layout = Layout.of(candidate)
    bonds = np.zeros((len(layout), len(layout)), dtype=bool)
    for ligand, places in by_kind(candidate):
        inside = ligand_bonds(ligand)
        for place in places:
            bonds[np.ix_(place, place)] = inside
    for k in range(layout.waters):
        oxygen, *hydrogens = layout.water(k)
        bonds[oxygen, hydrogens] = bonds[hydrogens, oxygen] = True
    return bonds


def skeleton(symbols: Sequence[str], bonds: Bonds) -> Chem.Mol:
    """Return a molecule of single bonds and explicit hydrogens: elements and bonds without bond orders."""
    mol = Chem.RWMol()
    for symbol in symbols:
        atom = Chem.Atom(symbol)
        atom.SetNoImplicit(True)
        mol.AddAtom(atom)
    for i, j in zip(*np.nonzero(np.triu(bonds)), strict=True):
        mol.AddBond(int(i), int(j), Chem.BondType.SINGLE)
    return mol.GetMol()
