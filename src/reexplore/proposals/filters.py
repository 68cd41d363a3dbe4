"""What a proposed molecule has to be: a ligand of one donor that can be made and kept. Each refusal has a code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rdkit import Chem

from reexplore.chemistry.donors import CHELATE_BONDS, chelating_bonds, holding_atoms, strength
from reexplore.chemistry.library import FIRST_DONOR_MAP, Scaffold
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.proposals.donor_classes import DonorClass, donor_groups

MOST_HEAVY_ATOMS = 25
_SOURCE = "proposed"
#: Above six a molecule is hard to make (P. Ertl, A. Schuffenhauer, J. Cheminform. 2009, 1, 8).
HIGHEST_SA_SCORE = 6.0
#: Donors of this rank and stronger hold a hard ion by themselves (`chemistry.donors.strength`).
_STRONG = 1

_PROTIC = Chem.MolFromSmarts("[#7,#8,#16;!H0]")
#: Groups that water or air takes apart, or that fall apart by themselves; ours.
_UNSTABLE = {
    "a bond between two of O and S": "[OX2,SX2]~[OX2,SX2]",
    "a halogen on N, O, S, P, Si or B": "[N,O,S,P,Si,B]-[F,Cl,Br,I]",
    "a hydrogen on P, Si or B": "[P,Si,B;!H0]",
    "three nitrogens in a row outside of a ring": "[#7]~;!@[#7]~[#7]",
    "an allene": "[#6]=C=[#6]",
    "a triple bond in a ring": "[R]#[R]",
    "a double bond in a ring of three": "[r3]=,:[r3]",
    "a halide beside O, N or S": "[NX3,OX2,SX2]-[CX4]-[Cl,Br,I]",
}


class Code(StrEnum):
    """Every way in which a proposal is refused."""

    NOTHING = "decodes_to_nothing"
    UNREADABLE = "unreadable"
    PARTS = "several_parts"
    RADICAL = "radical"
    NO_DONOR = "no_donor"
    TWO_DONORS = "two_donors"
    CHARGE = "charge"
    PROTIC = "acidic_proton"
    CHELATES = "chelates"
    UNSTABLE = "unstable"
    TOO_LARGE = "too_large"
    HARD_TO_MAKE = "hard_to_make"
    # of a whole batch
    DUPLICATE = "duplicate"
    KNOWN = "known"


@dataclass(frozen=True)
class Refused:
    """A proposal that is none: its code and a sentence."""

    code: Code
    reason: str


@dataclass(frozen=True)
class OneDonor:
    """A ligand that holds a metal by one donor, and the class of that donor."""

    ligand: Ligand
    donor_class: DonorClass

    @property
    def smiles(self) -> str:
        """Return its canonical SMILES."""
        return self.ligand.canonical_smiles


def judge(smiles: str, *, charges: Iterable[int] = (-1, 0)) -> OneDonor | Refused:
    """Return the ligand of a SMILES, or why it is none; `charges` are those that the family allows."""
    if not smiles:
        return Refused(Code.NOTHING, "nothing was decoded")
    mol = Chem.MolFromSmiles(smiles)
    if mol is None or not mol.GetNumAtoms():
        return Refused(Code.UNREADABLE, f"'{smiles[:80]}' is no molecule that RDKit reads")
    found = examined(mol, charges=charges)
    if isinstance(found, Refused):
        return found
    donor_class, atoms = found
    Chem.RemoveStereochemistry(mol)
    mol.GetAtomWithIdx(atoms[0]).SetAtomMapNum(FIRST_DONOR_MAP)
    whole = Scaffold(donor_class.name, Chem.MolToSmiles(mol), donor_class.charge, "as written", _SOURCE, sites=0)
    return OneDonor(assemble(whole, ()), donor_class)


def examined(mol: Chem.Mol, *, charges: Iterable[int] = (-1, 0)) -> tuple[DonorClass, tuple[int, ...]] | Refused:
    """Return the class of the only donor of a molecule and the atoms of its group, or why it is no ligand."""
    if refused := _no_molecule(mol):
        return refused
    found = _group_of(mol, frozenset(charges))
    if isinstance(found, Refused):
        return found
    return _spoiled(mol, found[1]) or found


def too_large(heavy_atoms: int, most: int = MOST_HEAVY_ATOMS) -> Refused | None:
    """Return the refusal of a molecule with more than `most` atoms without hydrogens, if it is one."""
    if heavy_atoms <= most:
        return None
    return Refused(Code.TOO_LARGE, f"it has {heavy_atoms} heavy atoms, more than {most}")


def _no_molecule(mol: Chem.Mol) -> Refused | None:
    """Return why something is not one closed-shell molecule of a size that can be computed."""
    if len(Chem.GetMolFrags(mol)) > 1:
        return Refused(Code.PARTS, "it is several molecules")
    if any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()):
        return Refused(Code.RADICAL, "it is a radical")
    return too_large(mol.GetNumHeavyAtoms())


def _group_of(mol: Chem.Mol, charges: frozenset[int]) -> tuple[DonorClass, tuple[int, ...]] | Refused:
    """Return the only donor group of a molecule."""
    groups = donor_groups(mol)
    if not groups:
        return Refused(Code.NO_DONOR, "no atom of it is a donor of a known class")
    if len(groups) > 1:
        names = " and ".join(sorted(each.name for each, _ in groups))
        return Refused(Code.TWO_DONORS, f"it has {len(groups)} donors: {names}")
    donor_class, held = groups[0]
    charge = Chem.GetFormalCharge(mol)
    if charge not in charges or charge != donor_class.charge:
        allowed = " or ".join(f"{each:+d}" for each in sorted(charges))
        return Refused(Code.CHARGE, f"its charge is {charge:+d}: {allowed} is allowed, of its donor")
    if any(atom.GetFormalCharge() for atom in mol.GetAtoms() if atom.GetIdx() not in held):
        return Refused(Code.CHARGE, "an atom outside of its donor's group is charged")
    return donor_class, held


def _spoiled(mol: Chem.Mol, group: tuple[int, ...]) -> Refused | None:
    """Return what else of a molecule with one donor group spoils it."""
    if mol.HasSubstructMatch(_PROTIC):
        return Refused(Code.PROTIC, "it has a hydrogen on N, O or S, which the metal or water may take")
    others = [atom for atom in holding_atoms(mol) if atom not in group]
    if any(strength(mol, atom) <= _STRONG for atom in others):
        return Refused(Code.TWO_DONORS, "beside its donor it has another strong one")
    if others:
        bonds = chelating_bonds(mol)
        if near := [atom for atom in others if bonds[group[0], atom] in CHELATE_BONDS]:
            symbol = mol.GetAtomWithIdx(near[0]).GetSymbol()
            return Refused(Code.CHELATES, f"a {symbol} atom of it closes a chelate ring with its donor")
    for words, pattern in _unstable():
        if mol.HasSubstructMatch(pattern):
            return Refused(Code.UNSTABLE, f"it has {words}")
    from rdkit.Contrib.SA_Score import sascorer

    score = float(sascorer.calculateScore(_as_made(mol, group[0])))
    if score > HIGHEST_SA_SCORE:
        return Refused(Code.HARD_TO_MAKE, f"its synthetic accessibility score is {score:.1f}, above {HIGHEST_SA_SCORE}")
    return None


def _as_made(mol: Chem.Mol, donor: int) -> Chem.Mol:
    """Return a ligand as it stands in a bottle: an anion is its acid, whose fragments the score knows."""
    if Chem.GetFormalCharge(mol) == 0:
        return mol
    acid = Chem.Mol(mol)
    atom = acid.GetAtomWithIdx(donor)
    atom.SetFormalCharge(0)
    atom.SetNumExplicitHs(1)
    Chem.SanitizeMol(acid)
    return acid


@lru_cache(maxsize=1)
def _unstable() -> tuple[tuple[str, Chem.Mol], ...]:
    return tuple((words, Chem.MolFromSmarts(smarts)) for words, smarts in _UNSTABLE.items())
