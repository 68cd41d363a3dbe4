"""GFN2-xTB as the cheapest level: seconds where the others take minutes."""

from __future__ import annotations

from collections.abc import Sequence

from reexplore.chemistry.ligands import Ligand
from reexplore.energies.levels import GFN2, require_support
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.terms import TBLITE, EnergyTerms
from reexplore.errors import InputError
from reexplore.structures.reading import require_closed_shell
from reexplore.structures.structure import Layout, Structure
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


def gfn2_interaction_kcal_mol(structure: Structure, layout: Layout, bound: Sequence[Ligand]) -> float:
    """Return E(complex) less E(each ligand as it lies there), GFN2-xTB/ALPB(water), in kcal/mol.

    `bound` are the ligands and co-ligands of the complex in the order of `layout`. The price of bending a ligand is not
    in it. Ion and waters are not taken off: they are the same within a metal and a number of waters. Raises
    `CalculationFailed` when a density does not converge.
    """
    parts = 0.0
    for number, ligand in enumerate(bound):
        atoms = list(layout.ligand(number))
        symbols = tuple(structure.symbols[atom] for atom in atoms)
        alone = Structure(symbols, structure.positions_angstrom[atoms], ligand.charge)
        parts += gfn2_energy(alone).total_hartree
    return (gfn2_energy(structure).total_hartree - parts) * HARTREE_TO_KCAL_MOL
