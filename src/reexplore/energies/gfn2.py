"""GFN2-xTB as the cheapest level: seconds where the others take minutes."""

from __future__ import annotations

from reexplore.energies.levels import GFN2, require_support
from reexplore.energies.terms import TBLITE, EnergyTerms
from reexplore.errors import InputError
from reexplore.structures.reading import require_closed_shell
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.engines import tblite_state


def gfn2_energy(structure: Structure, *, multiplicity: int | None = None) -> EnergyTerms:
    """Return the GFN2-xTB/ALPB(water) energy of a structure.

    The 4f electrons are in the core, so that every trivalent ion is a closed shell. Dispersion and
    solvent are part of one self-consistent energy here: their terms are zero, not told apart. `electrons`
    and `basis_functions` count the valence. C. Bannwarth, S. Ehlert, S. Grimme, J. Chem. Theory Comput.
    2019, 15, 1652. Raises `InputError` for other elements, an odd number of electrons or another
    multiplicity, `CalculationFailed` when the density does not converge.
    """
    require_support(GFN2, structure.symbols)
    if multiplicity not in (None, 1):
        raise InputError(
            f"level '{GFN2.name}' has the 4f electrons in the core and knows closed shells only:"
            f" multiplicity 1, not {multiplicity}"
        )
    require_closed_shell(structure)
    state = tblite_state(structure)
    return EnergyTerms(
        level=GFN2.name,
        level_version=GFN2.version,
        total_hartree=state.energy_hartree,
        dispersion_hartree=0.0,
        solvent_electrostatic_hartree=0.0,
        solvent_cds_hartree=0.0,
        cycles=0,
        basis_functions=len(state.occupations),
        electrons=round(float(state.occupations.sum())),
        multiplicity=1,
        program=TBLITE,
    )
