"""What this program computed for the anchors: shipped, so that a new ligand stands beside them at once."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reexplore.anchors.table import Anchor, shipped_anchors
from reexplore.energies.protons import from_deprotonated_kcal_mol

#: Written by `benchmarks/experiment.py --keep FOLDER --ship`.
SHIPPED = Path(__file__).with_name("computed.csv")


@dataclass(frozen=True)
class Computed:
    """An anchor with one metal at its best coordination number, in kcal/mol.

    The free ligand is counted from `reference`: as it binds (`anion`), or as its `acid` less protons in water.
    """

    ligand: str
    metal: str
    level: str
    surface: str
    reference: str
    coordination_number: int
    aqua_waters: int
    electronic_kcal_mol: float
    free_kcal_mol: float


def read_computed(path: Path = SHIPPED) -> tuple[Computed, ...]:
    """Return the shipped values."""
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(
            Computed(
                row["ligand"],
                row["metal"],
                row["level"],
                row["surface"],
                row["reference"],
                int(row["coordination_number"]),
                int(row["aqua_waters"]),
                float(row["electronic_kcal_mol"]),
                float(row["free_kcal_mol"]),
            )
            for row in csv.DictReader(file)
        )


def stability_kcal_mol(anchor: Anchor, free_kcal_mol: float, *, reference: str) -> float | None:
    """Return ΔG of M + L → ML from the fully deprotonated ligand, as constants are measured.

    From the acid the measured pKa of the protons that left are added; None where one of them is not known.
    """
    if reference == "anion":
        return free_kcal_mol
    protons = -anchor.charge
    if len(anchor.pka) < protons:
        return None
    return from_deprotonated_kcal_mol(free_kcal_mol, anchor.pka, protons=protons)


def computed_alike(
    anchors: Iterable[Anchor], rows: Iterable[Computed], *, level: str, surface: str, reference: str
) -> dict[tuple[str, str], Computed]:
    """Return the rows of anchors that were computed in this way by (name of the anchor, metal).

    Rows name ligands of the shipped table: an anchor of any table is one of them where its identity is.
    """
    known = {
        (row.ligand, row.metal): row
        for row in rows
        if (row.level, row.surface, row.reference) == (level, surface, reference)
    }
    shipped = _names_by_identity()
    pairs = ((anchor.name, shipped.get(anchor.single.ligand.identity, "")) for anchor in anchors)
    return {(name, metal): row for name, ligand in pairs for (other, metal), row in known.items() if other == ligand}


def computed_for(
    anchors: Iterable[Anchor], rows: Iterable[Computed], *, level: str, surface: str, reference: str
) -> dict[tuple[str, str], float]:
    """Return ΔG of M + L → ML in kcal/mol by (ligand, metal), for anchors that were computed in this way."""
    known = {anchor.name: anchor for anchor in anchors}
    found = {}
    for key, row in computed_alike(known.values(), rows, level=level, surface=surface, reference=reference).items():
        value = stability_kcal_mol(known[key[0]], row.free_kcal_mol, reference=reference)
        if value is not None:
            found[key] = value
    return found


@cache
def _names_by_identity() -> dict[str, str]:
    return {anchor.single.ligand.identity: anchor.name for anchor in shipped_anchors()}
