"""Kramers doublets as they are shown: level scheme, g factors and the magnetic axis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DoubletRecord:
    """One doublet: its energy above the lowest (cm⁻¹), and its g factors in ascending order."""

    energy_cm: float
    g: tuple[float, float, float]


@dataclass(frozen=True)
class MagnetRecord:
    """The doublets of the ground multiplet of a label.

    `axis` is the unit vector of the largest g factor of the lowest one, in the frame of the label's geometry, and
    `tilt_degrees` its angle to the line of the two axial donors, where there are two.
    """

    doublets: tuple[DoubletRecord, ...]
    axis: tuple[float, float, float]
    tilt_degrees: float | None
