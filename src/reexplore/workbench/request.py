"""The complex a command asks for, checked by what costs nothing: a value, or one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.co_ligands import read_co_ligands
from reexplore.chemistry.complexes import single_candidate
from reexplore.chemistry.ligand_input import (
    DonorsMissingError,
    SingleLigand,
    library_ligand,
    plain_ligand,
    proposal,
)
from reexplore.chemistry.metals import find_metal
from reexplore.errors import InputError
from reexplore.structures.builders.feasibility import apart, require_co_ligands
from reexplore.structures.builders.proposed_donors import best_donors


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
    #: The number of each by its name or SMILES.
    co_ligands: Mapping[str, int] = field(default_factory=dict)

    def checked(self, *, command: str) -> tuple[SingleLigand, Candidate]:
        """Return the ligand and its complex, or raise `InputError` with the first thing that is wrong.

        Without donors the error proposes those that can hold one metal, and ends with the command to
        type; `command` is what was typed.
        """
        metal = find_metal(self.metal)
        single = chosen_ligand(self.smiles, name=self.name, donors=donor_numbers(self.donors), command=command)
        co_ligands = read_co_ligands(self.co_ligands)
        candidate = single_candidate(
            single.ligand,
            metal=metal,
            ligands=self.ligands,
            waters=self.waters,
            coordination_number=self.coordination_number,
            co_ligands=co_ligands,
        )
        # Last, because it costs a second for a large ligand.
        # The library's are known to hold one.
        if self.smiles is not None:
            require_together(single)
        require_co_ligands(co_ligands)
        return single, candidate


def require_together(single: SingleLigand) -> None:
    """Raise `InputError` when a ligand's donors cannot hold one metal together; a second for a large ligand."""
    if impossible := apart(single.ligand):
        names = [single.name_of(atom) for atom in sorted(impossible, key=single.numbers.__getitem__)]
        raise InputError(
            f"the ligand: {', '.join(names[:-1])} and {names[-1]} of '{single.smiles}' cannot hold one metal"
            " together: in no shape of the molecule do they face one point"
        )


def donor_numbers(text: str | None) -> list[int] | None:
    """Return the atoms of `--donors`; raise `InputError` when they are no numbers."""
    if text is None:
        return None
    if not re.fullmatch(r"\s*-?\d+(\s*,\s*-?\d+)*\s*", text):
        raise InputError(f"--donors takes atom numbers joined by commas, such as 2,4, not '{text}'")
    return [int(part) for part in text.split(",")]


def counted(said: Iterable[str]) -> dict[str, int]:
    """Return the number of each co-ligand of `--co-ligand NAME=NUMBER`, one without a number."""
    found: dict[str, int] = {}
    for text in said:
        # A SMILES has equals signs of its own.
        match = re.fullmatch(r"(?P<name>.+?)(=(?P<count>[1-9]\d?))?", text)
        if match is None:
            raise InputError("--co-ligand takes a name or a SMILES and its number, such as nitrate=3")
        if match["name"] in found:
            raise InputError(f"--co-ligand {match['name']} is given twice; give their sum once")
        found[match["name"]] = int(match["count"] or 1)
    return found


def chosen_ligand(smiles: str | None, *, name: str | None, donors: list[int] | None, command: str) -> SingleLigand:
    """Return the ligand that a command names, by SMILES or from the library; raise as `Asked.checked` does."""
    if name is not None and smiles is None:
        if donors is not None:
            raise InputError("a ligand of the library has its donors; leave --donors out")
        return library_ligand(name)
    if smiles is None or name is not None:
        raise InputError("name the ligand: either its SMILES or --ligand with a name such as CAM-methyl")
    try:
        return plain_ligand(smiles, donors=donors)
    except DonorsMissingError as missing:
        raise InputError(proposal(missing, best_donors(missing.smiles, missing.proposals), command=command)) from None
