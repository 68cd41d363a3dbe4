"""The complex a command asks for, checked by what costs nothing: a value, or one sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rdkit import Chem

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.donors import CHELATE_BONDS, strength
from reexplore.chemistry.ligand_input import (
    DonorsMissingError,
    SingleLigand,
    library_ligand,
    plain_ligand,
    proposal,
    single_candidate,
)
from reexplore.chemistry.metals import find_metal
from reexplore.errors import InputError
from reexplore.structures.builders.feasibility import apart, can_hold


@dataclass(frozen=True)
class Asked:
    """One complex as it was typed: the ligand by SMILES or by its name in the library."""

    smiles: str | None
    name: str | None
    donors: str | None
    metal: str
    ligands: int
    waters: int | None
    coordination_number: int | None

    def checked(self, *, command: str) -> tuple[SingleLigand, Candidate]:
        """Return the ligand and its complex, or raise `InputError` with the first thing that is wrong.

        Without donors the error proposes those that can hold one metal, and ends with the command to
        type; `command` is what was typed.
        """
        metal = find_metal(self.metal)
        single = _chosen(self.smiles, name=self.name, donors=_numbers(self.donors), command=command)
        candidate = single_candidate(
            single.ligand,
            metal=metal,
            ligands=self.ligands,
            waters=self.waters,
            coordination_number=self.coordination_number,
        )
        # Last, because it costs a second for a large ligand.
        # The library's are known to hold one.
        if self.smiles is not None:
            require_together(single)
        return single, candidate


def require_together(single: SingleLigand) -> None:
    """Raise `InputError` when a ligand's donors cannot hold one metal together; a second for a large ligand."""
    if impossible := apart(single.ligand):
        names = [single.name_of(atom) for atom in sorted(impossible, key=single.numbers.__getitem__)]
        raise InputError(
            f"the ligand: {', '.join(names[:-1])} and {names[-1]} of '{single.smiles}' cannot hold one metal"
            " together: in no shape of the molecule do they face one point"
        )


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    if not re.fullmatch(r"\s*-?\d+(\s*,\s*-?\d+)*\s*", text):
        raise InputError(f"--donors takes atom numbers joined by commas, such as 2,4, not '{text}'")
    return [int(part) for part in text.split(",")]


def _chosen(smiles: str | None, *, name: str | None, donors: list[int] | None, command: str) -> SingleLigand:
    if name is not None and smiles is None:
        if donors is not None:
            raise InputError("a ligand of the library has its donors; leave --donors out")
        return library_ligand(name)
    if smiles is None or name is not None:
        raise InputError("name the ligand: either its SMILES or --ligand with a name such as CAM-methyl")
    try:
        return plain_ligand(smiles, donors=donors)
    except DonorsMissingError as missing:
        raise InputError(proposal(missing, best_donors(missing), command=command)) from None


def best_donors(missing: DonorsMissingError) -> tuple[int, ...]:
    """Return the first proposed set that can hold one metal, or what can be kept of the largest."""
    for donors in missing.proposals:
        if _together(missing.smiles, donors):
            return donors
    bonds = Chem.GetDistanceMatrix(Chem.MolFromSmiles(missing.smiles))
    donors = missing.proposals[0]
    kept: tuple[int, ...] = ()
    mol = Chem.MolFromSmiles(missing.smiles)

    def order(donor: int) -> tuple[int, int, int]:
        # Most partners in five-membered rings, then the strongest; neighbours never hold a metal side by side here.
        return -int(sum(bonds[donor, list(donors)] == CHELATE_BONDS[0])), strength(mol, donor), donor

    for donor in sorted(donors, key=order):
        if all(bonds[donor, other] > 1 for other in kept) and _together(missing.smiles, (*kept, donor)):
            kept = (*kept, donor)
    return tuple(sorted(kept))


def _together(smiles: str, donors: tuple[int, ...]) -> bool:
    ligand = plain_ligand(smiles, donors=donors).ligand
    return can_hold(ligand, ligand.donors)
