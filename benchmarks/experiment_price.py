"""What a stability constant costs beside an exchange energy at `quick`, in CPU seconds of this machine."""

from __future__ import annotations

import time
from typing import Any

from experiment_kept import NUMBERS, Folder, compute_energy
from label_geometries import stored

from reexplore.energies import find_level
from reexplore.energies.dft.single_point import single_point

#: The complex whose label is timed at both levels.
LABEL = "La_HOPO-H_1_6"


def price_figures(folder: Folder, anchor: str, metal: str) -> dict[str, Any]:
    """Return the cost of one new ligand with one metal, geometries included, over that of exchange energy at `quick`.

    `folder` holds what was just computed. The constant takes the acid and both coordination numbers, the exchange
    energy the anion and eight; aqua ions and water are there already for both.
    """
    complexes = [f"{metal}_{anchor}_{n}" for n in NUMBERS]
    constant = [f"{anchor}_acid", *complexes]
    exchange = [f"{anchor}_free", complexes[0]]
    quick = Folder(folder.path, "quick")
    for name in exchange:
        compute_energy(quick, name)
    search, minimum = (_sum(folder, "minima", constant, key) for key in ("search_cpu_s", "cpu_s"))
    energies = _sum(folder, folder.level, constant, "cpu_s")
    plain = _sum(folder, "minima", exchange, "search_cpu_s") + _sum(folder, "quick", exchange, "cpu_s")
    labels = {level: _label_cpu_s(level) for level in ("quick", folder.level)}
    return {
        "price_cpu_s": {"search": search, "minima and vibrations": minimum, "energies": energies, "exchange": plain},
        "price_ratio": round((search + minimum + energies) / plain, 2),
        "price_ratio_without_thermal": round((search + energies) / plain, 2),
        "label_cost_ratio": round(labels[folder.level] / labels["quick"], 2),
    }


def _sum(folder: Folder, kind: str, names: list[str], key: str) -> float:
    return round(sum(folder.kept(kind, name)[key] for name in names), 1)


def _label_cpu_s(level: str) -> float:
    began = time.process_time()
    single_point(stored(LABEL), level=find_level(level), memory_gb=6.0)
    return time.process_time() - began
