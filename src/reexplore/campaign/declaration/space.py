"""The space of ligands that a campaign file declares: from its lists to scaffolds, substituents and metals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from rdkit import Chem

from reexplore.campaign.declaration.buildable import once
from reexplore.chemistry.candidates import co_ligands_name
from reexplore.chemistry.co_ligands import read_co_ligands
from reexplore.chemistry.library import (
    FIRST_DONOR_MAP,
    SCAFFOLDS,
    SUBSTITUENTS,
    Scaffold,
    Substituent,
    find_scaffold,
    find_substituent,
)
from reexplore.chemistry.metals import find_metal
from reexplore.chemistry.space import Coordination, Space
from reexplore.chemistry.user_parts import custom_scaffold, custom_substituent, scaffold_modes
from reexplore.config import CoordinationEntry, ScaffoldEntry, SpaceEntry, SubstituentEntry
from reexplore.constraints import Rules
from reexplore.errors import InputError, of_key
from reexplore.inputs.shown import shown
from reexplore.properties import Goals
from reexplore.structures.builders.feasibility import require_co_ligands

#: Ligands that are looked at to count what constraints leave out: some seconds' worth.
_MOST_COUNTED = 5_000

_Named = TypeVar("_Named", Scaffold, Substituent)
_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


def declared_space(
    entry: SpaceEntry, goals: Goals, listed: Sequence[Scaffold] = (), *, seed: int = 0
) -> tuple[Space, tuple[str, ...]]:
    """Return the space of a campaign, with the `listed` ligands of its file last, and what its lists name twice.

    `seed` decides which ligands a sample has.
    """
    modes = _each(_scaffolds, entry.scaffolds, "space.scaffolds")
    scaffolds, twice = once(_distinct([mode for some in modes for mode in some], "scaffold"), "scaffold")
    groups = _each(_substituent, entry.substituents, "space.substituents")
    substituents, again = once(_distinct(groups, "substituent"), "substituent")
    metals = _each(find_metal, metal_symbols(entry, goals), "space.metals")
    coordinations = declared_coordinations(entry)
    if not goals.needs_thermal_terms:
        _require_known_waters(coordinations)
    with of_key("space.coordinations"):
        space = Space(
            scaffolds=(*scaffolds, *listed),
            substituents=substituents,
            metals=tuple(dict.fromkeys(metals)),
            coordinations=tuple(dict.fromkeys(coordinations)),
            sample=entry.sample,
            seed=seed,
        )
    for declared, coordination in zip(entry.coordinations, coordinations, strict=True):
        for scaffold in scaffolds:
            waters, beside = coordination.waters(scaffold.denticity), co_ligands_name(coordination.co_ligands)
            if isinstance(declared.waters, int) and declared.waters != waters:
                raise InputError(
                    f"{declared.ligands} ligands {scaffold.name} ({scaffold.denticity} donors each)"
                    f"{f' and {beside}' if beside else ''} leave {waters}"
                    f" places for water at coordination number {declared.coordination_number}, but waters is"
                    f" {declared.waters}: leave waters out, or give {waters}",
                    key="space.coordinations",
                )
    return space, (*twice, *again)


def declared_coordinations(entry: SpaceEntry) -> list[Coordination]:
    """Return the coordinations of a space, one for each entry of its list; raise `InputError` for a co-ligand."""

    def coordination(said: CoordinationEntry) -> Coordination:
        with of_key("co_ligands"):
            co_ligands = read_co_ligands(said.co_ligands)
            require_co_ligands(co_ligands)
        given = said.waters if said.coordination_number is None and said.waters != "auto" else None
        return Coordination(said.ligands, said.coordination_number, co_ligands, given)

    return _each(coordination, entry.coordinations, "space.coordinations")


def _require_known_waters(coordinations: Sequence[Coordination]) -> None:
    """Raise `InputError` for a number of waters that is open where only electronic energies could decide it."""
    for number, coordination in enumerate(coordinations):
        if coordination.waters_open:
            raise InputError(
                "auto takes the number of waters with the lowest free energy, and this campaign has none: electronic"
                " energies always prefer the most. Give an objective of free energies, such as"
                " complexation_free_energy, or a number",
                key=f"space.coordinations.{number}.waters",
            )


def metal_symbols(entry: SpaceEntry, goals: Goals) -> Sequence[str]:
    """Return the metals of a space: those of its objective, or the ones it lists."""
    if not goals:
        if not entry.metals:
            raise InputError(
                "it is empty: name at least one metal, or give an objective that names them", key="space.metals"
            )
        return entry.metals
    if entry.metals and set(entry.metals) != set(goals.metals):
        raise InputError(
            f"{' '.join(entry.metals)}, but the objective is about {' '.join(goals.metals)}: leave space.metals out",
            key="space.metals",
        )
    return goals.metals


def scaffold_names(entry: SpaceEntry) -> list[str]:
    """Return the names of the scaffolds that a campaign file lists, mode by mode."""
    return [mode.name for scaffold in entry.scaffolds for mode in _scaffolds(scaffold)]


def require_size(space: Space, limit: int) -> None:
    """Raise `InputError` with the arithmetic when the space is larger than its stated limit."""
    if space.size > limit:
        raise InputError(
            f"{space.arithmetic()}, more than space.limit = {limit:,}: narrow the lists or raise the limit"
        )


@dataclass(frozen=True)
class Counted:
    """How many of so many ligands each constraint leaves out, one after the other, and how many are left."""

    ligands: int
    excluded: dict[str, int]

    @property
    def left(self) -> int:
        """Return how many ligands keep all rules."""
        return self.ligands - sum(self.excluded.values())

    def __str__(self) -> str:
        """Return the counts as they follow from each other."""
        steps = ", ".join(f"{name} leaves out {count:,}" for name, count in self.excluded.items())
        return f"of {self.ligands:,} ligands {steps}"


def count_excluded(space: Space, rules: Rules, *, most: int = _MOST_COUNTED) -> Counted:
    """Return what each constraint leaves out of the first `most` ligands of a space."""
    excluded = dict.fromkeys((rule.name for rule in rules.rules), 0)
    ligands = 0
    for ligand in islice(space.ligands(), most):
        ligands += 1
        if broken := rules.broken(ligand):
            excluded[broken[0]] += 1
    return Counted(ligands, excluded)


def require_some(space: Space, rules: Rules) -> None:
    """Raise `InputError` with the counts when constraints leave no ligand, among the first of a very large space."""
    if not rules.rules or any(rules.broken(ligand) is None for ligand in islice(space.ligands(), _MOST_COUNTED)):
        return
    raise InputError(
        f"the constraints leave nothing to search: {count_excluded(space, rules)}; widen one of {shown(rules.say())}",
        key="constraints",
    )


def crowded(space: Space) -> tuple[str, ...]:
    """Return a sentence for each metal that is to have more donors than its aqua ion, beside no co-ligand."""
    numbers = [
        coordination.number(scaffold.denticity)
        for coordination in space.coordinations
        for scaffold in space.scaffolds
        if not coordination.co_ligands
    ]
    return tuple(
        f"{metal.symbol} is built with {max(numbers)} donors, its aqua ion has {max(metal.usual_numbers)}: give a"
        " coordination_number if that is not meant"
        for metal in space.metals
        if max(numbers, default=0) > max(metal.usual_numbers)
    )


def donor_elements(space: Space) -> list[str]:
    """Return the elements that hold the metals of a space, those of water first."""
    mols = [Chem.MolFromSmiles(scaffold.smiles) for scaffold in space.scaffolds]
    beside = [ligand.mol.GetAtomWithIdx(d).GetSymbol() for ligand in space.co_ligands for d in ligand.donors]
    donors = [a.GetSymbol() for mol in mols for a in mol.GetAtoms() if a.GetAtomMapNum() >= FIRST_DONOR_MAP]
    return list(dict.fromkeys(("O", *donors, *beside)))


def elements(space: Space) -> set[str]:
    """Return the elements of every complex of a space."""
    smiles = [*(scaffold.smiles for scaffold in space.scaffolds), *(group.smiles for group in space.substituents)]
    smiles += [ligand.smiles for ligand in space.co_ligands]
    atoms = [atom for text in smiles for atom in Chem.MolFromSmiles(text).GetAtoms()]
    return {"H", "O", *(a.GetSymbol() for a in atoms if a.GetAtomicNum()), *(m.symbol for m in space.metals)}


def _each(find: Callable[[_Given], _Found], given: Sequence[_Given], key: str) -> list[_Found]:
    """Return what is found for each entry of a list, which stands under a key of the file."""
    found = []
    for number, one in enumerate(given):
        with of_key(f"{key}.{number}"):
            found.append(find(one))
    return found


def _scaffolds(entry: str | ScaffoldEntry) -> tuple[Scaffold, ...]:
    """Return a scaffold of a campaign, once for each mode in which it binds."""
    if isinstance(entry, str):
        return (find_scaffold(entry),)
    _require_new(entry.name, SCAFFOLDS, "scaffold")
    whole = custom_scaffold(entry.name, smiles=entry.smiles, charge=entry.charge, warning=entry.warning)
    with of_key("donors"):
        return scaffold_modes(whole, entry.donors)


def _substituent(entry: str | SubstituentEntry) -> Substituent:
    if isinstance(entry, str):
        return find_substituent(entry)
    _require_new(entry.name, SUBSTITUENTS, "substituent")
    return custom_substituent(entry.name, smiles=entry.smiles, charge=entry.charge, warning=entry.warning)


def _require_new(name: str, library: Mapping[str, object], kind: str) -> None:
    if name in library:
        raise InputError(f"the {kind} '{name}' is in the library: give your own another name", key="name")


def _distinct(entries: list[_Named], kind: str) -> tuple[_Named, ...]:
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"the {kind} '{name}' is listed twice: keep one of them", key=f"space.{kind}s")
    return tuple(entries)
