"""Families: the candidates of one scaffold in one coordination, which share the template they are grafted on."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import (
    Candidate,
    Group,
    co_ligands_name,
    identity_of_ligand,
    key_of,
    stoichiometry_name,
)
from reexplore.chemistry.co_ligands import known_co_ligand
from reexplore.chemistry.library import Scaffold, Substituent
from reexplore.chemistry.ligands import CoLigands, Ligand
from reexplore.chemistry.members import Members, distinct
from reexplore.chemistry.metals import SERIES, Metal, find_metal
from reexplore.chemistry.space import Space

#: Ligands of one task, and where a family is so large that starting tasks would count.
_PORTION = 4000
_LARGE, _LARGE_PORTION = 100_000, 25_000


@dataclass(frozen=True, eq=False)
class Family:
    """Ligands of one scaffold, each with every one of the metals, in complexes of so many `ligands` and `waters`
    with any `co_ligands`.

    With `waters_open` `waters` is the lowest number.
    """

    members: Members
    metals: tuple[Metal, ...]
    ligands: int
    waters: int
    co_ligands: CoLigands = ()
    waters_open: bool = False

    @property
    def scaffold(self) -> Scaffold:
        """Return what all of its ligands are made of."""
        return self.members.scaffold

    @property
    def substituents(self) -> tuple[Substituent, ...]:
        """Return what may be at its sites."""
        return self.members.substituents

    @property
    def choices(self) -> NDArray[np.uint16]:
        """Return for each ligand the number of the substituent at each site, shape (ligands, sites)."""
        return self.members.choices

    @property
    def stoichiometry(self) -> str:
        """Return what is around each metal for people, such as `1 L, 6 H2O`."""
        waters = None if self.waters_open else self.waters
        return stoichiometry_name(self.ligands, waters, co_ligands_name(self.co_ligands))

    def __len__(self) -> int:
        """Return how many candidates there are."""
        return len(self.members) * len(self.metals)

    def candidates(self) -> Iterator[Candidate]:
        """Yield every candidate, all metals of a ligand before the next ligand."""
        for ligand in self.members:
            yield from (self._with(ligand, metal) for metal in self.metals)

    def candidates_of(self, row: int) -> Iterator[Candidate]:
        """Yield the candidates of one ligand, metal by metal."""
        ligand = self.members[row]
        return (self._with(ligand, metal) for metal in self.metals)

    def candidate(self, row: int, metal: Metal) -> Candidate:
        """Return the complex of one ligand with a metal."""
        return self._with(self.members[row], metal)

    def keys(self) -> NDArray[np.uint64]:
        """Return the keys of all candidates as numbers, in the order of `candidates`; none of these is made."""
        found = np.empty(len(self), dtype=np.uint64)
        end = 0
        for part in self.chunks(_PORTION):
            first = part.members[0]
            start = len(identity_of_ligand(first.identity, first.charge))
            around = [candidate.identity[start:] for candidate in part.candidates_of(0)]
            known = zip(part.members.identities, part.members.charges.tolist(), strict=True)
            ligands = (identity_of_ligand(identity, charge) for identity, charge in known)
            digests = b"".join(key_of(ligand + rest) for ligand in ligands for rest in around)
            found[end : end + len(part)] = np.frombuffer(digests, dtype=">u8")
            end += len(part)
        return found

    def groups(self) -> tuple[list[Group], NDArray[np.intp]]:
        """Return the groups that its candidates are ranked in, as they first appear, and the number of each one's."""
        charges, first, of_ligand = np.unique(self.members.charges, return_index=True, return_inverse=True)
        order = np.argsort(first)
        waters, beside = None if self.waters_open else self.waters, co_ligands_name(self.co_ligands)
        found = [
            Group(metal.symbol, self.ligands, waters, int(charge), beside)
            for charge in charges[order]
            for metal in self.metals
        ]
        place = np.argsort(order)[of_ligand] * len(self.metals)
        return found, (place[:, None] + np.arange(len(self.metals))).reshape(-1)

    def portions(self) -> Iterator[Family]:
        """Yield the family in parts of one task each: some seconds' worth, so that workers share them out."""
        return self.chunks(_PORTION if len(self.members) <= _LARGE else _LARGE_PORTION)

    def chunks(self, size: int) -> Iterator[Family]:
        """Yield the family in parts of up to `size` ligands."""
        for start in range(0, len(self.members), size):
            yield self.of(self.members[start : start + size])

    def without(self, rows: Collection[int]) -> Family:
        """Return the family without some of its ligands, given by their numbers."""
        return self.of(self.members.taken([row for row in range(len(self.members)) if row not in rows]))

    def of(self, members: Members) -> Family:
        """Return a family of other ligands of the same scaffold in the same complexes."""
        return replace(self, members=members)

    def to_text(self) -> str:
        """Return the family as JSON text."""
        data = {
            "scaffold": {"name": self.scaffold.name, "smiles": self.scaffold.smiles, "charge": self.scaffold.charge},
            "substituents": [{"name": s.name, "smiles": s.smiles, "charge": s.charge} for s in self.substituents],
            "metals": [metal.symbol for metal in self.metals],
            "ligands": self.ligands,
            "waters": self.waters,
            "identities": self.members.identities.tolist(),
            "choices": self.choices.tolist(),
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
        choices = data["choices"]
        scaffold = Scaffold(**data["scaffold"], protonation="", source="", sites=len(choices[0]) if choices else 0)
        substituents = tuple(Substituent(s["name"], s["smiles"], "", charge=s["charge"]) for s in data["substituents"])
        members = Members(scaffold, substituents, choices, data["identities"])
        metals = tuple(find_metal(symbol) for symbol in data["metals"])
        beside = tuple(
            (known_co_ligand(identity, charge), count) for identity, charge, count in data.get("co_ligands", ())
        )
        return cls(members, metals, data["ligands"], data["waters"], beside, data.get("waters_open", False))

    def _with(self, ligand: Ligand, metal: Metal) -> Candidate:
        return Candidate(ligand, metal, self.ligands, self.waters, self.co_ligands, self.waters_open)


def families(space: Space, made: Sequence[Members] = ()) -> list[Family]:
    """Return all candidates of a space, family by family; a ligand belongs to the scaffold the space made it of first.

    `made` are the ligands of all scaffolds, where they were assembled before.
    """
    metals = tuple(metal for metal in SERIES if metal in space.metals)
    return [
        Family(
            members,
            metals,
            coordination.ligands,
            coordination.waters(members.scaffold.denticity),
            coordination.co_ligands,
            coordination.waters_open,
        )
        for members in (distinct(made) if made else _made(space))
        for coordination in space.coordinations
    ]


def _made(space: Space) -> list[Members]:
    """Return the ligands of a space by the scaffolds they are made of, in the order in which these come up."""
    scaffolds = {scaffold.name: scaffold for scaffold in space.scaffolds}
    number = {substituent.name: i for i, substituent in enumerate(space.substituents)}
    of_scaffold: dict[str, list[Ligand]] = {}
    for ligand in space.ligands():
        of_scaffold.setdefault(ligand.scaffold, []).append(ligand)
    return [
        Members.of(
            scaffolds[name],
            space.substituents if scaffolds[name].sites else (),
            ligands,
            [[number[group] for group in ligand.substituents] for ligand in ligands],
        )
        for name, ligands in of_scaffold.items()
    ]
