"""An additive correction of computed stability constants, fitted on anchors of the same ligand charge."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reexplore.anchors.comparison import Compared
from reexplore.chemistry.metals import METALS

#: Two ligands say what is off, and a third how far one may trust it.
_FEWEST = 3


@dataclass(frozen=True)
class Calibration:
    """What is added to log10 K1 of ligands of one charge with one metal.

    `error_log_units` is the root mean square of what the anchors are off by, each calibrated on the others; `metal` is
    the one they were computed with, the nearest in size to that asked for.
    """

    charge: int
    metal: str
    added_log_units: float
    error_log_units: float
    anchors: int

    def __str__(self) -> str:
        """Return it as a sentence."""
        return (
            f"{self.added_log_units:+.1f} log units, what {self.anchors} anchors of charge {self.charge:+d} lack with"
            f" {self.metal}; left out one by one they are off by {self.error_log_units:.1f}"
        )


def calibration(rows: Sequence[Compared], *, charge: int, metal: str, smiles: str = "") -> Calibration | None:
    """Return the calibration for a ligand charge and a metal, None where fewer than three anchors were computed.

    A ligand of these `smiles` is left out, so that an anchor is not calibrated on its own measured constant.
    """
    rows = [row for row in rows if not smiles or row.smiles != smiles]
    nearest = nearest_metal(rows, charge=charge, metal=metal)
    alike = [row for row in rows if row.charge == charge and row.metal == nearest]
    if nearest is None or len(alike) < _FEWEST:
        return None
    off = [row.calibrated - row.measured for row in alike if row.calibrated is not None]
    return Calibration(
        charge,
        nearest,
        added_log_units=float(np.mean([row.measured - row.computed for row in alike])),
        error_log_units=math.sqrt(float(np.mean(np.square(off)))),
        anchors=len(alike),
    )


def nearest_metal(rows: Sequence[Compared], *, charge: int, metal: str) -> str | None:
    """Return the metal nearest in size with three anchors of a charge, else that with any, None where there is none."""
    counts = Counter(row.metal for row in rows if row.charge == charge)
    wanted = METALS[metal].shannon_radius_angstrom

    def off(other: str) -> tuple[bool, float]:
        return counts[other] < _FEWEST, abs(METALS[other].shannon_radius_angstrom - wanted)

    return min(counts, key=off, default=None)
