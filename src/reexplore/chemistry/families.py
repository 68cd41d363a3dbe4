"""Families: the candidates of one scaffold in one coordination, which share the template they are grafted on."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import Scaffold, Substituent
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import Metal, find_metal
from reexplore.chemistry.space import Space


@dataclass(frozen=True)
class Family:
    """Ligands of one scaffold, each with every one of the metals, in complexes of `ligands` ligands and `waters`.

    `choices` numbers for each ligand the substituent at each site.
    """

    scaffold: Scaffold
    substituents: tuple[Substituent, ...]
    metals: tuple[Metal, ...]
    ligands: int
    waters: int
    members: tuple[Ligand, ...]
    choices: tuple[tuple[int, ...], ...]

    def candidates(self) -> Iterator[Candidate]:
        """Yield every candidate, all metals of a ligand before the next ligand."""
        for row in range(len(self.members)):
            yield from self.candidates_of(row)

    def candidates_of(self, row: int) -> Iterator[Candidate]:
        """Yield the candidates of one ligand, metal by metal."""
        for metal in self.metals:
            yield Candidate(self.members[row], metal, self.ligands, self.waters)

    def chunks(self, size: int) -> Iterator[Family]:
        """Yield the family in parts of up to `size` ligands."""
        for start in range(0, len(self.members), size):
            rows = slice(start, start + size)
            yield self._with(self.members[rows], self.choices[rows])

    def without(self, rows: Collection[int]) -> Family:
        """Return the family without some of its ligands, given by their numbers."""
        kept = [row for row in range(len(self.members)) if row not in rows]
        return self._with(tuple(self.members[row] for row in kept), tuple(self.choices[row] for row in kept))

    def _with(self, members: tuple[Ligand, ...], choices: tuple[tuple[int, ...], ...]) -> Family:
        return Family(self.scaffold, self.substituents, self.metals, self.ligands, self.waters, members, choices)

    def to_text(self) -> str:
        """Return the family as JSON text."""
        data = {
            "scaffold": {"name": self.scaffold.name, "smiles": self.scaffold.smiles, "charge": self.scaffold.charge},
            "substituents": [{"name": s.name, "smiles": s.smiles, "charge": s.charge} for s in self.substituents],
            "metals": [metal.symbol for metal in self.metals],
            "ligands": self.ligands,
            "waters": self.waters,
            "identities": [ligand.identity for ligand in self.members],
            "choices": self.choices,
        }
        return json.dumps(data, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Family:
        """Read a family from `to_text`; protonation, sources and warnings are not kept."""
        data = json.loads(text)
        choices = tuple(map(tuple, data["choices"]))
        sites = len(choices[0]) if choices else 0
        scaffold = Scaffold(**data["scaffold"], protonation="", source="", sites=sites)
        substituents = tuple(Substituent(s["name"], s["smiles"], "", charge=s["charge"]) for s in data["substituents"])
        members = tuple(
            Ligand(
                identity,
                scaffold.charge + sum(substituents[i].charge for i in choice),
                scaffold.name,
                tuple(substituents[i].name for i in choice),
            )
            for identity, choice in zip(data["identities"], choices, strict=True)
        )
        metals = tuple(find_metal(symbol) for symbol in data["metals"])
        return cls(scaffold, substituents, metals, data["ligands"], data["waters"], members, choices)


def families(pool: Iterable[Candidate], space: Space) -> list[Family]:
    """Return the pool family by family; a ligand belongs to the scaffold the space made it of."""
    scaffolds = {scaffold.name: scaffold for scaffold in space.scaffolds}
    number = {substituent.name: i for i, substituent in enumerate(space.substituents)}
    found: dict[tuple[str, int, int], dict[str, Ligand]] = {}
    metals: dict[str, Metal] = {}
    for candidate in pool:
        where = (candidate.ligand.scaffold, candidate.ligands, candidate.waters)
        found.setdefault(where, {}).setdefault(candidate.ligand.identity, candidate.ligand)
        metals[candidate.metal.symbol] = candidate.metal
    return [
        Family(
            scaffolds[scaffold],
            space.substituents if scaffolds[scaffold].sites else (),
            tuple(metals.values()),
            ligands,
            waters,
            tuple(members.values()),
            tuple(tuple(number[name] for name in ligand.substituents) for ligand in members.values()),
        )
        for (scaffold, ligands, waters), members in found.items()
    ]
