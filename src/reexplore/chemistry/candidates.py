"""Candidates: one ligand, one metal, one stoichiometry; and the identity they are known by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from reexplore.chemistry.ligands import CoLigands, Ligand
from reexplore.chemistry.metals import OPEN_NUMBERS, Metal

#: Raised whenever the identity of a candidate is written in another way; stored in every ledger.
IDENTITY_VERSION = 1


def stoichiometry_name(ligands: int, waters: int | None, co_ligands: str = "") -> str:
    """Return what is around a metal for people, such as `1 L, 3 nitrate, 1 H2O`; `waters` is None where it is open."""
    around = "waters open" if waters is None else f"{waters} H2O"
    return ", ".join(filter(None, (f"{ligands} L", co_ligands, around)))


def co_ligands_name(co_ligands: CoLigands) -> str:
    """Return co-ligands with their numbers for people, such as `3 nitrate`; it tells any two of them apart."""
    return ", ".join(f"{count} {ligand.name}" for ligand, count in co_ligands)


def identity_of_ligand(identity: str, charge: int) -> str:
    """Return what the identity of a candidate begins with; the rest tells what its ligand is combined with."""
    return f"v{IDENTITY_VERSION}|{identity}|q{charge:+d}"


def key_of(identity: str) -> bytes:
    """Return the hash of a candidate's identity: eight bytes, whose 16 hexadecimal digits are its key."""
    return hashlib.sha256(identity.encode()).digest()[:8]


@dataclass(frozen=True)
class Group:
    """Candidates whose plain binding energies may be ranked against each other.

    Across metals the bare ion's solvation, across stoichiometries the released waters and across
    ligand charges the charge itself would decide the order. `co_ligands` names what else holds the metal. `waters` is
    None where their number is open: free energies then decide it, complex by complex.
    """

    metal: str
    ligands: int
    waters: int | None
    ligand_charge: int
    co_ligands: str = ""

    @property
    def stoichiometry(self) -> str:
        """Return what is around the metal for people, such as `2 L, 4 H2O`."""
        return stoichiometry_name(self.ligands, self.waters, self.co_ligands)

    @property
    def name(self) -> str:
        """Return a name to read, such as `Eu (1 L, 6 H2O), L charge -2`."""
        return f"{self.metal} ({self.stoichiometry}), L charge {self.ligand_charge:+d}"


@dataclass(frozen=True)
class Candidate:
    """A complex [M L_n X_k (H2O)_m] of one metal with n equal ligands, m waters and any co-ligands X.

    `co_ligands` (`chemistry/co_ligands.py`) have each its number, and are kept in the order of their identities.
    With `waters_open` it is the one of `settled` that has the lowest free energy. `waters` is then the lowest number,
    that of the screening geometry, and in a label the one that was found; it is not in the identity.
    """

    ligand: Ligand
    metal: Metal
    ligands: int
    waters: int
    co_ligands: CoLigands = ()
    waters_open: bool = False

    def __post_init__(self) -> None:
        if self.co_ligands:
            object.__setattr__(self, "co_ligands", tuple(sorted(self.co_ligands, key=lambda each: each[0].identity)))

    @property
    def identity(self) -> str:
        """Return what makes this candidate itself; no name and no list order is in it."""
        beside = "".join(f"|x{count}:{ligand.identity}:q{ligand.charge:+d}" for ligand, count in self.co_ligands)
        waters = f"cn{','.join(map(str, OPEN_NUMBERS))}" if self.waters_open else f"m{self.waters}"
        around = f"|{self.metal.symbol}{self.metal.oxidation_state}+|n{self.ligands}|{waters}{beside}"
        return identity_of_ligand(self.ligand.identity, self.ligand.charge) + around

    @property
    def key(self) -> str:
        """Return the identity's hash, the candidate's name in the ledger."""
        return key_of(self.identity).hex()

    @property
    def kinds(self) -> CoLigands:
        """Return the ligand and then every co-ligand, each with its number; waters are not in it."""
        return ((self.ligand, self.ligands), *self.co_ligands)

    @property
    def bound(self) -> tuple[Ligand, ...]:
        """Return every ligand and co-ligand as often as it is there, in the order of `Layout`."""
        return tuple(ligand for ligand, count in self.kinds for _ in range(count))

    @property
    def charge(self) -> int:
        """Return the charge of the complex."""
        return self.metal.oxidation_state + sum(count * ligand.charge for ligand, count in self.kinds)

    @property
    def coordination_number(self) -> int:
        """Return the number of donor atoms around the metal."""
        return self.waters + sum(count * ligand.denticity for ligand, count in self.kinds)

    @property
    def settled(self) -> tuple[Candidate, ...]:
        """Return the complex of each coordination number that is open, the fewest waters first; else itself alone."""
        if not self.waters_open:
            return (self,)
        bound = self.coordination_number - self.waters
        numbers = [n for n in OPEN_NUMBERS if n >= bound and n in self.metal.coordination_numbers]
        return tuple(replace(self, waters=number - bound, waters_open=False) for number in numbers)

    @property
    def closed(self) -> Candidate:
        """Return the complex of the number of waters that it has now, which is a candidate of its own."""
        return replace(self, waters_open=False)

    @property
    def group(self) -> Group:
        """Return the group within which this candidate is ranked."""
        beside, waters = co_ligands_name(self.co_ligands), None if self.waters_open else self.waters
        return Group(self.metal.symbol, self.ligands, waters, self.ligand.charge, beside)

    @property
    def name(self) -> str:
        """Return a name to read, such as `Eu(CAM-methyl)(H2O)6`, or `Eu(CAM-methyl)(H2O)m` where m is open."""
        # An aqua ion has no ligand to name.
        parts = [(ligand.name, count) for ligand, count in self.kinds]
        parts += [] if self.waters_open else [("H2O", self.waters)]
        around = (f"({name}){count if count > 1 else ''}" for name, count in parts if count)
        return f"{self.metal.symbol}{''.join(around)}{'(H2O)m' if self.waters_open else ''}"
