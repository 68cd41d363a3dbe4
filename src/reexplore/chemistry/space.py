"""The search space: scaffolds × substituents and listed ligands, × metals × coordinations, counted, not built."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from reexplore.chemistry.candidates import Candidate, co_ligands_name
from reexplore.chemistry.library import Scaffold, Substituent
from reexplore.chemistry.ligands import CoLigands, Ligand, assemble
from reexplore.chemistry.metals import OPEN_NUMBERS, SERIES, Metal
from reexplore.chemistry.symmetry import distinct_fillings, is_first, site_symmetries
from reexplore.errors import InputError


@dataclass(frozen=True)
class Coordination:
    """How many ligands and co-ligands a complex has, and its coordination number; waters fill what is left.

    Where `given_waters` is the number of waters instead, the coordination number follows from it; of both one is given.
    Without either the waters are open, and the number is the lowest that has room for all donors.
    """

    ligands: int
    coordination_number: int | None
    co_ligands: CoLigands = ()
    given_waters: int | None = None

    def number(self, denticity: int) -> int:
        """Return the coordination number with `ligands` ligands of this denticity."""
        if self.coordination_number is not None:
            return self.coordination_number
        bound = self._bound(denticity)
        if self.given_waters is not None:
            return bound + self.given_waters
        return next((number for number in OPEN_NUMBERS if number >= bound), max(OPEN_NUMBERS))

    @property
    def waters_open(self) -> bool:
        """Return whether the number of waters is that of the lowest free energy."""
        return self.coordination_number is None and self.given_waters is None

    def waters(self, denticity: int) -> int:
        """Return the number of waters beside `ligands` ligands of this denticity and the co-ligands."""
        return self.number(denticity) - self._bound(denticity)

    def _bound(self, denticity: int) -> int:
        return self.ligands * denticity + self.co_donors

    @property
    def co_donors(self) -> int:
        """Return how many donors the co-ligands have."""
        return sum(count * ligand.denticity for ligand, count in self.co_ligands)

    @property
    def co_atoms(self) -> int:
        """Return how many atoms the co-ligands have."""
        return sum(count * ligand.mol_with_hydrogens.GetNumAtoms() for ligand, count in self.co_ligands)

    def charge(self, ligand_charge: int) -> int:
        """Return the charge of its complexes of 3+ ions with ligands of a charge."""
        return 3 + self.ligands * ligand_charge + sum(count * ligand.charge for ligand, count in self.co_ligands)

    def of(self, ligand: Ligand, metal: Metal) -> Candidate:
        """Return the complex of a ligand with a metal."""
        waters = self.waters(ligand.denticity)
        return Candidate(ligand, metal, self.ligands, waters, self.co_ligands, self.waters_open)


@dataclass(frozen=True)
class Space:
    """Every candidate a campaign may consider; nothing in it exists before it is asked for.

    With `sample` it holds so many of the ligands that scaffolds and substituents make, drawn at random by `seed`, and
    all that are listed.
    """

    scaffolds: tuple[Scaffold, ...]
    substituents: tuple[Substituent, ...]
    metals: tuple[Metal, ...]
    coordinations: tuple[Coordination, ...]
    sample: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for scaffold, coordination in product(self.scaffolds, self.coordinations):
            number, beside = coordination.number(scaffold.denticity), co_ligands_name(coordination.co_ligands)
            if coordination.waters(scaffold.denticity) < 0:
                raise InputError(
                    f"scaffold '{scaffold.name}' has {scaffold.denticity} donors: {coordination.ligands} ligands"
                    f" of it{f' and {beside}' if beside else ''} do not fit the coordination number {number}; every"
                    " scaffold is combined with every coordination, so give it a campaign of its own"
                )
            for metal in self.metals:
                if number not in metal.coordination_numbers:
                    why = f" (scaffold '{scaffold.name}')" if coordination.coordination_number is None else ""
                    raise InputError(
                        f"{metal.symbol} is held in coordination number {metal.held_in},"
                        f" not {number}{why}: remove it or change the coordination"
                    )

        for scaffold in self.scaffolds:
            complexes = [
                (c.ligands, c.waters_open or c.waters(scaffold.denticity), c.co_ligands) for c in self.coordinations
            ]
            if len(set(complexes)) < len(complexes):
                raise InputError(
                    f"two coordinations are one and the same for scaffold '{scaffold.name}': leave one of them out"
                )

    @property
    def size(self) -> int:
        """Return how many combinations there are; a ligand that two scaffolds make is counted twice."""
        return self.ligand_count * len(self.metals) * len(self.coordinations)

    @property
    def ligand_count(self) -> int:
        """Return how many ligands there are; those of alike sites count once, those of two scaffolds twice."""
        made = sum(self._fillings) - len(self.listed)
        return (min(made, self.sample) if self.sample else made) + len(self.listed)

    @property
    def co_ligands(self) -> tuple[Ligand, ...]:
        """Return the co-ligands of all coordinations, each once."""
        return tuple(dict.fromkeys(ligand for c in self.coordinations for ligand, _ in c.co_ligands))

    @property
    def listed(self) -> tuple[Scaffold, ...]:
        """Return the scaffolds without sites: ligands of a file, each a scaffold and a template of its own."""
        return tuple(scaffold for scaffold in self.scaffolds if not scaffold.sites)

    @cached_property
    def _symmetries(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        return tuple(site_symmetries(scaffold) for scaffold in self.scaffolds)

    @property
    def _fillings(self) -> list[int]:
        return [distinct_fillings(symmetries, len(self.substituents)) for symmetries in self._symmetries]

    def arithmetic(self) -> str:
        """Return the count as a sentence a person can check."""
        groups = len(self.substituents)
        terms = [
            f"{groups}^{s.sites}"
            if s.sites > 1 and count == groups**s.sites
            # Alike sites, as those of a tripod: the same groups in another order are no other ligand.
            else f"{count:,}"
            for s, count in zip(self.scaffolds, self._fillings, strict=True)
            if s.sites
        ]
        made = " + ".join(terms)
        if self.sample:
            terms = [f"{self.sample:,} of {made}"]
        if self.listed:
            terms.append(f"{len(self.listed):,} listed")
        return (
            f"({' + '.join(terms)}) ligands × {len(self.metals)} metals × {len(self.coordinations)} coordinations"
            f" = {self.size:,} candidates"
        )

    def ligands(self) -> Iterator[Ligand]:
        """Yield each distinct ligand once, scaffold by scaffold, or as they are drawn, the listed ones last."""
        seen: set[str] = set()
        for scaffold, choice in self._choices() if self.sample is None else self._drawn(seen):
            ligand = assemble(scaffold, tuple(self.substituents[number] for number in choice))
            if ligand.identity not in seen:
                seen.add(ligand.identity)
                yield ligand

    def _choices(self) -> Iterator[tuple[Scaffold, tuple[int, ...]]]:
        """Yield every scaffold with every filling of its sites, as numbers of substituents."""
        for scaffold, symmetries in zip(self.scaffolds, self._symmetries, strict=True):
            for choice in product(range(len(self.substituents)), repeat=scaffold.sites):
                if is_first(choice, symmetries):
                    yield scaffold, choice

    def _drawn(self, seen: Collection[str]) -> Iterator[tuple[Scaffold, tuple[int, ...]]]:
        """Yield fillings drawn at random until so many ligands are `seen`, then the listed ligands.

        Every filling is drawn with the same chance, in an order that the order of the lists does not change.
        """
        chance = random.Random(self.seed)
        parts = [part for part in zip(self.scaffolds, self._symmetries, strict=True) if part[0].sites]
        parts.sort(key=lambda part: part[0].name)
        groups = sorted(range(len(self.substituents)), key=lambda number: self.substituents[number].name)
        weights = [len(groups) ** scaffold.sites for scaffold, _ in parts]
        every, drawn = sum(self._fillings) - len(self.listed), set[tuple[str, tuple[int, ...]]]()
        while len(seen) < (self.sample or 0) and len(drawn) < every:
            scaffold, symmetries = chance.choices(parts, weights)[0]
            choice = tuple(chance.choices(range(len(groups)), k=scaffold.sites))
            if is_first(choice, symmetries) and (scaffold.name, choice) not in drawn:
                drawn.add((scaffold.name, choice))
                yield scaffold, tuple(groups[number] for number in choice)
        yield from ((scaffold, ()) for scaffold in self.listed)

    def candidates(self) -> Iterator[Candidate]:
        """Yield each distinct candidate once; metals come in the order of the series."""
        metals = [metal for metal in SERIES if metal in self.metals]
        for ligand in self.ligands():
            for coordination in self.coordinations:
                yield from (coordination.of(ligand, metal) for metal in metals)
