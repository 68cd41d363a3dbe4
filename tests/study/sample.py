"""Pools for studies: with geometries from real complexes, or without any."""

from dataclasses import replace

import pandas as pd

from reexplore.dataset.files import provenance, write_pool
from reexplore.dataset.pool import LabelledPool, checked
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.structures.stoichiometry import formula
from tests.surrogate.sample import make_samples

COLUMN = "binding_energy_kcal_mol"
#: Invented energies of atoms in hartree, which the energy of a complex is nearly the sum of.
ATOMS = {"H": -0.6, "C": -38.0, "N": -54.7, "O": -75.2, "F": -99.8, "Cl": -460.2, "Br": -2574.0}


def rows(count=32):
    """Return labelled complexes as rows of a pool file with all that a study reads, and their geometries."""
    found, geometries = [], {}
    for sample in make_samples(count):
        structure = sample.structure
        ions = 0.01 * sum(ord(letter) for letter in sample.group.metal)
        atoms = sum(ATOMS[symbol] for symbol in structure.symbols[1:]) - 30 - ions
        found.append(
            {
                "key": sample.key,
                "scaffold": sample.scaffold,
                "substituents": list(sample.substituents),
                "scaffold_smiles": sample.parts[0],
                "substituent_smiles": list(sample.parts[1:]),
                "metal": sample.group.metal,
                "ligands": 1,
                "waters": 6,
                "ligand_charge": sample.group.ligand_charge,
                "charge": structure.charge,
                "formula": formula(structure),
                COLUMN: sample.target_kcal_mol,
                "complex_total_hartree": atoms + sample.target_kcal_mol / HARTREE_TO_KCAL_MOL,
            }
        )
        geometries[sample.key] = structure
    return pd.DataFrame(found), geometries


def pool_file(folder, *, count=32, geometries=True, change=lambda table: table):
    """Write a pool file and return its name."""
    table, structures = rows(count)
    table = checked(change(table), source="a test")
    shown = {key: structures[key] for key in table["key"]} if geometries else {}
    pool = LabelledPool(table, provenance(table, made_by="a test"), lambda: shown)
    return write_pool(pool, folder / "mine", energy_key="total_energy", energy=pool.properties[0])[0]


def asked(file, **changes):
    """Return a study of what costs nothing."""
    from reexplore.study.question import Asked

    return replace(
        Asked(file, models=("composition",), strategies=("binding",), splits=("random",), seeds=2), **changes
    )
