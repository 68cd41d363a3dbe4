"""What stands beside a prediction: the labelled ligands that are most like it, and those that were measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reexplore.anchors.table import shipped_anchors
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import Metal
from reexplore.chemistry.similarity import most_alike
from reexplore.workbench.pool_answers import Measured, Relative
from reexplore.workbench.pool_model import PoolModel

_SHOWN = 3


def labelled_ligands(model: PoolModel, metals: Sequence[str]) -> tuple[Relative, ...]:
    """Return every ligand of a pool with its labels with some metals, in the number of ligands that is predicted.

    One that has none with these metals has those of the others. A pool that tells no SMILES has none.
    """
    table = model.pool.table
    if "smiles" not in table:
        return ()
    smiles_of = dict(zip(table["key"], table["smiles"], strict=True))
    found: dict[tuple[str, str], dict[str, float]] = {}
    for sample in model.samples:
        if sample.group.ligands == model.coordination.ligands and sample.target_kcal_mol is not None:
            where = ("-".join((sample.scaffold, *sample.substituents)), str(smiles_of[sample.key]))
            found.setdefault(where, {})[sample.group.metal] = sample.target_kcal_mol
    asked = ((where, {m: labels[m] for m in metals if m in labels} or labels) for where, labels in found.items())
    return tuple(Relative(*where, 0.0, labels) for where, labels in asked)


def nearest(ligand: Ligand, known: Sequence[Relative]) -> list[Relative]:
    """Return those of some ligands that are most like one, the nearest first; itself is left out."""
    near = most_alike(ligand.canonical_smiles, [each.smiles for each in known], count=_SHOWN)
    return [replace(known[place], similarity=similarity) for place, similarity in near]


def measured(ligand: Ligand, metals: Sequence[Metal]) -> Iterator[Measured]:
    """Yield the measured ligands of the same charge and number of donors with some metals, the ligand itself first."""
    alike = [
        anchor
        for anchor in shipped_anchors()
        if anchor.charge == ligand.charge and anchor.single.ligand.denticity == ligand.denticity
    ]
    for anchor in sorted(alike, key=lambda each: each.single.ligand != ligand):
        if values := {m.symbol: anchor.log_k1[m.symbol] for m in metals if m.symbol in anchor.log_k1}:
            yield Measured(anchor.name, anchor.single.ligand.canonical_smiles, values)
