"""What GFN2-xTB says of a free ligand in a tenth of a second, to learn from before dear labels are there."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ase.units import Hartree

from reexplore.chemistry.ligands import Ligand
from reexplore.errors import InputError
from reexplore.structures.conformers.free_ligand import free_ligand_conformers
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.engines import tblite_state

#: The names of the proxies, each with its unit.
PROXIES = ("donor_charge_e", "homo_ev", "lumo_ev")
#: The lowest of so many force-field conformers is taken.
_CONFORMERS = 3
_HALF_FILLED = 1.0


@dataclass(frozen=True)
class LigandProxies:
    """The donor's partial charge (Mulliken) and the frontier orbitals of a free ligand in water.

    GFN2-xTB/ALPB: C. Bannwarth, S. Ehlert, S. Grimme, J. Chem. Theory Comput. 2019, 15, 1652.
    """

    donor_charge_e: float
    homo_ev: float
    lumo_ev: float

    def to_dict(self) -> dict[str, float]:
        """Return them by name."""
        return asdict(self)


def ligand_proxies(ligand: Ligand, *, seed: int) -> LigandProxies:
    """Return the proxies of a ligand of one donor on its lowest force-field conformer of a few.

    Raises `InputError` for another number of donors and `CalculationFailed` when nothing is embedded or no density
    converges.
    """
    if ligand.denticity != 1:
        raise InputError(f"proxies are those of one donor, and {ligand.smiles} has {ligand.denticity}")
    lowest = free_ligand_conformers(ligand, count=_CONFORMERS, seed=seed)[0]
    return proxies_of(lowest, donor=ligand.donors[0])


def proxies_of(structure: Structure, *, donor: int) -> LigandProxies:
    """Return the proxies of a closed-shell structure whose atom `donor` is the donor."""
    state = tblite_state(structure)
    energies_ev = state.orbital_energies_hartree * Hartree
    filled = state.occupations > _HALF_FILLED
    return LigandProxies(
        donor_charge_e=float(state.charges_e[donor]),
        homo_ev=float(energies_ev[filled].max()),
        lumo_ev=float(energies_ev[~filled].min()),
    )
