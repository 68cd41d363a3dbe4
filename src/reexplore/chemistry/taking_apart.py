"""A ligand taken apart: the scaffold it is made of, and the substituent at each of its sites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem

from reexplore.chemistry.library import FIRST_DONOR_MAP, Scaffold, Substituent
from reexplore.chemistry.ligands import Ligand, assemble

_MOST_MATCHES = 1_000
_HYDROGEN = "[H][*:1]"


@dataclass(frozen=True)
class Apart:
    """A scaffold with the substituents that make a ligand of it; those that are not known are named by their SMILES."""

    scaffold: Scaffold
    substituents: tuple[Substituent, ...]
    unknown: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the SMILES of the scaffold and of the substituent at each site."""
        return self.scaffold.smiles, *(each.smiles for each in self.substituents)


def take_apart(ligand: Ligand, scaffolds: Iterable[Scaffold], substituents: Sequence[Substituent]) -> list[Apart]:
    """Return every way to make a ligand of one of some scaffolds, those with the fewest unknown substituents first.

    The scaffolds keep their order otherwise. Each way is put together again and is the same ligand, donors included.
    """
    known = {_canonical(each.smiles): each for each in substituents}
    found = [way for scaffold in scaffolds if scaffold.sites for way in _ways(ligand, scaffold, known)]
    return sorted(found, key=lambda way: len(way.unknown))


def _ways(ligand: Ligand, scaffold: Scaffold, known: Mapping[str, Substituent]) -> Iterator[Apart]:
    core, sites, donors = _core(scaffold.smiles)
    seen = set()
    for match in ligand.mol.GetSubstructMatches(core, uniquify=False, maxMatches=_MOST_MATCHES):
        if {match[donor] for donor in donors} != set(ligand.donors):
            continue
        groups = _groups(ligand.mol, match, sites)
        if groups is None or groups in seen:
            continue
        seen.add(groups)
        chosen = tuple(
            known.get(smiles) or Substituent(smiles, smiles, "", charge=_charge(smiles)) for smiles in groups
        )
        if assemble(scaffold, chosen) == ligand:
            yield Apart(scaffold, chosen, tuple(smiles for smiles in groups if smiles not in known))


@lru_cache(maxsize=1024)
def _core(smiles: str) -> tuple[Chem.Mol, tuple[int, ...], tuple[int, ...]]:
    """Return a scaffold without its sites, the atom that holds each site, and the donors."""
    mol = Chem.RWMol(Chem.MolFromSmiles(smiles))
    dummies = {a.GetIdx(): a.GetAtomMapNum() for a in mol.GetAtoms() if a.GetAtomicNum() == 0}
    kept = [a.GetIdx() for a in mol.GetAtoms() if a.GetIdx() not in dummies]
    number = {atom: place for place, atom in enumerate(kept)}
    holders = {site: mol.GetAtomWithIdx(d).GetNeighbors()[0].GetIdx() for d, site in dummies.items()}
    donors = tuple(number[a] for a in kept if mol.GetAtomWithIdx(a).GetAtomMapNum() >= FIRST_DONOR_MAP)
    for dummy in sorted(dummies, reverse=True):
        mol.RemoveAtom(dummy)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    mol.UpdatePropertyCache(strict=False)
    return mol.GetMol(), tuple(number[holders[site]] for site in sorted(holders)), donors


def _groups(mol: Chem.Mol, match: Sequence[int], sites: Sequence[int]) -> tuple[str, ...] | None:
    """Return the SMILES of what stands at each site; None where something stands elsewhere, or holds on twice."""
    inside, left = set(match), list(sites)
    bonds: dict[int, int] = {}
    for place, atom in enumerate(match):
        for bond in mol.GetAtomWithIdx(atom).GetBonds():
            if bond.GetOtherAtomIdx(atom) in inside:
                continue
            if place not in left or bond.GetBondType() != Chem.BondType.SINGLE:
                return None
            left.remove(place)
            # Sites on one atom are filled in their order.
            taken = [site for site in bonds if sites[site] == place]
            bonds[[site for site, held in enumerate(sites) if held == place][len(taken)]] = bond.GetIdx()
    found = [_HYDROGEN] * len(sites)
    if not bonds:
        return tuple(found)
    labels = [(1 + site, 1 + site) for site in bonds]
    cut = Chem.FragmentOnBonds(mol, list(bonds.values()), dummyLabels=labels)
    atoms: list[tuple[int, ...]] = []
    pieces = Chem.GetMolFrags(cut, asMols=True, fragsMolAtomMapping=atoms)
    if len(pieces) != 1 + len(bonds):
        return None
    for piece, members in zip(pieces, atoms, strict=True):
        if not inside & set(members):
            (dummy,) = (a for a in piece.GetAtoms() if a.GetAtomicNum() == 0)
            site = dummy.GetIsotope() - 1
            dummy.SetIsotope(0)
            dummy.SetAtomMapNum(1)
            found[site] = Chem.MolToSmiles(piece)
    return tuple(found)


@lru_cache(maxsize=4096)
def _canonical(smiles: str) -> str:
    return _HYDROGEN if Substituent("", smiles, "").is_hydrogen else str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)))


def _charge(smiles: str) -> int:
    return int(Chem.GetFormalCharge(Chem.MolFromSmiles(smiles)))
