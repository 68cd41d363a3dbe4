"""A pool of labels that follow a rule: what each substituent adds at its site, a metal's share, and a scaffold's."""

from itertools import islice, product

import pandas as pd

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import find_metal
from reexplore.dataset.files import write_pool
from reexplore.dataset.pool import LabelledPool, checked

GROUPS = ("H", "methyl", "fluoro", "cyano", "methoxy", "amino", "nitro", "chloro")
COLUMN = "exchange_energy_kcal_mol"


def value(scaffold, groups, metal):
    """Return the label: weaker by what pulls electrons, and lutetium's apart."""
    pulls = {"H": 0.0, "methyl": -0.5, "fluoro": 1.0, "cyano": 3.0, "methoxy": -1.0, "amino": -2.0}
    pulled = sum(pulls.get(name, 2.0) for name in groups)
    return -10.0 + pulled - 0.3 * len(scaffold) + {"Gd": 0.0, "Lu": -4.0}[metal] * (1 + 0.02 * pulled)


def rows(scaffolds=("HOPO", "HDEV"), metals=("Gd", "Lu"), groups=GROUPS):
    found = []
    for name in scaffolds:
        scaffold = SCAFFOLDS[name]
        fillings = islice(product(groups, repeat=scaffold.sites), 24)
        for chosen, metal in product(list(fillings), metals):
            ligand = assemble(scaffold, tuple(SUBSTITUENTS[group] for group in chosen))
            candidate = Candidate(ligand, find_metal(metal), 1, 8 - ligand.denticity)
            found.append(
                {
                    "key": candidate.key,
                    "name": candidate.name,
                    "scaffold": name,
                    "substituents": list(chosen),
                    "scaffold_smiles": scaffold.smiles,
                    "substituent_smiles": [SUBSTITUENTS[group].smiles for group in chosen],
                    "smiles": ligand.canonical_smiles,
                    "ligand": ligand.identity,
                    "metal": metal,
                    "ligands": 1,
                    "waters": candidate.waters,
                    "co_ligands": "",
                    "ligand_charge": ligand.charge,
                    "charge": candidate.charge,
                    "level": "invented",
                    COLUMN: value(name, chosen, metal),
                }
            )
    return pd.DataFrame(found).drop_duplicates("key")


def pool(**choices):
    return LabelledPool(checked(rows(**choices), source="the rule"))


def pool_file(path, **choices):
    write_pool(pool(**choices), path, energy_key="energy", energy=COLUMN)
    return path.with_name(f"{path.name}.parquet")
