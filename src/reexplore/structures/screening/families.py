"""The screening geometries of a family: what the learned model sees, for training and prediction alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.families import Family
from reexplore.chemistry.ligands import Ligand, assemble_traced
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.errors import CalculationFailed, Failure
from reexplore.structures.metal_exchange import NEWEST_CONTRACTION, exchange_metal
from reexplore.structures.screening.arrays import Complexes
from reexplore.structures.screening.grafting import Grafting, Grafts
from reexplore.structures.screening.scaffolding import Scaffolding
from reexplore.structures.structure import Layout, Structure

#: Ligands grafted together: bounds the memory, changes no result.
_TOGETHER = 512


def graft_family(family: Family, template: Structure, *, contraction: int = NEWEST_CONTRACTION) -> list[Grafts]:
    """Return the lanthanum complexes of all ligands of a family, in parts, on the template of its bare scaffold."""
    scaffolding = _scaffolding(family, template, contraction)
    grafting = Grafting(scaffolding, family.substituents)
    return [grafting.graft(part.choices.astype(np.intp)) for part in family.chunks(_TOGETHER)]


def refused(family: Family, template: Structure, *, contraction: int = NEWEST_CONTRACTION) -> dict[int, Failure]:
    """Return for each ligand that has no screening geometry, by its number, the reason why."""
    found: dict[int, Failure] = {}
    start = 0
    for grafts in graft_family(family, template, contraction=contraction):
        for row in np.flatnonzero(grafts.clash):
            failure = grafts.failure(int(row))
            if failure is not None:
                found[start + int(row)] = failure
        start += len(grafts)
    return found


def complexes(family: Family, grafts: Grafts, *, start: int) -> tuple[list[int], Complexes]:
    """Return the numbers of the ligands that can be predicted, and their complexes with every metal.

    `grafts` begin with ligand number `start` of the family.
    """
    rows = np.flatnonzero(~grafts.clash)
    charges = family.members.charges[start + rows]
    kept = grafts.rows(rows)
    return [start + int(row) for row in rows], Complexes.of(kept, metals=family.metals, ligand_charges=charges)


def predictable(
    family: Family, template: Structure, *, contraction: int = NEWEST_CONTRACTION
) -> Iterator[tuple[list[str], Complexes]]:
    """Yield the keys of the candidates of a family that can be predicted and their complexes, in parts."""
    start = 0
    for grafts in graft_family(family, template, contraction=contraction):
        rows, found = complexes(family, grafts, start=start)
        if rows:
            yield [candidate.key for row in rows for candidate in family.candidates_of(row)], found
        start += len(grafts)


def finds_place(
    family: Family, template: Structure, ligands: Sequence[Ligand], *, contraction: int = NEWEST_CONTRACTION
) -> list[bool]:
    """Return for each of some of a family's ligands whether it has a screening geometry."""
    grafts = _grafts(family, template, ligands, contraction)
    return [grafts.failure(row) is None for row in range(len(ligands))]


def screening_geometries(
    family: Family, template: Structure, candidates: Sequence[Candidate], *, contraction: int = NEWEST_CONTRACTION
) -> list[Structure]:
    """Return the screening geometry of some of a family's candidates, in `Layout` order.

    Whether it clashes is not asked again; see `refused`. `contraction` numbers the table of `exchange`.
    """
    grafts = _grafts(family, template, [candidate.ligand for candidate in candidates], contraction)
    found = []
    for row, candidate in enumerate(candidates):
        moved = exchange_metal(
            _lanthanum(family, grafts, row),
            layout=Layout.of(candidate),
            old=TEMPLATE_METAL,
            new=candidate.metal,
            contraction=contraction,
        )
        found.append(moved)
    return found


def series_template(
    family: Family, template: Structure, ligand: Ligand, *, contraction: int = NEWEST_CONTRACTION
) -> Structure:
    """Return the lanthanum complex of one of a family's ligands in the conformer of the bare scaffold's template.

    It is in `Layout` order. Raises `CalculationFailed` where no pose of its substituents keeps clear of the rest.
    """
    grafts = _grafts(family, template, [ligand], contraction)
    if (failure := grafts.failure(0)) is not None:
        raise CalculationFailed.of(failure)
    return _lanthanum(family, grafts, 0)


def _grafts(family: Family, template: Structure, ligands: Sequence[Ligand], contraction: int) -> Grafts:
    """Return the lanthanum complexes of some of a family's ligands, made with no more substituents than they have."""
    names = {substituent.name: i for i, substituent in enumerate(family.substituents)}
    needed = sorted({names[name] for ligand in ligands for name in ligand.substituents})
    grafting = Grafting(_scaffolding(family, template, contraction), tuple(family.substituents[i] for i in needed))
    choices = [[needed.index(names[name]) for name in ligand.substituents] for ligand in ligands]
    return grafting.graft(np.array(choices, dtype=np.intp).reshape(len(ligands), family.scaffold.sites))


def _lanthanum(family: Family, grafts: Grafts, row: int) -> Structure:
    """Return one of some lanthanum complexes in `Layout` order."""
    substituents = tuple(grafts.grafting.substituents[i] for i in grafts.choices[row])
    ligand, trace = assemble_traced(family.scaffold, substituents)
    return grafts.structure(row, ligand=ligand, trace=trace)


def _scaffolding(family: Family, template: Structure, contraction: int) -> Scaffolding:
    return Scaffolding(
        family.scaffold,
        template,
        ligands=family.ligands,
        waters=family.waters,
        co_ligands=family.co_ligands,
        metals=family.metals,
        contraction=contraction,
    )
