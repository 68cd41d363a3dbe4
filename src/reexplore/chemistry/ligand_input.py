"""One ligand from plain SMILES or from the library, checked before anything is built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from reexplore.chemistry.donors import DONOR_ELEMENTS, propose_donors, why_no_donor
from reexplore.chemistry.library import FIRST_DONOR_MAP, SCAFFOLDS, SUBSTITUENTS, Substituent
from reexplore.chemistry.ligands import Ligand, assemble, output_order
from reexplore.chemistry.protonation import doubtful_groups
from reexplore.chemistry.user_parts import read_molecule
from reexplore.errors import InputError

#: The largest complex that is built. One GFN2-xTB gradient of 157 atoms costs 0.3 CPU-s and grows with the square
#: of the atoms; a search takes some thousands: at 200 atoms an hour of the four it has. Larger ones were never tried.
LARGEST_COMPLEX_ATOMS = 200

#: The most donors that are proposed: a ligand that holds a metal by more is rare, and a person can name them.
_MOST_DONORS = 9
_WHERE = "the ligand"
_HALIDE = "Cl"


@dataclass(frozen=True)
class SingleLigand:
    """A ligand with the SMILES in which a person counts its atoms.

    `numbers` are the indices in `smiles` of the atoms of `ligand.mol`, counted from 0 and without
    hydrogens.
    """

    ligand: Ligand
    smiles: str
    numbers: tuple[int, ...]

    @property
    def donor_names(self) -> tuple[str, ...]:
        """Return a name such as `O9` for each of the ligand's donors: element and index in `smiles`."""
        return tuple(self.name_of(donor) for donor in self.ligand.donors)

    def name_of(self, atom: int) -> str:
        """Return the name of an atom of `ligand.mol`."""
        return f"{self.ligand.mol.GetAtomWithIdx(atom).GetSymbol()}{self.numbers[atom]}"


class DonorsMissingError(InputError):
    """No donors were named; `proposals` are the sets to confirm, as indices in the SMILES, best first."""

    def __init__(self, smiles: str, proposals: Sequence[tuple[int, ...]], message: str) -> None:
        super().__init__(message)
        self.smiles = smiles
        self.proposals = tuple(proposals)


def plain_ligand(smiles: str, *, donors: Sequence[int] | None = None, halides: bool = False) -> SingleLigand:
    """Return the ligand of a SMILES whose donors are named by index or by the atom maps 11, 12, ….

    Indices count the atoms of the SMILES from 0, hydrogens left out. The ligand is the same value as
    that of the library when the molecule and the donors are. Raises `InputError` with the first thing
    that is wrong, `DonorsMissingError` with proposals when no donors are named. With `halides` chloride holds a metal
    too: it is a co-ligand, and no ligand to search.
    """
    mol = read_ligand(smiles)
    chosen = _chosen(mol, smiles, donors)
    for index in chosen:
        atom = mol.GetAtomWithIdx(index)
        reason = why_no_donor(atom)
        if reason and not (halides and atom.GetSymbol() == _HALIDE and atom.GetFormalCharge() < 0):
            raise InputError(f"{_WHERE}: atom {index} of '{smiles}' cannot be a donor: {reason}; {_numbered(mol)}")
    marked = Chem.Mol(mol)
    for atom in marked.GetAtoms():
        atom.SetAtomMapNum(1 if atom.GetIdx() in chosen else 0)
    # Written twice, as `assemble` does, so that nothing is left of the way the SMILES was typed.
    first = Chem.MolFromSmiles(Chem.MolToSmiles(marked))
    identity = Chem.MolToSmiles(first)
    written = output_order(marked)
    numbers = tuple(written[k] for k in output_order(first))
    unmapped = re.sub(r":\d+\]", "]", smiles)
    bare = Chem.MolFromSmiles(unmapped)
    ligand = Ligand(
        identity=identity,
        charge=Chem.GetFormalCharge(mol),
        scaffold=re.sub(r"[+-]\d*$", "", CalcMolFormula(bare)),
        substituents=(),
        warnings=tuple(f"{name}: {warning}" for name, warning in doubtful_groups(bare, donors=tuple(chosen))),
    )
    return SingleLigand(ligand, unmapped, numbers)


def read_ligand(smiles: str) -> Chem.Mol:
    """Return the molecule of a ligand's SMILES; raise `InputError` when it is none that can be taken."""
    if not smiles.strip():
        raise InputError(f"{_WHERE}: the SMILES is empty")
    mol = read_molecule(smiles, _WHERE)
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            raise InputError(f"{_WHERE}: '{smiles}' has an open place (*); write the whole molecule")
        if 0 < atom.GetAtomMapNum() < FIRST_DONOR_MAP:
            raise InputError(f"{_WHERE}: the donors of '{smiles}' carry the atom maps 11, 12, …; no others are used")
    if mol.GetNumAtoms() > LARGEST_COMPLEX_ATOMS:
        raise InputError(f"{_WHERE}: {mol.GetNumAtoms()} atoms, but a complex has at most {LARGEST_COMPLEX_ATOMS}")
    return mol


def library_ligand(name: str) -> SingleLigand:
    """Return a ligand of the library by its name, scaffold and substituents joined by hyphens: `CAM-methyl`.

    Raises `InputError` with the nearest name when there is none.
    """
    for scaffold in sorted(SCAFFOLDS.values(), key=lambda s: -len(s.name)):
        if name == scaffold.name or name.startswith(f"{scaffold.name}-"):
            rest = name.removeprefix(scaffold.name).removeprefix("-")
            choices = list(_splits(rest, scaffold.sites))
            if choices:
                ligand = assemble(scaffold, choices[0])
                return _named(ligand)
            example = "-".join((scaffold.name, *["methyl"] * scaffold.sites))
            nearest = _nearest(rest, SUBSTITUENTS) if scaffold.sites == 1 else ""
            raise InputError(
                f"'{name}' is no ligand of the library: the scaffold '{scaffold.name}' takes {scaffold.sites}"
                f" substituent{'s' if scaffold.sites > 1 else ''}, as in '{example}'{nearest}"
            )
    raise InputError(
        f"'{name}' is no ligand of the library: name scaffold and substituents as in 'CAM-methyl';"
        f" the scaffolds are {', '.join(SCAFFOLDS)}{_nearest(name, SCAFFOLDS)}"
    )


def _named(ligand: Ligand) -> SingleLigand:
    smiles = ligand.canonical_smiles
    written = output_order(ligand.mol)
    return SingleLigand(ligand, smiles, tuple(written.index(atom) for atom in range(len(written))))


def _chosen(mol: Chem.Mol, smiles: str, donors: Sequence[int] | None) -> list[int]:
    mapped = [a.GetIdx() for a in mol.GetAtoms() if a.GetAtomMapNum()]
    if mapped and donors is not None:
        raise InputError(f"{_WHERE}: donors are named twice, by atom maps and by --donors; leave one out")
    chosen = mapped if donors is None else list(donors)
    if not chosen:
        raise _missing(mol, smiles)
    for index in chosen:
        if not 0 <= index < mol.GetNumAtoms():
            raise InputError(f"{_WHERE}: '{smiles}' has no atom {index}; {_numbered(mol)}")
        if chosen.count(index) > 1:
            raise InputError(f"{_WHERE}: atom {index} is named twice as a donor")
    return chosen


def _missing(mol: Chem.Mol, smiles: str) -> InputError:
    proposals = propose_donors(mol, most=_MOST_DONORS)
    if not proposals:
        return InputError(f"{_WHERE}: no atom of '{smiles}' can hold a metal; donors are N, O, S or P with a lone pair")
    return DonorsMissingError(smiles, proposals, f"{_WHERE}: name the donors of '{smiles}' with --donors")


def proposal(missing: DonorsMissingError, donors: tuple[int, ...], *, command: str) -> str:
    """Return the sentence that proposes donors; `command` is what was typed, to be typed again with them."""
    mol = read_ligand(missing.smiles)
    names = ", ".join(f"{mol.GetAtomWithIdx(i).GetSymbol()}{i}" for i in donors)
    return (
        f"{_WHERE}: name the donors of '{missing.smiles}', likely {names} ({_numbered(mol)}):"
        f" {command} --donors {','.join(map(str, donors))}"
    )


def _numbered(mol: Chem.Mol) -> str:
    """Return the atoms that might be meant, with their numbers."""
    found = [f"{a.GetSymbol()}{a.GetIdx()}" for a in mol.GetAtoms() if a.GetSymbol() in DONOR_ELEMENTS]
    return f"counted from 0 without hydrogens it has {' '.join(found) or 'no such atom'}"


def _splits(text: str, parts: int) -> Iterator[tuple[Substituent, ...]]:
    """Yield every way to read hyphenated text as this many substituents, whose names have hyphens too."""
    if parts == 0:
        if not text:
            yield ()
        return
    for name, substituent in SUBSTITUENTS.items():
        if text == name or text.startswith(f"{name}-"):
            for rest in _splits(text.removeprefix(name).removeprefix("-"), parts - 1):
                yield (substituent, *rest)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
