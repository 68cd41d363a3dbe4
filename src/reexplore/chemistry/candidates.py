"""Candidates: one ligand, one metal, one stoichiometry; and the identity they are known by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import Metal

#: Raised whenever the identity of a candidate is written in another way; stored in every ledger.
IDENTITY_VERSION = 1


@dataclass(frozen=True)
class Group:
    """Candidates whose plain binding energies may be ranked against each other.

    Across metals the bare ion's solvation, across stoichiometries the released waters and across
    ligand charges the charge itself would decide the order.
    """

    metal: str
    ligands: int
    waters: int
    ligand_charge: int

    @property
    def name(self) -> str:
        """Return a name to read, such as `Eu (1 L, 6 H2O), L charge -2`."""
        return f"{self.metal} ({self.ligands} L, {self.waters} H2O), L charge {self.ligand_charge:+d}"


@dataclass(frozen=True)
class Candidate:
    """A complex [M L_n (H2O)_m] of one metal with n equal ligands and m waters."""

    ligand: Ligand
    metal: Metal
    ligands: int
    waters: int

    @property
    def identity(self) -> str:
        """Return what makes this candidate itself; no name and no list order is in it."""
        return (
            f"v{IDENTITY_VERSION}|{self.ligand.identity}|q{self.ligand.charge:+d}"
            f"|{self.metal.symbol}{self.metal.oxidation_state}+|n{self.ligands}|m{self.waters}"
        )

    @property
    def key(self) -> str:
        """Return the identity's hash, the candidate's name in the ledger."""
        return hashlib.sha256(self.identity.encode()).hexdigest()[:16]

    @property
    def charge(self) -> int:
        """Return the charge of the complex."""
        return self.metal.oxidation_state + self.ligands * self.ligand.charge

    @property
    def coordination_number(self) -> int:
        """Return the number of donor atoms around the metal."""
        return self.ligands * self.ligand.denticity + self.waters

    @property
    def group(self) -> Group:
        """Return the group within which this candidate is ranked."""
        return Group(self.metal.symbol, self.ligands, self.waters, self.ligand.charge)

    @property
    def name(self) -> str:
        """Return a name to read, such as `Eu(CAM-methyl)(H2O)6`."""
        # An aqua ion has no ligand to name.
        ligand = f"({self.ligand.name})" * bool(self.ligands) + (str(self.ligands) if self.ligands > 1 else "")
        water = f"(H2O){self.waters if self.waters > 1 else ''}" if self.waters else ""
        return f"{self.metal.symbol}{ligand}{water}"
