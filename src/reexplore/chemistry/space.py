"""The search space: scaffolds × substituents × metals × coordinations, counted without being built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import Scaffold, Substituent
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.chemistry.metals import SERIES, Metal
from reexplore.errors import InputError


@dataclass(frozen=True)
class Coordination:
    """How many ligands a complex has, and its coordination number; waters fill what is left."""

    ligands: int
    coordination_number: int

    def waters(self, denticity: int) -> int:
        """Return the number of waters beside `ligands` ligands of this denticity."""
        return self.coordination_number - self.ligands * denticity


@dataclass(frozen=True)
class Space:
    """Every candidate a campaign may consider; nothing in it exists before it is asked for."""

    scaffolds: tuple[Scaffold, ...]
    substituents: tuple[Substituent, ...]
    metals: tuple[Metal, ...]
    coordinations: tuple[Coordination, ...]

    def __post_init__(self) -> None:
        for scaffold, coordination in product(self.scaffolds, self.coordinations):
            if coordination.waters(scaffold.denticity) < 0:
                raise InputError(
                    f"scaffold '{scaffold.name}' has {scaffold.denticity} donors: {coordination.ligands} of them"
                    f" do not fit the coordination number {coordination.coordination_number}"
                )
        for metal, coordination in product(self.metals, self.coordinations):
            if coordination.coordination_number not in metal.coordination_numbers:
                known = " or ".join(map(str, metal.coordination_numbers))
                raise InputError(
                    f"{metal.symbol} is held in coordination number {known},"
                    f" not {coordination.coordination_number}: remove it or change the coordination"
                )

    @property
    def size(self) -> int:
        """Return how many combinations there are; equal ligands written twice are still counted twice."""
        return self.ligand_count * len(self.metals) * len(self.coordinations)

    @property
    def ligand_count(self) -> int:
        """Return how many ligands there are, before equal ones are merged."""
        return sum(len(self.substituents) ** scaffold.sites for scaffold in self.scaffolds)

    def arithmetic(self) -> str:
        """Return the count as a sentence a person can check."""
        terms = " + ".join(
            f"{len(self.substituents)}^{s.sites}" if s.sites > 1 else f"{len(self.substituents)}"
            for s in self.scaffolds
        )
        return (
            f"({terms}) ligands × {len(self.metals)} metals × {len(self.coordinations)} coordinations"
            f" = {self.size:,} candidates"
        )

    def ligands(self) -> Iterator[Ligand]:
        """Yield each distinct ligand once, scaffold by scaffold."""
        seen: set[str] = set()
        for scaffold in self.scaffolds:
            for choice in product(self.substituents, repeat=scaffold.sites):
                ligand = assemble(scaffold, choice)
                if ligand.identity not in seen:
                    seen.add(ligand.identity)
                    yield ligand

    def candidates(self) -> Iterator[Candidate]:
        """Yield each distinct candidate once; metals come in the order of the series."""
        metals = [metal for metal in SERIES if metal in self.metals]
        for ligand in self.ligands():
            for coordination in self.coordinations:
                waters = coordination.waters(ligand.denticity)
                for metal in metals:
                    yield Candidate(ligand, metal, coordination.ligands, waters)
