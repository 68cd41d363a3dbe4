"""A ligand as a person gave it for a prediction: by SMILES, its donors named or to be proposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from reexplore.chemistry.ligand_input import DonorsMissingError, SingleLigand, plain_ligand
from reexplore.errors import InputError
from reexplore.structures.builders.proposed_donors import best_donors


@dataclass(frozen=True)
class GivenLigand:
    """A ligand as it was given: with the donors that are named, with each proposed set, or why it is none.

    `missing` says what was proposed where no donors were named.
    """

    options: tuple[SingleLigand, ...]
    missing: DonorsMissingError | None = None
    reason: str = ""

    @classmethod
    def read(cls, smiles: str, *, donors: Sequence[int] | None = None) -> Self:
        """Read a SMILES whose donors are named by number or by atom maps, or not at all."""
        try:
            return cls((plain_ligand(smiles, donors=donors),))
        except DonorsMissingError as missing:
            return cls(tuple(plain_ligand(smiles, donors=each) for each in missing.proposals), missing)
        except InputError as error:
            return cls((), reason=str(error))

    def chosen(self, *known: Callable[[SingleLigand], bool]) -> SingleLigand:
        """Return the ligand with its named donors, else with those by which it is known, else with the best proposed.

        What knows it best is asked first.
        """
        if self.missing is None:
            return self.options[0]
        found = next((single for is_known in known for single in self.options if is_known(single)), None)
        smiles, proposals = self.missing.smiles, self.missing.proposals
        return found or plain_ligand(smiles, donors=best_donors(smiles, proposals))

    def named(self, single: SingleLigand) -> str:
        """Return the donors for people."""
        atoms = sorted(single.ligand.donors, key=single.numbers.__getitem__)
        return ", ".join(map(single.name_of, atoms)) + (" (proposed)" if self.missing else "")
