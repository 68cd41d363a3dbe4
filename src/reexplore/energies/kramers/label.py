"""The result for one complex: its Kramers doublets, and all that the numbers hang on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from reexplore.energies.kramers.axis import Axis, tilt_degrees
from reexplore.energies.kramers.doublets import Doublet
from reexplore.energies.kramers.method import KramersMethod
from reexplore.errors import InputError
from reexplore.structures.bipyramid import LEAST_AXIS_DEGREES

#: The main magnetic axis of the ground doublet is taken to lie along that of the donors up to this angle.
MOST_TILT_DEGREES = 10.0


@dataclass(frozen=True)
class KramersLabel:
    """The doublets of the ground multiplet of one metal ion in one geometry, by one method.

    `next_multiplet_cm` is the first level above the ground multiplet. `energy_hartree` is the averaged energy.
    `l_squared` is the mean of l² in the 4f orbitals (12 of a free ion), `f_population` that of their electrons that are
    found in the metal's own f functions (Löwdin). `axis` is that of the two donors most nearly opposite, None where
    there are not two. `attempts` records every try to converge, the successful one last. `stage_cpu_seconds` does not
    count in comparisons.
    """

    metal: str
    charge: int
    method: KramersMethod
    doublets: tuple[Doublet, ...]
    next_multiplet_cm: float | None
    energy_hartree: float
    spin_orbit_constant_cm: float
    l_squared: float
    f_population: float
    gradient_norm: float
    basis_functions: int
    fitting_functions: int
    donor_distances_angstrom: dict[int, float]
    axis: Axis | None
    attempts: tuple[dict[str, Any], ...] = ()
    stage_cpu_seconds: dict[str, float] = field(default_factory=dict, compare=False)

    @property
    def gap_cm(self) -> float:
        """Return the first Kramers gap: the second doublet above the first."""
        return self.doublets[1].energy_cm

    @property
    def tilt_degrees(self) -> float | None:
        """Return the angle between the ground doublet's main magnetic axis and that of the donors."""
        return None if self.axis is None else tilt_degrees(self.doublets[0].axis, self.axis.direction)

    @property
    def transversal_g(self) -> float:
        """Return √(g₁² + g₂²) of the ground doublet: zero of a perfectly axial one, which cannot tunnel."""
        first, second, _ = self.doublets[0].g
        return float((first**2 + second**2) ** 0.5)

    @property
    def doubts(self) -> dict[str, str]:
        """Return what speaks against a magnet with this axis: a code, and what was found."""
        found: dict[str, str] = {}
        if self.axis is not None and self.axis.angle_degrees < LEAST_AXIS_DEGREES:
            found["axis_bent"] = f"the donors most nearly opposite are {self.axis.angle_degrees:.0f}° apart"
        tilt = self.tilt_degrees
        if tilt is not None and tilt > MOST_TILT_DEGREES:
            found["axis_not_axial"] = f"the magnetic axis is {tilt:.0f}° off the axis of the donors"
        return found

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        distances = {str(atom): distance for atom, distance in self.donor_distances_angstrom.items()}
        return asdict(self) | {"method": self.method.to_json(), "donor_distances_angstrom": distances}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> KramersLabel:
        """Rebuild it from `to_json`; raise `InputError` for one of a later version of reexplore."""
        if unknown := sorted(data.keys() - {each.name for each in fields(cls)}):
            told = ", ".join(unknown)
            raise InputError(f"a Kramers gap has parts that this reexplore does not know ({told}): use the later one")
        axis = data["axis"]
        read = {
            "method": KramersMethod.from_json(data["method"]),
            "doublets": tuple(Doublet.from_dict(each) for each in data["doublets"]),
            "donor_distances_angstrom": {int(k): v for k, v in data["donor_distances_angstrom"].items()},
            "axis": None if axis is None else Axis(**{name: _tuples(value) for name, value in axis.items()}),
            "attempts": tuple(data["attempts"]),
        }
        return cls(**(data | read))


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
