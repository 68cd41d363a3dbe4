"""The labels of campaigns as a pool: from ledgers to the rows of a pool file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import pandas as pd

from reexplore import __version__
from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.steps.screening import recall_screening
from reexplore.chemistry.families import Family
from reexplore.dataset.columns import ALIKE, TERMS, term_column
from reexplore.dataset.files import provenance
from reexplore.dataset.pool import LabelledPool, checked
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import InputError
from reexplore.execution.kinds import KINDS
from reexplore.properties import Measured
from reexplore.properties.label import Label
from reexplore.structures.stoichiometry import formula
from reexplore.structures.structure import Structure

Positions = Literal["label", "screening"]
_COUNTS = ("waters", "aqua_waters")


def campaign_pool(campaigns: Iterable[tuple[Setup, Ledger]], *, positions: Positions) -> LabelledPool:
    """Return the labels of some campaigns as one pool, in the order of campaigns and picks.

    Raises `InputError` when there are none, when two campaigns compute in different ways, and where they contradict
    each other.
    """
    rows: list[dict[str, Any]] = []
    geometries: dict[str, Structure] = {}
    names = []
    for setup, ledger in campaigns:
        names.append(setup.file.name)
        if setup.goals.learns_gap:
            raise InputError(f"the labels of {setup.file.name} are Kramers gaps, and a pool holds energies")
        pool = pool_of(setup, ledger.proposed())
        shared, own = _core_hours(ledger)
        for key, label in labels(pool, ledger, at_ph=setup.at_ph).items():
            keys = ledger.labels()[key]
            structure = Structure.from_extxyz(ledger.value(keys.structure)["extxyz"])
            hours = shared + own.get(keys.structure, 0.0) + own.get(keys.complex, 0.0)
            family = pool.families[pool.place(key)[0]]
            rows.append(_row(setup, label, structure, family) | {"positions": positions, "core_hours": hours})
            geometries.setdefault(key, structure)
        if positions == "screening":
            screening = recall_screening(setup, ledger)
            assert screening is not None  # what has labels was screened
            geometries |= screening.structures([pool[key] for key in ledger.labels()])
    if not rows:
        raise InputError(
            f"there are no labels yet in {', '.join(names)}: `reexplore campaign status` says how far it is"
        )
    table = pd.DataFrame(rows)
    for column in ALIKE:
        found = list(dict.fromkeys(table[column]))
        if len(found) > 1:
            raise InputError(f"the campaigns differ in {column} ({found[0]}, {found[1]}): export them one by one")
    # Counts that some rows lack stay whole numbers; what no row has is no column.
    table = table.dropna(axis="columns", how="all").astype({name: "Int64" for name in _COUNTS if name in table})
    table = checked(table, source=" and ".join(names))
    said = provenance(table, campaigns=[setup.resolved() for setup, _ in campaigns], reexplore=__version__)
    return LabelledPool(table, said, lambda: geometries)


def _row(setup: Setup, label: Label, structure: Structure, family: Family) -> dict[str, Any]:
    candidate, ligand = label.candidate, label.candidate.ligand
    smiles_of = {substituent.name: substituent.smiles for substituent in family.substituents}
    row: dict[str, Any] = {
        "key": candidate.key,
        "name": candidate.closed.name,
        "scaffold": ligand.scaffold,
        "substituents": list(ligand.substituents),
        "scaffold_smiles": family.scaffold.smiles,
        "substituent_smiles": [smiles_of[name] for name in ligand.substituents],
        "smiles": ligand.canonical_smiles,
        "ligand": ligand.identity,
        "metal": candidate.metal.symbol,
        "ligands": candidate.ligands,
        "waters": candidate.group.waters,
        "co_ligands": candidate.group.co_ligands,
        "ligand_charge": ligand.charge,
        "charge": candidate.charge,
        "coordination_number": candidate.coordination_number + label.other_donors,
        "formula": formula(structure),
        "level": label.parts["complex"].level,
        "level_version": label.parts["complex"].level_version,
        "program": label.parts["complex"].program,
        "surface": setup.surface.name,
        "geometry": setup.file.theory.geometry,
        "campaign": setup.file.name,
        "reexplore": __version__,
    }
    row |= _scales(label)
    parts = {**label.parts, **({"aqua ion": label.aqua} if label.aqua is not None else {})}
    for part, terms in parts.items():
        row |= {term_column(part, term): value for term, value in _terms(terms).items()}
    row["doubts"] = "; ".join((*ligand.warnings, *label.doubts))
    return row


def _scales(label: Label) -> dict[str, Any]:
    """Return every property of one metal that a label has, each with its error."""
    is_free = label.parts["complex"].thermal_hartree is not None
    exchange = "complexation_free_energy" if is_free else "exchange_energy"
    scales = {"binding_energy": Measured.of(label.binding)}
    if label.exchange is not None:
        scales[exchange] = Measured.of(label.exchange)
    found: dict[str, Any] = {f"{name}_kcal_mol": scale.value for name, scale in scales.items()}
    found |= {f"{name}_error_kcal_mol": scale.error for name, scale in scales.items() if scale.error is not None}
    return found | ({"aqua_waters": label.aqua_waters} if label.aqua is not None else {})


def _terms(terms: EnergyTerms) -> dict[str, float]:
    """Return the terms of an energy in hartree; GFN2-xTB and some imported energies are one number."""
    found = {term: getattr(terms, f"{term}_hartree") for term in TERMS}
    return {term: float(value) for term, value in found.items() if value or term == "total"}


def _core_hours(ledger: Ledger) -> tuple[float, Mapping[str, float]]:
    """Return each label's share of what all have in common, and what each geometry and complex took, in core-hours.

    Searches, free ligands and ions are in common; learning and choosing are not counted. What was found in the store
    counts as if it had been computed.
    """
    chemistry = [each.key for each in ledger.calculations() if KINDS[each.kind].is_chemistry and each.state == "done"]
    took = dict(_took(ledger, chemistry))
    mine = {key for keys in ledger.labels().values() for key in (keys.structure, keys.complex)}
    return sum(hours for key, hours in took.items() if key not in mine) / max(len(ledger.labels()), 1), took


def _took(ledger: Ledger, keys: Iterable[str]) -> Iterator[tuple[str, float]]:
    for key in keys:
        if (outcome := ledger.outcome(key)) is not None:
            spent = float(outcome.provenance.get("wall_s", 0.0)) * int(outcome.provenance.get("cores", 1))
            yield key, spent / 3600
