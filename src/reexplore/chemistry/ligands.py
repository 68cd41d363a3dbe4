"""Ligands: a scaffold with its sites filled, and the identity that outlives names and writing order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from rdkit import Chem, RDLogger

from reexplore.chemistry.library import FIRST_DONOR_MAP, Scaffold, Substituent
from reexplore.errors import InputError

RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]  # parse errors are raised by us, in one sentence

_DONOR_MARK = 1


@dataclass(frozen=True)
class Ligand:
    """A free ligand in one protonation state.

    `identity` is its canonical SMILES in which every donor atom carries the atom map 1: two ligands
    are the same exactly when these are equal. Names and warnings describe it and do not count.
    """

    identity: str
    charge: int
    scaffold: str = field(compare=False)
    substituents: tuple[str, ...] = field(compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        """Return a name to read, such as `CAM-methyl`."""
        return "-".join((self.scaffold, *self.substituents))

    @cached_property
    def smiles(self) -> str:
        """Return the SMILES without donor marks, its atoms in the order of `mol`."""
        return re.sub(r":1\]", "]", self.identity)

    @cached_property
    def canonical_smiles(self) -> str:
        """Return the SMILES as other programs would write it, for people."""
        return str(Chem.MolToSmiles(self.mol))

    @cached_property
    def mol(self) -> Chem.Mol:
        """Return the molecule without hydrogens; atom order is that of `identity`."""
        return Chem.MolFromSmiles(self.smiles)

    @cached_property
    def mol_with_hydrogens(self) -> Chem.Mol:
        """Return the molecule with hydrogens appended: the atom order of every 3D structure."""
        return Chem.AddHs(self.mol)

    @cached_property
    def donors(self) -> tuple[int, ...]:
        """Return the indices of the donor atoms in `mol`."""
        marked = Chem.MolFromSmiles(self.identity)
        return tuple(a.GetIdx() for a in marked.GetAtoms() if a.GetAtomMapNum() == _DONOR_MARK)

    @property
    def denticity(self) -> int:
        """Return the number of donor atoms."""
        return len(self.donors)

    @cached_property
    def inchikey(self) -> str:
        """Return the InChIKey of the free ligand."""
        return str(Chem.MolToInchiKey(self.mol))


def assemble(scaffold: Scaffold, substituents: tuple[Substituent, ...]) -> Ligand:
    """Join one substituent to each site of the scaffold, `[*:1]` first, and return the ligand."""
    if len(substituents) != scaffold.sites:
        raise InputError(
            f"scaffold '{scaffold.name}' has {scaffold.sites} sites but {len(substituents)} substituents were given"
        )
    mol = Chem.MolFromSmiles(scaffold.smiles)
    for site, substituent in enumerate(substituents, start=1):
        mol = _attach(mol, substituent, site)
    Chem.SanitizeMol(mol)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(_DONOR_MARK if atom.GetAtomMapNum() >= FIRST_DONOR_MAP else 0)
    identity = Chem.MolToSmiles(mol)
    charge = scaffold.charge + sum(s.charge for s in substituents)
    return Ligand(
        # The second pass removes what is left of the way the template was written.
        identity=Chem.MolToSmiles(Chem.MolFromSmiles(identity)),
        charge=charge,
        scaffold=scaffold.name,
        substituents=tuple(s.name for s in substituents),
        warnings=tuple(f"{s.name}: {s.warning}" for s in substituents if s.warning),
    )


def _attach(mol: Chem.Mol, substituent: Substituent, site: int) -> Chem.Mol:
    if substituent.is_hydrogen:
        editable = Chem.RWMol(mol)
        dummy = next(a.GetIdx() for a in editable.GetAtoms() if a.GetAtomicNum() == 0 and a.GetAtomMapNum() == site)
        editable.RemoveAtom(dummy)
        bare = editable.GetMol()
        Chem.SanitizeMol(bare)
        return bare
    group = Chem.MolFromSmiles(substituent.smiles)
    for atom in group.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetAtomMapNum(site)
    parameters = Chem.MolzipParams()
    parameters.label = Chem.MolzipLabel.AtomMapNumber
    return Chem.molzip(mol, group, parameters)
