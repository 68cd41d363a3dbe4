"""Aqua ions by their free energies, beside experiment: numbers of waters, distances and hydration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from experiment_kept import NUMBERS, Folder
from experiment_scales import Scale
from hydration import MARCUS_GIBBS_KCAL_MOL as MARCUS

from reexplore.chemistry.metals import METALS

#: Mean M-O distances of the aqua ions, Y. Marcus as tabulated by P. Li, L. F. Song, K. M. Merz, J. Phys. Chem. B 2015,
#: 119, 883. Different sources: cerium's and praseodymium's are longer than lanthanum's.
MEASURED_ANGSTROM = {
    **{"Y": 2.36, "La": 2.52, "Ce": 2.55, "Pr": 2.54, "Nd": 2.47, "Sm": 2.44, "Eu": 2.45, "Gd": 2.39},
    **{"Tb": 2.40, "Dy": 2.37, "Er": 2.36, "Tm": 2.36, "Lu": 2.34},
}


def chosen_waters(folder: Folder) -> dict[str, tuple[int, float]]:
    """Return how many waters each aqua ion has by its free energy, and how far nine lie above eight in kcal/mol."""
    scale = Scale()
    chosen = {}
    water = scale.value(folder, "water")
    for metal in METALS:
        found = {n: scale.value(folder, f"{metal}_aqua_{n}") for n in NUMBERS}
        if water is None or any(value is None for value in found.values()):
            continue
        free = {n: value - n * water for n, value in found.items() if value is not None}
        chosen[metal] = (min(free, key=free.__getitem__), free[9] - free[8])
    return chosen


def distances_angstrom(folder: Folder, waters: Mapping[str, int]) -> dict[str, float]:
    """Return the mean M-O distance of each aqua ion with as many waters as its free energy chooses."""
    found = {}
    for metal, count in waters.items():
        structure = folder.structure(f"{metal}_aqua_{count}")
        assert structure is not None
        at = structure.positions_angstrom
        oxygen = [i for i, symbol in enumerate(structure.symbols) if symbol == "O"]
        found[metal] = float(np.mean(np.linalg.norm(at[oxygen] - at[structure.symbols.index(metal)], axis=1)))
    return found


def hydration_kcal_mol(folder: Folder, waters: Mapping[str, int]) -> dict[str, float]:
    """Return the free energy of M3+(gas, 1 mol/l) + n H2O(l) → [M(H2O)n]3+ with the waters that it chooses.

    The bare ions are those of the level `gas`, which is `standard` without a solvent.
    """
    gas = Folder(folder.path, "gas")
    found = {}
    for metal, count in waters.items():
        bare = Scale().value(gas, metal)
        complex_, water = (Scale().value(folder, name) for name in (f"{metal}_aqua_{count}", "water"))
        if bare is not None and complex_ is not None and water is not None:
            found[metal] = complex_ - count * water - bare
    return found


def aqua_figures(folder: Folder) -> dict[str, Any]:
    """Return the figures of the aqua ions; None where too little was computed."""
    chosen = chosen_waters(folder)
    waters = {metal: count for metal, (count, _) in chosen.items()}
    distances, hydration = distances_angstrom(folder, waters), hydration_kcal_mol(folder, waters)
    off = [distances[metal] - measured for metal, measured in MEASURED_ANGSTROM.items() if metal in distances]
    spans = [each["La"] - each["Lu"] if {"La", "Lu"} <= each.keys() else None for each in (hydration, MARCUS)]
    return {
        "aqua_numbers": waters,
        "nine_less_eight_kcal_mol": {metal: round(value, 2) for metal, (_, value) in chosen.items()},
        "aqua_distance_angstrom": {metal: round(value, 3) for metal, value in distances.items()},
        "aqua_distance_mae_angstrom": float(np.mean(np.abs(off))) if off else None,
        "hydration_kcal_mol": {metal: round(value, 1) for metal, value in hydration.items()},
        "hydration_la_lu_kcal_mol": spans[0],
        "hydration_error_percent": None if spans[0] is None else 100 * (spans[0] / spans[1] - 1),
    }
