"""One complex: numbers of ligands, co-ligands and waters that fit each other and the metal, its charge and its size."""

from __future__ import annotations

from reexplore.chemistry.candidates import Candidate, co_ligands_name
from reexplore.chemistry.ligand_input import LARGEST_COMPLEX_ATOMS
from reexplore.chemistry.ligands import CoLigands, Ligand
from reexplore.chemistry.metals import Metal
from reexplore.errors import InputError

#: More negative complexes of anions are not known: [La(NO3)6]3- has this charge.
LEAST_CHARGE = -3


def single_candidate(
    ligand: Ligand,
    *,
    metal: Metal,
    ligands: int,
    waters: int | None,
    coordination_number: int | None,
    co_ligands: CoLigands = (),
) -> Candidate:
    """Return the complex asked for; waters fill the metal's usual coordination number unless one of them is given.

    Raises `InputError` when the numbers do not fit each other or the metal, and what `require_complex` raises.
    """
    held = metal.coordination_numbers
    beside = sum(count * each.denticity for each, count in co_ligands)
    bound = ligands * ligand.denticity + beside
    if coordination_number is None:
        coordination_number = metal.usual_numbers[0] if waters is None else bound + waters
    donors = f"{ligands} × {ligand.denticity} donors"
    if co_ligands:
        donors += f" and the {beside} of {co_ligands_name(co_ligands)}"
    room = coordination_number - bound
    if room < 0:
        remedy = f": {metal.symbol} is held in {bound} as well, ask for that" if bound in held else ""
        raise InputError(f"{donors} are {bound}, more than the coordination number {coordination_number}{remedy}")
    if waters is None:
        waters = room
    if waters != room:
        raise InputError(
            f"{donors} and {waters} waters make {bound + waters}, not the coordination number {coordination_number}:"
            f" take {room} waters"
        )
    if coordination_number not in held:
        fitting = [number - bound for number in held if number >= bound]
        some = " to ".join(str(count) for count in sorted({min(fitting), max(fitting)})) if fitting else ""
        remedy = f": take {some} waters" if fitting else ": take fewer ligands"
        raise InputError(
            f"{donors} and {waters} waters make the coordination number {coordination_number},"
            f" but {metal.symbol} is held in {metal.held_in}{remedy}"
        )
    candidate = Candidate(ligand, metal, ligands, waters, co_ligands)
    require_complex(candidate)
    return candidate


def require_complex(candidate: Candidate) -> None:
    """Raise `InputError` for what no complex can be: too large, too negative, or its ligand among its co-ligands."""
    if any(ligand == candidate.ligand for ligand, _ in candidate.co_ligands):
        raise InputError(f"{candidate.name}: the co-ligand is the ligand itself; raise the number of ligands")
    if candidate.charge < LEAST_CHARGE and any(ligand.charge < 0 for ligand, _ in candidate.co_ligands):
        raise InputError(
            f"{candidate.name} would have the charge {candidate.charge:+d}: with anions beside the ligand none more"
            f" negative than {LEAST_CHARGE} is known; take fewer of them"
        )
    atoms = 1 + sum(count * each.mol_with_hydrogens.GetNumAtoms() for each, count in candidate.kinds)
    atoms += 3 * candidate.waters
    if atoms > LARGEST_COMPLEX_ATOMS:
        raise InputError(
            f"{candidate.name} has {atoms} atoms, more than {LARGEST_COMPLEX_ATOMS}: its search would take"
            " hours; take fewer or smaller ligands"
        )
