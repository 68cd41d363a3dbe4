"""The enumerated family: every donor class with every one or two R groups, each ligand with a number of its own."""

from __future__ import annotations

import bisect
import itertools
import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from rdkit import Chem

from reexplore.chemistry.library import Substituent
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.errors import InputError
from reexplore.proposals.donor_classes import DONOR_CLASSES, DonorClass, donor_groups
from reexplore.proposals.filters import MOST_HEAVY_ATOMS, OneDonor, Refused, examined, too_large
from reexplore.proposals.r_groups import HYDROGEN, r_groups

#: So many draws of one class in a row without a new ligand, and the class is taken as exhausted.
_PATIENCE = 2000


@dataclass(frozen=True)
class Member:
    """One ligand of the family: its class and its R groups, one or two."""

    donor_class: DonorClass
    groups: tuple[Substituent, ...]

    @property
    def at_sites(self) -> tuple[Substituent, ...]:
        """Return the R group at each site of the class."""
        return tuple(self.groups["ab".index(letter)] for letter in self.donor_class.filled)

    @property
    def heavy_atoms(self) -> int:
        """Return how many atoms the ligand has without hydrogens."""
        return _heavy_atoms(self.donor_class.smiles) + sum(_heavy_atoms(group.smiles) for group in self.at_sites)

    @property
    def ligand(self) -> Ligand:
        """Return the ligand."""
        return assemble(self.donor_class.scaffold, self.at_sites)


@dataclass(frozen=True)
class EnumeratedFamily:
    """Donor classes × R groups; a ligand has at most two different R groups.

    A ligand's number is its place: class after class, within a class by its R groups. A ligand is made from its number
    without the others. Numbers count what can be written; what the filters refuse keeps its number.
    """

    classes: tuple[DonorClass, ...] = tuple(DONOR_CLASSES.values())
    groups: tuple[Substituent, ...] = field(default_factory=r_groups)

    def __len__(self) -> int:
        """Return how many ligands have a number."""
        return self._ends[-1] if self._ends else 0

    def member(self, number: int) -> Member:
        """Return the class and R groups of a number; raise `InputError` for one beyond the family."""
        if not 0 <= number < len(self):
            raise InputError(f"the family has the ligands 0 to {len(self) - 1:,}, and no number {number:,}")
        place = bisect.bisect_right(self._ends, number)
        donor_class = self.classes[place]
        rest = number - (self._ends[place - 1] if place else 0)
        pool = self._pool(donor_class)
        if donor_class.groups == 1:
            return Member(donor_class, (pool[rest],))
        if donor_class.symmetric:
            second = (math.isqrt(8 * rest + 1) - 1) // 2
            return Member(donor_class, (pool[rest - second * (second + 1) // 2], pool[second]))
        return Member(donor_class, (pool[rest // len(pool)], pool[rest % len(pool)]))

    def judged(self, number: int, *, heavy_atoms: int = MOST_HEAVY_ATOMS) -> OneDonor | Refused:
        """Return the ligand of a number, or why the filters refuse it; it has `heavy_atoms` at most."""
        member = self.member(number)
        # Before it is assembled: most of what is refused is too large.
        if refused := too_large(member.heavy_atoms, heavy_atoms):
            return refused
        ligand = member.ligand
        found = examined(ligand.mol)
        return found if isinstance(found, Refused) else OneDonor(ligand, found[0])

    def number_of(self, ligand: Ligand) -> int | None:
        """Return the number of a ligand, None when it is outside of the family."""
        for donor_class, atoms in donor_groups(ligand.mol):
            if donor_class not in self.classes or atoms[0] not in ligand.donors:
                continue
            place = self.classes.index(donor_class)
            before = self._ends[place - 1] if place else 0
            for written in _cut(donor_class, ligand.mol_with_hydrogens, atoms[0]):
                if (rest := self._rest(donor_class, written)) is not None:
                    return before + rest
        return None

    def draw(
        self,
        count: int,
        *,
        seed: int,
        heavy_atoms: int = MOST_HEAVY_ATOMS,
        refused: Counter[str] | None = None,
    ) -> Iterator[tuple[int, OneDonor]]:
        """Yield numbers and ligands by chance, class after class in turn, each once, until `count` passed the filters.

        None has more than `heavy_atoms`. What is refused is counted by code in `refused`. Small classes are exhausted
        before; fewer are yielded then.
        """
        chance = random.Random(seed)
        starts = {each: end - size for each, end, size in zip(self.classes, self._ends, self._sizes, strict=True)}
        open_classes, seen = list(self.classes), set[int]()
        found = 0
        while open_classes and found < count:
            for donor_class in tuple(open_classes):
                size = self._sizes[self.classes.index(donor_class)]
                for _ in range(_PATIENCE):
                    number = starts[donor_class] + chance.randrange(size)
                    if number in seen:
                        continue
                    seen.add(number)
                    verdict = self.judged(number, heavy_atoms=heavy_atoms)
                    if isinstance(verdict, OneDonor):
                        found += 1
                        yield number, verdict
                        break
                    if refused is not None:
                        refused[verdict.code] += 1
                else:
                    open_classes.remove(donor_class)
                if found == count:
                    return

    def _pool(self, donor_class: DonorClass) -> tuple[Substituent, ...]:
        return (*self.groups, HYDROGEN) if donor_class.takes_hydrogen else self.groups

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        sizes = []
        for donor_class in self.classes:
            n = len(self._pool(donor_class))
            sizes.append(n if donor_class.groups == 1 else n * (n + 1) // 2 if donor_class.symmetric else n * n)
        return tuple(sizes)

    @cached_property
    def _ends(self) -> tuple[int, ...]:
        return tuple(itertools.accumulate(self._sizes))

    @cached_property
    def _places(self) -> dict[str, int]:
        every = (*self.groups, HYDROGEN)
        return {_written(Chem.MolFromSmiles(group.smiles)): place for place, group in enumerate(every)}

    def _rest(self, donor_class: DonorClass, written: tuple[str, ...]) -> int | None:
        """Return the place within its class of a ligand with these parts at its sites, None where that is none."""
        pool = self._pool(donor_class)
        places: dict[str, int] = {}
        for letter, part in zip(donor_class.filled, written, strict=True):
            place = self._places.get(part)
            if place is None or place >= len(pool):
                return None
            if places.setdefault(letter, place) != place:
                return None
        if donor_class.groups == 1:
            return places["a"]
        one, other = places["a"], places["b"]
        if donor_class.symmetric:
            low, high = sorted((one, other))
            return high * (high + 1) // 2 + low
        return one * len(pool) + other


@lru_cache(maxsize=65536)
def _heavy_atoms(smiles: str) -> int:
    return int(Chem.MolFromSmiles(smiles).GetNumHeavyAtoms())


def _written(part: Chem.Mol) -> str:
    """Return an R group with its open place as canonical SMILES."""
    bare = Chem.RWMol(part)
    for atom in bare.GetAtoms():
        atom.SetAtomMapNum(0)
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    return str(Chem.MolToSmiles(Chem.RemoveHs(bare.GetMol()), isomericSmiles=False))


def _cut(donor_class: DonorClass, mol: Chem.Mol, donor: int) -> Iterator[tuple[str, ...]]:
    """Yield what is at each site of a class, in every way in which its template lies on a molecule."""
    template = Chem.MolFromSmiles(donor_class.smiles)
    sites = sorted((a.GetAtomMapNum(), a.GetIdx()) for a in template.GetAtoms() if a.GetAtomicNum() == 0)
    held = {atom: template.GetAtomWithIdx(atom).GetNeighbors()[0].GetIdx() for _, atom in sites}
    (place,) = [a.GetIdx() for a in template.GetAtoms() if a.GetAtomMapNum() >= 11]
    parameters: Any = Chem.AdjustQueryParameters.NoAdjustments()
    parameters.makeDummiesQueries = True
    query = Chem.AdjustQueryProperties(template, parameters)
    for match in mol.GetSubstructMatches(query, uniquify=False, maxMatches=1000):
        if match[place] != donor:
            continue
        bonds = [mol.GetBondBetweenAtoms(match[atom], match[held[atom]]) for _, atom in sites]
        if any(bond.IsInRing() for bond in bonds):
            continue
        labels = [(number, number) for number, _ in sites]
        parts = Chem.FragmentOnBonds(mol, [bond.GetIdx() for bond in bonds], dummyLabels=labels)
        found: dict[int, str] = {}
        for atoms, part in zip(Chem.GetMolFrags(parts), Chem.GetMolFrags(parts, asMols=True), strict=True):
            if donor not in atoms:
                (open_place,) = [a for a in part.GetAtoms() if a.GetAtomicNum() == 0]
                found[open_place.GetIsotope()] = _written(part)
        yield tuple(found[number] for number, _ in sites)
