"""Ligands of the enumerated family: classes of donors with R groups, so many of them by chance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from reexplore.errors import InputError
from reexplore.proposals.donor_classes import DONOR_CLASSES, known_classes
from reexplore.proposals.family import EnumeratedFamily
from reexplore.proposals.filters import MOST_HEAVY_ATOMS
from reexplore.sources.base import DONORS, NAME, SMILES, LigandTable

#: They are drawn and judged each time the campaign file is read, 200 a second.
MOST = 5000
_KEYS = {"count", "classes", "seed", "heavy_atoms"}
_GIVE = "give {count: 60, classes: [alkoxide, phenoxide], heavy_atoms: 12, seed: 1}"


@dataclass(frozen=True)
class Enumerated:
    """So many ligands of some classes of donors, class after class in turn; the same each time."""

    classes: tuple[str, ...]
    count: int
    heavy_atoms: int
    seed: int
    folder: Path

    @classmethod
    def read(cls, said: Any, *, beside: Path) -> Self:
        """Return the source of a count and the names of classes; of 25 heavy atoms and seed 1 unless given."""
        if not isinstance(said, dict) or not {"count", "classes"} <= set(said) <= _KEYS:
            raise ValueError(_GIVE)
        count, seed, classes = said["count"], said.get("seed", 1), said["classes"]
        if type(count) is not int or not 1 <= count <= MOST:
            raise ValueError(f"count is a whole number from 1 to {MOST}")
        if type(seed) is not int or seed < 0:
            raise ValueError("seed is a whole number, 0 or more")
        heavy_atoms = said.get("heavy_atoms", MOST_HEAVY_ATOMS)
        if type(heavy_atoms) is not int or not 1 <= heavy_atoms <= MOST_HEAVY_ATOMS:
            raise ValueError(f"heavy_atoms is the most that a ligand has, from 1 to {MOST_HEAVY_ATOMS}")
        if not isinstance(classes, list) or not classes or not all(isinstance(name, str) for name in classes):
            raise ValueError(f"classes are names of donors: {', '.join(DONOR_CLASSES)}")
        return cls(known_classes(classes), count, heavy_atoms, seed, beside)

    def table(self) -> LigandTable:
        """Return its rows, named by class and number in the whole family; raise `InputError` when it has fewer."""
        whole = EnumeratedFamily()
        family = EnumeratedFamily(tuple(DONOR_CLASSES[name] for name in self.classes))
        rows = []
        for _, found in family.draw(self.count, seed=self.seed, heavy_atoms=self.heavy_atoms):
            ligand = found.ligand
            name = f"{found.donor_class.name.replace(' ', '-')}-{whole.number_of(ligand)}"
            rows.append({NAME: name, SMILES: ligand.smiles, DONORS: ligand.donors[0], "class": found.donor_class.name})
        if len(rows) < self.count:
            raise InputError(
                f"the enumerated family has {len(rows):,} ligands of these classes that pass its filters, fewer than"
                f" {self.count:,}: name more classes, allow more heavy atoms, or ask for fewer"
            )
        return LigandTable.of(rows, title="the enumerated family", folder=self.folder)
