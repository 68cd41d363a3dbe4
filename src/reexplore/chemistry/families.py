"""Families: the candidates of one scaffold in one coordination, which share the template they are grafted on."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from reexplore.chemistry.candidates import Candidate, co_ligands_name, stoichiometry_name
from reexplore.chemistry.co_ligands import known_co_ligand
from reexplore.chemistry.library import Scaffold, Substituent
from reexplore.chemistry.ligands import CoLigands, Ligand
from reexplore.chemistry.metals import Metal, find_metal
from reexplore.chemistry.space import Space


@dataclass(frozen=True)
class Family:
    """Ligands of one scaffold, each with every one of the metals, in complexes of so many `ligands` and `waters`
    with any `co_ligands`.

    `choices` numbers for each ligand the substituent at each site. With `waters_open` `waters` is the lowest number.
    """

    scaffold: Scaffold
    substituents: tuple[Substituent, ...]
    metals: tuple[Metal, ...]
    ligands: int
    waters: int
    members: tuple[Ligand, ...]
    choices: tuple[tuple[int, ...], ...]
    co_ligands: CoLigands = ()
    waters_open: bool = False

    @property
    def stoichiometry(self) -> str:
        """Return what is around each metal for people, such as `1 L, 6 H2O`."""
        waters = None if self.waters_open else self.waters
        return stoichiometry_name(self.ligands, waters, co_ligands_name(self.co_ligands))

    def candidates(self) -> Iterator[Candidate]:
        """Yield every candidate, all metals of a ligand before the next ligand."""
        for row in range(len(self.members)):
            yield from self.candidates_of(row)

    def candidates_of(self, row: int) -> Iterator[Candidate]:
        """Yield the candidates of one ligand, metal by metal."""
        for metal in self.metals:
            yield self.candidate(row, metal)

    def candidate(self, row: int, metal: Metal) -> Candidate:
        """Return the complex of one ligand with a metal."""
        return Candidate(self.members[row], metal, self.ligands, self.waters, self.co_ligands, self.waters_open)

    def chunks(self, size: int) -> Iterator[Family]:
        """Yield the family in parts of up to `size` ligands."""
        for start in range(0, len(self.members), size):
            rows = slice(start, start + size)
            yield self.of(self.members[rows], self.choices[rows])

    def without(self, rows: Collection[int]) -> Family:
        """Return the family without some of its ligands, given by their numbers."""
        kept = [row for row in range(len(self.members)) if row not in rows]
        return self.of(tuple(self.members[row] for row in kept), tuple(self.choices[row] for row in kept))

    def of(self, members: tuple[Ligand, ...], choices: tuple[tuple[int, ...], ...]) -> Family:
        """Return a family of other ligands of the same scaffold, with their choices, in the same complexes."""
        return replace(self, members=members, choices=choices)

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
        if self.co_ligands:
            data["co_ligands"] = [[ligand.identity, ligand.charge, count] for ligand, count in self.co_ligands]
        if self.waters_open:
            data["waters_open"] = True
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
        beside = tuple(
            (known_co_ligand(identity, charge), count) for identity, charge, count in data.get("co_ligands", ())
        )
        is_open = data.get("waters_open", False)
        return cls(scaffold, substituents, metals, data["ligands"], data["waters"], members, choices, beside, is_open)


def families(pool: Iterable[Candidate], space: Space) -> list[Family]:
    """Return the pool family by family; a ligand belongs to the scaffold the space made it of."""
    scaffolds = {scaffold.name: scaffold for scaffold in space.scaffolds}
    number = {substituent.name: i for i, substituent in enumerate(space.substituents)}
    found: dict[tuple[str, int, int, CoLigands, bool], dict[str, Ligand]] = {}
    metals: dict[str, Metal] = {}
    for candidate in pool:
        counts = (candidate.ligands, candidate.waters, candidate.co_ligands, candidate.waters_open)
        where = (candidate.ligand.scaffold, *counts)
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
            co_ligands,
            waters_open,
        )
        for (scaffold, ligands, waters, co_ligands, waters_open), members in found.items()
    ]
