"""Ligands: a scaffold with its sites filled, and the identity that outlives names and writing order."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from rdkit import Chem, RDLogger

from reexplore.chemistry.doubts import doubts
from reexplore.chemistry.library import FIRST_DONOR_MAP, Scaffold, Substituent
from reexplore.errors import InputError

RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]  # parse errors are raised by us, in one sentence

_DONOR_MARK = 1

#: Where an atom comes from, written on it while parts are joined.
_PART, _ATOM = "part", "atom of part"


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
    def as_scaffold(self) -> str:
        """Return the SMILES as that of a scaffold without sites is written: donors are 11, 12, …."""
        maps = itertools.count(FIRST_DONOR_MAP)
        return re.sub(r":1\]", lambda _: f":{next(maps)}]", self.identity)

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


#: What else holds a metal beside a ligand: each co-ligand with its number.
CoLigands = tuple[tuple[Ligand, int], ...]


@dataclass(frozen=True)
class Trace:
    """Where the atoms of `Ligand.mol` come from, each shape (atoms,), in its order.

    `part` is 0 for the scaffold and k for the substituent at site k; `atom` is the index in the SMILES
    of that part, attachment points counted.
    """

    part: tuple[int, ...]
    atom: tuple[int, ...]


def assemble(scaffold: Scaffold, substituents: tuple[Substituent, ...]) -> Ligand:
    """Join one substituent to each site of the scaffold, `[*:1]` first, and return the ligand."""
    return _assembled(scaffold, substituents)[0]


def assemble_traced(scaffold: Scaffold, substituents: tuple[Substituent, ...]) -> tuple[Ligand, Trace]:
    """Return what `assemble` returns, and where each of its atoms comes from.

    Atoms are followed through the joining and through both writings of the SMILES, so that no graph
    has to be matched afterwards.
    """
    ligand, mol, first = _assembled(scaffold, substituents)
    origins = [(atom.GetIntProp(_PART), atom.GetIntProp(_ATOM)) for atom in mol.GetAtoms()]
    written = output_order(mol)
    order = [origins[written[i]] for i in output_order(first)]
    return ligand, Trace(tuple(part for part, _ in order), tuple(atom for _, atom in order))


def _assembled(scaffold: Scaffold, substituents: tuple[Substituent, ...]) -> tuple[Ligand, Chem.Mol, Chem.Mol]:
    """Return the ligand, the molecule as its parts were joined, and as its first SMILES is read."""
    if len(substituents) != scaffold.sites:
        raise InputError(
            f"scaffold '{scaffold.name}' has {scaffold.sites} sites but {len(substituents)} substituents were given"
        )
    mol = _joined(scaffold.smiles, substituents)
    # By number: RDKit's own sequence of atoms counts them at every step, and a space has millions of ligands.
    for number in range(mol.GetNumAtoms()):
        atom = mol.GetAtomWithIdx(number)
        if mark := atom.GetAtomMapNum():
            atom.SetAtomMapNum(_DONOR_MARK if mark >= FIRST_DONOR_MAP else 0)
    first = Chem.MolFromSmiles(Chem.MolToSmiles(mol))
    # The second pass removes what is left of the way the template was written.
    identity = Chem.MolToSmiles(first)
    ligand = Ligand(
        identity=identity,
        charge=scaffold.charge + sum(s.charge for s in substituents),
        scaffold=scaffold.name,
        substituents=tuple(s.name for s in substituents),
        warnings=doubts(scaffold, substituents, first),
    )
    return ligand, mol, first


def _joined(scaffold: str, substituents: tuple[Substituent, ...]) -> Chem.Mol:
    """Return scaffold and substituents as one sanitised molecule whose atoms know where they come from."""
    # A copy: donors are marked anew on what comes out of this.
    mol = Chem.Mol(_parsed(scaffold, 0))
    groups = [_parsed(s.smiles, site) for site, s in enumerate(substituents, start=1) if not s.is_hydrogen]
    for group in groups:
        mol = Chem.CombineMols(mol, group)
    if groups:
        parameters = Chem.MolzipParams()
        parameters.label = Chem.MolzipLabel.AtomMapNumber
        mol = Chem.molzip(mol, parameters)
    if len(groups) < len(substituents):
        mol = _without_dummies(mol)
    Chem.SanitizeMol(mol)
    return mol


@lru_cache(maxsize=4096)
def _parsed(smiles: str, part: int) -> Chem.Mol:
    """Return the molecule of a part, every atom marked with its part and its index there."""
    mol = Chem.MolFromSmiles(smiles)
    for atom in mol.GetAtoms():
        atom.SetIntProp(_PART, part)
        atom.SetIntProp(_ATOM, atom.GetIdx())
        if part and atom.GetAtomicNum() == 0:
            atom.SetAtomMapNum(part)
    return mol


def _without_dummies(mol: Chem.Mol) -> Chem.RWMol:
    """Return the molecule with a hydrogen in place of each attachment point that is left."""
    editable = Chem.RWMol(mol)
    for dummy in sorted((a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() == 0), reverse=True):
        (neighbour,) = editable.GetAtomWithIdx(dummy).GetNeighbors()
        # RDKit counts no hydrogens by itself on bracketed atoms and on aromatic nitrogen.
        if neighbour.GetNoImplicit() or (neighbour.GetIsAromatic() and neighbour.GetSymbol() != "C"):
            neighbour.SetNumExplicitHs(neighbour.GetNumExplicitHs() + 1)
        editable.RemoveAtom(dummy)
    return editable


def output_order(mol: Chem.Mol) -> tuple[int, ...]:
    """Return the index of each atom in the order in which `MolToSmiles` last wrote them."""
    return tuple(mol.GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"])
