"""A geometry as a frozen value, and the one atom order all complexes have."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand

if TYPE_CHECKING:
    from ase import Atoms

#: Positions are kept to this many decimals, so that a geometry survives being written and read.
DECIMALS = 8


@dataclass(frozen=True, eq=False)
class Structure:
    """Atoms in space: element symbols, positions in Ångström (shape (atoms, 3)) and the total charge."""

    symbols: tuple[str, ...]
    positions_angstrom: NDArray[np.float64]
    charge: int

    def __post_init__(self) -> None:
        positions = np.round(np.asarray(self.positions_angstrom, dtype=np.float64), DECIMALS) + 0.0
        positions.setflags(write=False)
        if positions.shape != (len(self.symbols), 3):
            raise ValueError(f"{len(self.symbols)} symbols but positions of shape {positions.shape}")
        object.__setattr__(self, "positions_angstrom", positions)

    def __len__(self) -> int:
        """Return the number of atoms."""
        return len(self.symbols)

    @cached_property
    def key(self) -> str:
        """Return the hash of the geometry's content."""
        lines = [f"{self.charge}"] + [
            f"{symbol} {x:.{DECIMALS}f} {y:.{DECIMALS}f} {z:.{DECIMALS}f}"
            for symbol, (x, y, z) in zip(self.symbols, self.positions_angstrom, strict=True)
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:24]

    def moved_to(self, positions_angstrom: NDArray[np.float64]) -> Structure:
        """Return the same atoms at other positions."""
        return Structure(self.symbols, positions_angstrom, self.charge)

    def to_extxyz(self) -> str:
        """Return the structure as extended XYZ text."""
        from ase.io import write

        text = io.StringIO()
        write(text, self.to_ase(), format="extxyz")
        return text.getvalue()

    def to_ase(self) -> Atoms:
        """Return the structure as ASE atoms, its charge in `info`."""
        from ase import Atoms

        return Atoms(self.symbols, self.positions_angstrom, info={"charge": self.charge})

    @classmethod
    def from_extxyz(cls, text: str) -> Structure:
        """Read a structure from extended XYZ text that names its charge."""
        from ase.io import read

        atoms = read(io.StringIO(text), format="extxyz")
        return cls(tuple(atoms.symbols), atoms.positions, int(atoms.info["charge"]))


@dataclass(frozen=True)
class Layout:
    """Where the parts of a complex stand in its atom list.

    The metal comes first, then each ligand and each co-ligand in the order of `Ligand.mol_with_hydrogens`, then each
    water as O, H, H. `sizes` are the numbers of atoms of the ligands, co-ligands behind them; `bites` the places of
    their donors in them.
    """

    sizes: tuple[int, ...]
    bites: tuple[tuple[int, ...], ...]
    waters: int

    @classmethod
    def of(cls, candidate: Candidate) -> Layout:
        """Return the layout of a candidate's complex."""
        bound = candidate.bound
        sizes = tuple(ligand.mol_with_hydrogens.GetNumAtoms() for ligand in bound)
        return cls(sizes, tuple(ligand.donors for ligand in bound), candidate.waters)

    def __len__(self) -> int:
        """Return the number of atoms of the complex."""
        return 1 + sum(self.sizes) + 3 * self.waters

    @property
    def ligands(self) -> int:
        """Return the number of ligands, co-ligands among them."""
        return len(self.sizes)

    def ligand(self, index: int) -> range:
        """Return the atom indices of one ligand or co-ligand."""
        start = 1 + sum(self.sizes[:index])
        return range(start, start + self.sizes[index])

    def water(self, index: int) -> range:
        """Return the atom indices (O, H, H) of one water."""
        start = 1 + sum(self.sizes) + 3 * index
        return range(start, start + 3)

    def holder(self, atom: int) -> int:
        """Return the number of the ligand or co-ligand that an atom belongs to; raise `ValueError` for any other."""
        for index in range(self.ligands):
            if atom in self.ligand(index):
                return index
        raise ValueError(f"atom {atom} belongs to no ligand")

    def ligand_donors(self, index: int) -> tuple[int, ...]:
        """Return the atom indices of the donors of one ligand or co-ligand."""
        return tuple(self.ligand(index)[donor] for donor in self.bites[index])

    @property
    def donors(self) -> tuple[int, ...]:
        """Return the atom indices of all donors, the ligands' first, then the waters' oxygens."""
        ligand_donors = tuple(donor for k in range(self.ligands) for donor in self.ligand_donors(k))
        return ligand_donors + tuple(self.water(k)[0] for k in range(self.waters))


def expected_symbols(candidate: Candidate) -> tuple[str, ...]:
    """Return the element of every atom of a candidate's complex in `Layout` order."""
    bound = [atom.GetSymbol() for ligand in candidate.bound for atom in ligand.mol_with_hydrogens.GetAtoms()]
    return (candidate.metal.symbol, *bound, *("O", "H", "H") * candidate.waters)


def by_kind(candidate: Candidate) -> Iterator[tuple[Ligand, list[range]]]:
    """Yield the ligand and every co-ligand of a complex, each with the atoms of all that are there of it."""
    layout, start = Layout.of(candidate), 0
    for ligand, count in candidate.kinds:
        yield ligand, [layout.ligand(k) for k in range(start, start + count)]
        start += count
