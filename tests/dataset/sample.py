"""Pools whose truth is known, without geometries."""

import numpy as np
import pandas as pd

from reexplore.dataset.columns import properties
from reexplore.dataset.files import provenance
from reexplore.dataset.pool import LabelledPool, checked
from reexplore.structures.structure import Structure

METALS = ("La", "Lu")


def truth(carbons, hydrogens, metal):
    """Return a number that only an oracle knows: no neighbour in composition tells of it."""
    return float(np.random.default_rng([carbons, hydrogens, METALS.index(metal)]).normal(scale=5.0))


def rows(scaffolds=4, substituents=15, *, energy=truth, metals=METALS):
    """Return scaffolds with substituents and metals; the atoms of each ligand are its own."""
    return [
        {
            "key": f"{scaffold:02d}{substituent:02d}{metal}",
            "scaffold": f"S{scaffold}",
            "substituents": [f"g{substituent}"],
            "metal": metal,
            "ligands": 1,
            "waters": 6,
            "ligand_charge": -(1 + scaffold % 2),
            "charge": 3 - (1 + scaffold % 2),
            "formula": f"{metal}C{6 + scaffold}H{3 + substituent}O2",
            "level": "gfn2",
            "binding_energy_kcal_mol": energy(6 + scaffold, 3 + substituent, metal),
            "core_hours": 0.25,
        }
        for scaffold in range(scaffolds)
        for substituent in range(substituents)
        for metal in metals
    ]


def pool(table=None, geometries=None, **changes):
    """Return a checked pool."""
    table = checked(pd.DataFrame(rows(**changes) if table is None else table), source="pool")
    assert properties(table.columns)
    found = geometries or {}
    return LabelledPool(table, provenance(table, made_by="a test"), lambda: found)


def geometries_of(table):
    """Return a geometry for each row: a metal and two oxygens at a distance of its own."""
    found = {}
    for number, row in enumerate(table.to_dict("records")):
        away = 2.3 + 0.001 * number
        positions = np.array([[0.0, 0.0, 0.0], [away, 0.0, 0.0], [-away, 0.0, 0.0]])
        found[row["key"]] = Structure((row["metal"], "O", "O"), positions, int(row["charge"]))
    return found
