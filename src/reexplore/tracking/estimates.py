"""Numbers that have an error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimated:
    """A number with its error, None where it has none."""

    value: float
    error: float | None


@dataclass(frozen=True)
class LogK:
    """log10 of the stability constant of one ligand, as it was computed and calibrated on anchors.

    `calibrated` is None where too few anchors were computed. `name` is `log K1`, or says that the free ligand is
    counted from its acid: the constant of M + HnL → ML + n H is less by the ligand's pKa.
    """

    name: str
    computed: float
    calibrated: Estimated | None = None

    def __str__(self) -> str:
        """Return it as it is read beside an energy."""
        told = f"{self.name} {self.computed:.1f}"
        if self.calibrated is not None:
            told += f", calibrated {self.calibrated.value:.1f} ± {self.calibrated.error:.1f}"
        return told.replace("-", "−")
