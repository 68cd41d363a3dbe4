"""The result of one single-point calculation, in parts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from reexplore.errors import InputError

#: What computes energies here; an imported energy names its own program.
ENGINE = "PySCF"
#: What computes the level `gfn2`.
TBLITE = "tblite"


@dataclass(frozen=True)
class EnergyTerms:
    """The energy of one structure at one level, with the terms that were added to the electronic energy.

    All energies are in Hartree. `solvent_electrostatic_hartree` is the interaction with the
    polarised continuum (half of charge times potential), `solvent_cds_hartree` SMD's cavity,
    dispersion and solvent-structure term. `attempts` records every try of the self-consistent
    field, the successful one last. `stage_cpu_seconds` tells where the time went and does not
    count in comparisons. `program` names what computed the energy, with its version when the energy was
    imported: absolute energies of two programs differ by more than a label's error. `spread_hartree` is the
    highest less the lowest of the f occupations that converged within 5 kcal/mol of the lowest: the energy's own error,
    None when there is no second one. `thermal_hartree` makes the total a Gibbs free energy at 25 °C, in the standard
    state of its part in a reaction; None where only electronic energies are meant.
    `f_population` and `f_unpaired` count the electrons, and those without a partner, in the free ion's 4f orbitals;
    `lowest_curvature_hartree`, of an open shell, is negative when a lower state lies downhill of the one found.
    """

    level: str
    level_version: int
    total_hartree: float
    dispersion_hartree: float
    solvent_electrostatic_hartree: float
    solvent_cds_hartree: float
    cycles: int
    basis_functions: int
    electrons: int
    multiplicity: int
    is_fake: bool = False
    program: str = ENGINE
    spin_squared: float | None = None
    f_population: float | None = None
    f_unpaired: float | None = None
    gap_hartree: float | None = None
    spread_hartree: float | None = None
    lowest_curvature_hartree: float | None = None
    thermal_hartree: float | None = None
    attempts: tuple[dict[str, Any], ...] = ()
    stage_cpu_seconds: dict[str, float] = field(default_factory=dict, compare=False)

    @property
    def electronic_hartree(self) -> float:
        """Return the Kohn-Sham energy of the solvated density, nuclear repulsion included."""
        return (
            self.total_hartree - self.dispersion_hartree - self.solvent_electrostatic_hartree - self.solvent_cds_hartree
        )

    @property
    def in_reaction_hartree(self) -> float:
        """Return what counts in a reaction: the free energy where there is one, else the electronic energy."""
        return self.total_hartree + (self.thermal_hartree or 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the terms of the calculation as JSON-ready values: thermal terms are another's."""
        data = asdict(self) | {"attempts": [dict(attempt) for attempt in self.attempts]}
        del data["thermal_hartree"]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> EnergyTerms:
        """Rebuild the terms from `to_dict`; raise `InputError` for those of a later version of reexplore."""
        if unknown := sorted(data.keys() - {term.name for term in fields(cls)}):
            raise InputError(
                f"an energy has terms that this reexplore does not know ({', '.join(unknown)}): use the later one"
                " that computed it"
            )
        return cls(**(data | {"attempts": tuple(data["attempts"])}))
