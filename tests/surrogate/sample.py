"""Candidates with real geometries and an invented binding energy that depends on them."""

from itertools import product
from pathlib import Path

import numpy as np

from reexplore.chemistry.candidates import Group
from reexplore.chemistry.library import SCAFFOLDS
from reexplore.chemistry.metals import find_metal
from reexplore.structures.structure import Structure
from reexplore.surrogate.samples import Sample

DATA = Path(__file__).parent / "data"

#: GFN2-xTB/ALPB minima of [M(L)(H2O)6]: file, ligand charge, and the ring hydrogen a substituent replaces.
COMPLEXES = {"CAM": ("La_CAM-H_1_6", -2, 16), "HOPO": ("La_HOPO-H_1_6", -1, 16)}
SUBSTITUENTS = {"H": "H", "fluoro": "F", "chloro": "Cl", "bromo": "Br"}
_SMILES = {"H": "[H][*:1]", "fluoro": "F[*:1]", "chloro": "Cl[*:1]", "bromo": "Br[*:1]"}
METALS = ("La", "Ce", "Nd", "Eu", "Gd", "Dy", "Er", "Lu")


def read_complex(name):
    return Structure.from_extxyz((DATA / f"{name}.extxyz").read_text())


def make_samples(count, *, seed=0, labelled=True):
    """Return `count` different candidates: metal exchanged, a ring hydrogen replaced, atoms displaced."""
    random = np.random.default_rng(seed)
    choices = list(product(COMPLEXES, SUBSTITUENTS, METALS))
    order = random.permutation(len(choices))
    samples = []
    for number in range(count):
        scaffold, substituent, metal = choices[order[number % len(choices)]]
        file, ligand_charge, hydrogen = COMPLEXES[scaffold]
        start = read_complex(file)
        symbols = (metal, *start.symbols[1:hydrogen], SUBSTITUENTS[substituent], *start.symbols[hydrogen + 1 :])
        moved = start.positions_angstrom + random.normal(scale=0.05, size=(len(start), 3))
        structure = Structure(symbols, moved, start.charge)
        samples.append(
            Sample(
                key=f"{number:04d}-{scaffold}-{substituent}-{metal}",
                structure=structure,
                group=Group(metal, 1, 6, ligand_charge),
                scaffold=scaffold,
                substituents=(substituent,),
                target_kcal_mol=invented_energy(structure, metal) if labelled else None,
                parts=(SCAFFOLDS[scaffold].smiles, _SMILES[substituent]),
            )
        )
    return samples


def invented_energy(structure, metal):
    """Return charges attracting each other over distances that shrink with the ion: smooth and non-linear."""
    distance = np.linalg.norm(structure.positions_angstrom[1:] - structure.positions_angstrom[0], axis=1)
    partial = {"O": -0.6, "N": -0.4, "C": 0.1, "H": 0.3, "F": -0.25, "Cl": -0.15, "Br": -0.1}
    charges = np.array([partial[symbol] for symbol in structure.symbols[1:]])
    radius = find_metal(metal).shannon_radius_angstrom
    return float(3 * 332.06 / 10 * np.sum(charges / (distance - 1.16 + radius)) - 60 * structure.charge**-1)
