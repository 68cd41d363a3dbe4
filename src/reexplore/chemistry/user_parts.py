"""Scaffolds and substituents a user brings: every check runs before anything is built."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rdkit import Chem

from reexplore.chemistry.donors import DONOR_ELEMENTS, why_no_donor
from reexplore.chemistry.library import CAMPAIGN_FILE, ELEMENTS, FIRST_DONOR_MAP, Scaffold, Substituent
from reexplore.errors import InputError, of_key

#: Elements that hold substituents with bond lengths and torsions from a model compound.
_SITE_ELEMENTS = ("C", "N", "O", "S")
_LONGEST_SMILES = 2000


def custom_scaffold(name: str, *, smiles: str, charge: int, warning: str = "") -> Scaffold:
    """Return the user's scaffold, or raise `InputError` with the first thing that is wrong with it."""
    where = f"scaffold '{name}'"
    with of_key("smiles"):
        mol = read_molecule(smiles, where)
        sites_count = _checked_scaffold(mol, smiles, where)
    with of_key("charge"):
        _check_charge(mol, charge, where)
    return Scaffold(name, smiles, charge, "as written", CAMPAIGN_FILE, sites=sites_count, warning=warning)


def _checked_scaffold(mol: Chem.Mol, smiles: str, where: str) -> int:
    """Return how many sites a scaffold has; raise `InputError` for sites and donors that cannot be."""
    sites = sorted(a.GetAtomMapNum() for a in mol.GetAtoms() if a.GetAtomicNum() == 0)
    if not sites or sites != list(range(1, len(sites) + 1)):
        raise InputError(f"{where}: number its attachment points [*:1], [*:2], … in '{smiles}'")
    if len(sites) >= FIRST_DONOR_MAP:
        raise InputError(f"{where}: {len(sites)} sites, but from {FIRST_DONOR_MAP} on the numbers belong to donors")
    _check_sites(mol, where)
    for atom in mol.GetAtoms():
        holder = atom.GetNeighbors()[0].GetSymbol() if atom.GetAtomicNum() == 0 else "C"
        if holder not in _SITE_ELEMENTS:
            raise InputError(f"{where}: an attachment point is on {holder}, but sites are on C, N, O or S")
    donors = [a for a in mol.GetAtoms() if a.GetAtomMapNum() >= FIRST_DONOR_MAP]
    maps = sorted(a.GetAtomMapNum() for a in donors)
    if maps != list(range(FIRST_DONOR_MAP, FIRST_DONOR_MAP + len(maps))) or not maps:
        raise InputError(f"{where}: mark its donor atoms with the atom maps 11, 12, … in '{smiles}'")
    for atom in donors:
        if atom.GetSymbol() not in DONOR_ELEMENTS:
            raise InputError(f"{where}: a {atom.GetSymbol()} atom is marked as donor, but donors are N, O, S or P")
        if reason := why_no_donor(atom):
            raise InputError(
                f"{where}: the atom mapped {atom.GetAtomMapNum()} of '{smiles}' cannot be a donor: {reason}"
            )
    return len(sites)


def scaffold_modes(scaffold: Scaffold, donors: Mapping[str, Sequence[int]]) -> tuple[Scaffold, ...]:
    """Return a scaffold once for each of its modes of binding, `NAME.MODE`; itself when it has none.

    `donors` gives for each mode the atom maps of the donors that hold the metal in it. Raises `InputError` for maps
    that are not there or stand twice, for two modes that are the same, and for a donor that is in none.
    """
    where = f"scaffold '{scaffold.name}'"
    mol = Chem.MolFromSmiles(scaffold.smiles)
    known = {a.GetAtomMapNum() for a in mol.GetAtoms() if a.GetAtomMapNum() >= FIRST_DONOR_MAP}
    for mode, maps in donors.items():
        if missing := sorted(set(maps) - known):
            raise InputError(
                f"{where}: the mode '{mode}' names the donor {missing[0]}, which '{scaffold.smiles}' lacks: its donors"
                f" are {', '.join(map(str, sorted(known)))}"
            )
        if len(set(maps)) < len(maps):
            raise InputError(f"{where}: the mode '{mode}' names a donor twice ({list(maps)}): keep one of them")
    if len({frozenset(maps) for maps in donors.values()}) < len(donors):
        raise InputError(f"{where}: two of its modes have the same donors: keep one of them")
    if donors and (left := sorted(known - {number for maps in donors.values() for number in maps})):
        raise InputError(
            f"{where}: the donor {left[0]} is in none of its modes: name it in one, or write no donors at all"
        )
    return tuple(_in_mode(scaffold, mode, maps) for mode, maps in donors.items()) or (scaffold,)


def _in_mode(scaffold: Scaffold, mode: str, maps: Sequence[int]) -> Scaffold:
    mol = Chem.MolFromSmiles(scaffold.smiles)
    numbers = {old: FIRST_DONOR_MAP + k for k, old in enumerate(sorted(maps))}
    for atom in mol.GetAtoms():
        if atom.GetAtomMapNum() >= FIRST_DONOR_MAP:
            atom.SetAtomMapNum(numbers.get(atom.GetAtomMapNum(), 0))
    return replace(scaffold, name=f"{scaffold.name}.{mode}", smiles=Chem.MolToSmiles(mol))


def custom_substituent(name: str, *, smiles: str, charge: int, warning: str) -> Substituent:
    """Return the user's substituent, or raise `InputError` with the first thing that is wrong with it."""
    where = f"substituent '{name}'"
    with of_key("smiles"):
        mol = read_molecule(smiles, where)
        sites = [a for a in mol.GetAtoms() if a.GetAtomicNum() == 0]
        if len(sites) != 1:
            raise InputError(f"{where}: '{smiles}' needs exactly one attachment point, written [*:1]")
        if sites[0].GetAtomMapNum() != 1:
            raise InputError(f"{where}: write the attachment point of '{smiles}' as [*:1]")
        _check_sites(mol, where)
    with of_key("charge"):
        _check_charge(mol, charge, where)
    return Substituent(name, smiles, CAMPAIGN_FILE, charge=charge, warning=warning)


def read_molecule(smiles: str, where: str) -> Chem.Mol:
    """Return the molecule of a SMILES, one closed-shell molecule of known elements; `where` begins every error."""
    if len(smiles) > _LONGEST_SMILES or not smiles.isprintable():
        raise InputError(f"{where}: its SMILES has more than {_LONGEST_SMILES} letters, or some that cannot be printed")
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise InputError(
            f"{where}: RDKit cannot read the SMILES '{smiles}': look at its brackets, ring numbers and valences"
        )
    if len(Chem.GetMolFrags(mol)) > 1:
        raise InputError(f"{where}: '{smiles}' is more than one molecule; join it or remove the counter-ion")
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() and atom.GetSymbol() not in ELEMENTS:
            raise InputError(f"{where}: the element {atom.GetSymbol()} is not among {' '.join(ELEMENTS)}")
        if atom.GetIsotope():
            raise InputError(f"{where}: '{smiles}' names an isotope, which changes no energy here; leave it out")
        if atom.GetNumRadicalElectrons():
            raise InputError(
                f"{where}: '{smiles}' has an unpaired electron on {atom.GetSymbol()}; ligands are closed shell"
            )
    return mol


def _check_sites(mol: Chem.Mol, where: str) -> None:
    for atom in mol.GetAtoms():
        bonds = [bond.GetBondType() for bond in atom.GetBonds()]
        if atom.GetAtomicNum() == 0 and bonds != [Chem.BondType.SINGLE]:
            raise InputError(f"{where}: an attachment point is held by exactly one single bond")


def _check_charge(mol: Chem.Mol, charge: int, where: str) -> None:
    formal = Chem.GetFormalCharge(mol)
    if formal != charge:
        smiles = re.sub(r"\s", "", Chem.MolToSmiles(mol))
        raise InputError(
            f"{where}: '{smiles}' carries the charge {formal:+d}; say so with `charge: {formal}` (now {charge})"
        )
