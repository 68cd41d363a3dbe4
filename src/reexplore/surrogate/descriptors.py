"""What is known of a ligand from its parts: RDKit descriptors of the bare scaffold, and what each substituent adds.

A million ligands are a few hundred parts. A descriptor is computed for the bare scaffold and for the scaffold with one
substituent at one site; the difference is what that substituent adds there. For ligands of the library with four sites
the sum is what RDKit says of the whole ligand (counts exactly, charges of atoms within 0.002); where it is not, the sum
is still what is learned from and asked with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors, rdPartialCharges

from reexplore.chemistry.library import FIRST_DONOR_MAP, Scaffold, Substituent
from reexplore.chemistry.ligands import Ligand, assemble

Array = NDArray[np.float64]

_COUNTED = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
_NUMBERS = [Chem.GetPeriodicTable().GetAtomicNumber(symbol) for symbol in _COUNTED]

#: Electronegativity of the atom that a substituent is held by: L. Pauling, The Nature of the Chemical Bond, 1960.
_PAULING = {
    **{1: 2.20, 5: 2.04, 6: 2.55, 7: 3.04, 8: 3.44, 9: 3.98},
    **{14: 1.90, 15: 2.19, 16: 2.58, 17: 3.16, 35: 2.96, 53: 2.66},
}
_WITH_LONE_PAIRS = (7, 8, 9, 16, 17, 35, 53)

#: Of the ligand as a whole.
OF_LIGAND = (
    *(f"{symbol} atoms" for symbol in _COUNTED),
    "charge",
    "donors",
    "heavy atoms",
    "polar surface",
    "log P",
    "molar refractivity",
    "hydrogen-bond donors",
    "hydrogen-bond acceptors",
    "rotatable bonds",
    "rings",
    "aromatic rings",
    "donor charge",
    "most negative donor",
    "charge beside donors",
)

#: Of a substituent by itself, hydrogen's being zero, each over a difference that chemists call large.
OF_SUBSTITUENT = {
    "heavy atoms": 3.0,
    "polar surface": 30.0,
    "log P": 0.7,
    "molar refractivity": 10.0,
    "hydrogen-bond donors": 1.0,
    "electronegativity": 0.6,
    "lone pair": 0.5,
    "acceptor": 0.5,
    "inductive charge": 0.05,
}
_ADDED = [OF_LIGAND.index(name) for name in list(OF_SUBSTITUENT)[:5]]
_BENZENE = "c1ccccc1[*:1]"

_SITE_MAP = re.compile(r"\[\*:(\d+)\]")
_HYDROGEN = Substituent("H", "[H][*:1]", "")


@lru_cache(maxsize=4096)
def bare(scaffold: str) -> Array:
    """Return the descriptors of a scaffold (SMILES) with hydrogen at every site, shape (`OF_LIGAND`,)."""
    return _of_ligand(_ligand(scaffold, {}))


@lru_cache(maxsize=65536)
def added(scaffold: str, site: int, substituent: str) -> Array:
    """Return what a substituent (SMILES) at one site, counted from 0, adds to the bare scaffold's descriptors."""
    if Substituent("", substituent, "").is_hydrogen:
        return np.zeros(len(OF_LIGAND))
    return _of_ligand(_ligand(scaffold, {site: substituent})) - bare(scaffold)


@lru_cache(maxsize=4096)
def by_itself(substituent: str) -> Array:
    """Return a substituent's description in the units of `OF_SUBSTITUENT`: what it does to benzene."""
    if Substituent("", substituent, "").is_hydrogen:
        return np.zeros(len(OF_SUBSTITUENT))
    found = np.concatenate([added(_BENZENE, 0, substituent)[_ADDED], _electronic(substituent)])
    return found / np.array(list(OF_SUBSTITUENT.values()))


def sites(scaffold: str) -> int:
    """Return how many sites a scaffold's SMILES has."""
    return sum(int(number) < FIRST_DONOR_MAP for number in _SITE_MAP.findall(scaffold))


def of_parts(parts: Sequence[str]) -> Array:
    """Return the descriptors of a ligand from the SMILES of its scaffold and of the substituent at each site."""
    scaffold, *substituents = parts
    return bare(scaffold) + sum(
        (added(scaffold, site, smiles) for site, smiles in enumerate(substituents)), np.zeros(len(OF_LIGAND))
    )


@lru_cache(maxsize=1024)
def _scaffold(smiles: str) -> Scaffold:
    return Scaffold("", smiles, 0, "", "", sites=sites(smiles))


def _ligand(scaffold: str, filled: dict[int, str]) -> Ligand:
    known = _scaffold(scaffold)
    groups = (Substituent("", filled[n], "") if n in filled else _HYDROGEN for n in range(known.sites))
    return assemble(known, tuple(groups))


def _of_ligand(ligand: Ligand) -> Array:
    mol, donors = ligand.mol, list(ligand.donors)
    whole = ligand.mol_with_hydrogens
    numbers = [atom.GetAtomicNum() for atom in whole.GetAtoms()]
    charges = _atomic_charges(mol)
    beside = sorted({n.GetIdx() for d in donors for n in mol.GetAtomWithIdx(d).GetNeighbors()} - set(donors))
    log_p, refractivity = rdMolDescriptors.CalcCrippenDescriptors(mol)
    return np.array(
        [
            *(numbers.count(number) for number in _NUMBERS),
            Chem.GetFormalCharge(mol),
            len(donors),
            mol.GetNumHeavyAtoms(),
            rdMolDescriptors.CalcTPSA(mol, includeSandP=True),
            log_p,
            refractivity,
            rdMolDescriptors.CalcNumHBD(mol),
            rdMolDescriptors.CalcNumHBA(mol),
            rdMolDescriptors.CalcNumRotatableBonds(mol),
            rdMolDescriptors.CalcNumRings(mol),
            rdMolDescriptors.CalcNumAromaticRings(mol),
            charges[donors].sum() if donors else 0.0,
            charges[donors].min() if donors else 0.0,
            charges[beside].sum() if beside else 0.0,
        ],
        dtype=np.float64,
    )


def _atomic_charges(mol: Chem.Mol) -> Array:
    """Return Gasteiger's charges (J. Gasteiger, M. Marsili, Tetrahedron 1980, 36, 3219); 0 without parameters."""
    rdPartialCharges.ComputeGasteigerCharges(mol)
    charges = [atom.GetDoubleProp("_GasteigerCharge") for atom in mol.GetAtoms()]
    return np.asarray(np.nan_to_num(charges, nan=0.0, posinf=0.0, neginf=0.0))


def _electronic(substituent: str) -> tuple[float, ...]:
    """Return electronegativity (above hydrogen's), lone pair, acceptor and the charge left on a benzene ring."""
    mol = Chem.MolFromSmiles(substituent)
    (place,) = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    (first,) = place.GetNeighbors()
    multiple = [
        bond.GetOtherAtom(first).GetAtomicNum()
        for bond in first.GetBonds()
        if bond.GetBondType() in (Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)
    ]
    acceptor = any(number not in (1, 6) for number in multiple)
    pair = first.GetAtomicNum() in _WITH_LONE_PAIRS and first.GetFormalCharge() <= 0 and not multiple
    held = _ligand(_BENZENE, {0: substituent}).mol
    ring = held.GetSubstructMatch(Chem.MolFromSmarts("c1ccccc1"))
    charges = _atomic_charges(held)
    return (
        _PAULING.get(first.GetAtomicNum(), _PAULING[6]) - _PAULING[1],
        float(pair),
        float(acceptor),
        float(charges[list(ring)].sum()),
    )


@lru_cache(maxsize=4096)
def bonds_to_donor(scaffold: str) -> tuple[float, ...]:
    """Return for each site how many bonds lie between the atom that holds it and the nearest donor."""
    mol = Chem.MolFromSmiles(scaffold)
    far = Chem.GetDistanceMatrix(mol)
    donors = [a.GetIdx() for a in mol.GetAtoms() if a.GetAtomMapNum() >= FIRST_DONOR_MAP]
    places = sorted(
        (a.GetAtomMapNum(), a.GetNeighbors()[0].GetIdx())
        for a in mol.GetAtoms()
        if a.GetAtomicNum() == 0 and a.GetAtomMapNum() < FIRST_DONOR_MAP
    )
    return tuple(float(min((far[atom, d] for d in donors), default=0.0)) for _, atom in places)
