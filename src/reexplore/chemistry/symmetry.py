"""Sites of a scaffold that are alike: which fillings of them are one and the same ligand."""

from __future__ import annotations

from rdkit import Chem

from reexplore.chemistry.library import FIRST_DONOR_MAP, Scaffold

#: Stands for an attachment point, which as a dummy atom would match anything.
_SITE_ELEMENT = 85
#: Marks donors: they are exchanged among themselves only.
_DONOR_ISOTOPE = 1
_MOST_MATCHES = 10_000


def site_symmetries(scaffold: Scaffold) -> tuple[tuple[int, ...], ...]:
    """Return the group of permutations of the sites (from 0) that leave the scaffold as it is.

    Each gives, for every site, the site that takes its place. The identity is always among them.
    """
    if not scaffold.sites:
        return ((),)
    mol = Chem.MolFromSmiles(scaffold.smiles)
    sites: dict[int, int] = {}
    for atom in mol.GetAtoms():
        number = atom.GetAtomMapNum()
        atom.SetAtomMapNum(0)
        if atom.GetAtomicNum() == 0:
            sites[atom.GetIdx()] = number - 1
            atom.SetAtomicNum(_SITE_ELEMENT)
        elif number >= FIRST_DONOR_MAP:
            atom.SetIsotope(_DONOR_ISOTOPE)
    matches = mol.GetSubstructMatches(mol, uniquify=False, maxMatches=_MOST_MATCHES)
    where = sorted(sites, key=lambda atom: sites[atom])
    return tuple(sorted({tuple(sites[match[atom]] for atom in where) for match in matches}))


def distinct_fillings(symmetries: tuple[tuple[int, ...], ...], groups: int) -> int:
    """Return how many ligands `groups` substituents make on sites of this symmetry (Burnside's lemma)."""
    return sum(groups ** _cycles(permutation) for permutation in symmetries) // len(symmetries)


def is_first(choice: tuple[int, ...], symmetries: tuple[tuple[int, ...], ...]) -> bool:
    """Return whether a filling, as numbers of substituents, comes before all that are the same ligand."""
    return all(choice <= tuple(choice[site] for site in permutation) for permutation in symmetries)


def _cycles(permutation: tuple[int, ...]) -> int:
    left, count = set(range(len(permutation))), 0
    while left:
        count += 1
        site = left.pop()
        while (site := permutation[site]) in left:
            left.remove(site)
    return count
