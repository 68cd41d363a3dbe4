"""Measured anchors beside what was computed of them and of the candidates, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reexplore.tracking.estimates import Estimated


@dataclass(frozen=True)
class AnchorRow:
    """A ligand with one metal: measured, computed, and calibrated on the other anchors of its panel.

    `measured` and `calibrated` are in log units, `computed` in the unit of its panel. `source` is the table it is
    from; `computed_by` tells whether this campaign labelled it, or whether its value is shipped.
    """

    ligand: str
    smiles: str
    metal: str
    source: str
    measured: float
    computed: float
    calibrated: float | None
    energy_kcal_mol: float
    coordination_number: int
    aqua_waters: int
    computed_by: str


@dataclass(frozen=True)
class Line:
    """A straight line of measured against computed; `error_log_units` is that of points left out one by one."""

    slope: float
    intercept: float
    error_log_units: float


@dataclass(frozen=True)
class Marked:
    """A labelled candidate of the campaign on the computed axis of a panel."""

    name: str
    energy_kcal_mol: float
    computed: float
    calibrated: Estimated | None


@dataclass(frozen=True)
class AnchorPanel:
    """Anchors of one ligand charge with one metal, which may be compared with each other and with some candidates.

    `measured` names what was measured, `computed` what was computed, in `unit`. `metals` are those of the candidates,
    all nearest in size to `metal`. `spearman` is that of measured and computed strength, None for fewer than three
    anchors. `calibration` is what is added to computed constants, as a line of slope one; `regression` is the line of
    least squares, None for fewer than four. `candidates` are the strongest of `among` labelled ones.
    """

    title: str
    charge: int
    metal: str
    metals: tuple[str, ...]
    measured: str
    computed: str
    unit: Literal["log units", "kcal/mol"]
    rows: tuple[AnchorRow, ...]
    spearman: float | None
    calibration: Line | None
    regression: Line | None
    candidates: tuple[Marked, ...]
    among: int

    @property
    def is_constant(self) -> bool:
        """Return whether what was computed is log10 of what was measured, and no energy."""
        return self.unit == "log units"

    @property
    def verdict(self) -> str:
        """Return in words how far what is computed may be trusted."""
        told = [f"{len(self.rows)} anchors" if len(self.rows) != 1 else "one anchor"]
        others = [metal for metal in self.metals if metal != self.metal]
        if others:
            told.append(f"with {self.metal}, the nearest in size to {' '.join(others)} that was computed")
        told.append("too few for an order" if self.spearman is None else f"Spearman {self.spearman:+.2f}")
        if self.calibration is not None:
            added, error = self.calibration.intercept, self.calibration.error_log_units
            told.append(f"calibration {added:+.1f} log units, left out one by one they are off by {error:.1f}")
        elif self.is_constant:
            told.append("too few for a calibration")
        if self.regression is not None:
            slope, error = self.regression.slope, self.regression.error_log_units
            unit = "" if self.is_constant else " log units per kcal/mol"
            told.append(f"regression with slope {slope:.2f}{unit}, left out they are off by {error:.1f}")
        return "; ".join(told).replace("-", "−")


@dataclass(frozen=True)
class AnchorsRecord:
    """What a campaign's candidates are judged by; `notes` say what the numbers are, or why there are none."""

    panels: tuple[AnchorPanel, ...] = ()
    notes: tuple[str, ...] = ()
