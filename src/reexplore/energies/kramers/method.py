"""How a Kramers gap is computed: everything that decides the number but the geometry."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

#: What is computed, for reports.
METHOD = "configuration-averaged Hartree-Fock and full CI of the 4f shell with spin-orbit coupling, sf-X2C, by PySCF"
#: Raised when the same declaration gives another number than before.
VERSION = 1
#: Fits the densities of light elements; for lanthanides with all their electrons none is published.
LIGAND_FITTING_BASIS = "def2-universal-jkfit"


@dataclass(frozen=True)
class KramersMethod:
    """Bases of metal, ligands and hydrogen; which spins are in the configuration interaction; how integrals are made.

    All are bases for all electrons at the sf-X2C Hamiltonian (P. Pollak, F. Weigend, J. Chem. Theory Comput. 2017, 13,
    3696). `spins` is `all`, or `highest` for Hund's spin alone, which is what most published work has.
    """

    metal_basis: str = "x2c-TZVPall"
    ligand_basis: str = "x2c-SVPall"
    hydrogen_basis: str = "x2c-SV(P)all"
    spins: Literal["all", "highest"] = "all"
    integrals: Literal["fitted", "exact"] = "fitted"

    def basis_of(self, symbol: str, *, metal: str) -> str:
        """Return the name of an element's basis."""
        return {metal: self.metal_basis, "H": self.hydrogen_basis}.get(symbol, self.ligand_basis)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return asdict(self) | {"version": VERSION}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> KramersMethod:
        """Read it from `to_json`; raise `ValueError` for that of another version."""
        if data["version"] != VERSION:
            raise ValueError(f"the method of Kramers gaps has version {VERSION} here, not {data['version']}")
        return cls(**{name: value for name, value in data.items() if name != "version"})


PRODUCTION = KramersMethod()
#: Its reference value for linear [Dy(OH)2]+ is known: docs/validation/magnets.md.
SMALL_BASIS = KramersMethod(metal_basis="x2c-SVPall", hydrogen_basis="x2c-SVPall", spins="highest")
