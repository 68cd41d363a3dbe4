"""Frames of extended XYZ as rows of a pool: our own, and those of others, such as the published study's."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from reexplore.chemistry.metals import METALS
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL, KCAL_MOL_PER_EV
from reexplore.errors import InputError
from reexplore.structures.stoichiometry import formula
from reexplore.structures.structure import Structure

EnergyUnit = Literal["eV", "hartree", "kcal/mol"]
ENERGY_UNITS = get_args(EnergyUnit)
_KCAL_MOL = {"eV": KCAL_MOL_PER_EV, "hartree": HARTREE_TO_KCAL_MOL, "kcal/mol": 1.0}
#: Two atoms are bonded up to this many times the sum of their covalent radii.
_BONDED = 1.25
WATER = Counter({"O": 1, "H": 2})
#: What another program may tell of a frame in our words.
_TOLD = ("name", "scaffold", "smiles", "level")
_NUMBERS = ("complex_total_hartree",)


@dataclass(frozen=True)
class Foreign:
    """How frames of another program are read: the key and unit of their energy, the charge of a ligand if not told.

    Of several charges a ligand has the one with which its electrons are even in number.
    """

    energy_key: str = "total_energy"
    unit: EnergyUnit = "eV"
    ligand_charges: tuple[int, ...] = ()

    @property
    def column(self) -> str:
        """Return the property that the energy becomes."""
        return f"{self.energy_key}_kcal_mol"


def own_row(atoms: Any) -> dict[str, Any]:
    """Return a frame that was written here as a row."""
    return {name: _plain(value) for name, value in atoms.info.items()}


def structure_of(atoms: Any, where: str, *, charge: int | None = None) -> Structure:
    """Return a frame's geometry, its rare earth first; raise `InputError` where it holds none, or several."""
    metals = [i for i, symbol in enumerate(atoms.symbols) if symbol in METALS]
    if len(metals) != 1:
        raise InputError(f"{where} holds {len(metals)} rare earths; a complex holds one")
    if not np.isfinite(atoms.positions).all():
        raise InputError(f"{where} holds positions that are no numbers")
    order = [metals[0], *(i for i in range(len(atoms)) if i != metals[0])]
    told = atoms.info.get("charge", charge)
    if told is None:
        raise InputError(f"{where} names no charge: write charge=… into its second line, or give --ligand-charge")
    return Structure(tuple(atoms.symbols[i] for i in order), atoms.positions[order], int(told))


def foreign_row(atoms: Any, how: Foreign, where: str) -> tuple[dict[str, Any], Structure]:
    """Return a frame of another program as a row and its geometry.

    Metal, waters and ligands are counted from the atoms; a ligand that is not named is called by its formula.
    """
    energy = atoms.info.get(how.energy_key)
    if energy is None and atoms.calc is not None:
        energy = atoms.calc.results.get(how.energy_key)
    if energy is None:
        there = ", ".join(map(str, atoms.info)) or "nothing"
        raise InputError(f"{where} has no '{how.energy_key}': give --energy-key; it has {there}")
    value = _number(energy, how.energy_key, where)
    bare = structure_of(atoms, where, charge=0)
    found = [Counter(bare.symbols[i] for i in atoms) for atoms in fragments(bare)]
    waters = sum(parts == WATER for parts in found)
    ligands = [parts for parts in found if parts != WATER]
    metal = METALS[bare.symbols[0]]
    told = atoms.info.get("charge")
    if told is None and how.ligand_charges:
        told = metal.oxidation_state + sum(_charge(parts, how.ligand_charges, where) for parts in ligands)
    structure = structure_of(atoms, where, charge=told)
    brought = structure.charge - metal.oxidation_state
    if ligands and brought % len(ligands):
        raise InputError(f"{where}: {len(ligands)} ligands cannot share the charge {brought:+d} evenly")
    substituents = atoms.info.get("substituents", [])
    row: dict[str, Any] = {
        "key": str(atoms.info.get("key", structure.key)),
        "scaffold": "+".join(sorted({_formula(parts) for parts in ligands})) or "none",
        "substituents": [substituents] if isinstance(substituents, str) else [str(name) for name in substituents],
        "metal": metal.symbol,
        "ligands": len(ligands),
        "waters": waters,
        "ligand_charge": brought // len(ligands) if ligands else 0,
        "charge": structure.charge,
        "formula": formula(structure),
        "positions": "imported",
        how.column: value * _KCAL_MOL[how.unit],
    }
    row |= {name: _number(atoms.info[name], name, where) for name in _NUMBERS if name in atoms.info}
    return row | {name: str(atoms.info[name]) for name in _TOLD if name in atoms.info}, structure


def fragments(structure: Structure) -> list[list[int]]:
    """Return the atoms of each molecule around the metal, which stands first, by distances."""
    from ase.data import atomic_numbers, covalent_radii
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial.distance import cdist

    symbols, positions = structure.symbols[1:], structure.positions_angstrom[1:]
    radii = np.array([covalent_radii[atomic_numbers[symbol]] for symbol in symbols])
    bonded = cdist(positions, positions) < _BONDED * (radii[:, None] + radii[None])
    count, of_atom = connected_components(bonded, directed=False) if symbols else (0, np.empty(0))
    return [[1 + int(i) for i in np.flatnonzero(of_atom == number)] for number in range(count)]


def _charge(parts: Counter[str], charges: tuple[int, ...], where: str) -> int:
    """Return the charge of a ligand: the only one, or of several the one that makes a closed shell."""
    from ase.data import atomic_numbers

    if len(charges) == 1:
        return charges[0]
    protons = sum(atomic_numbers[symbol] * count for symbol, count in parts.items())
    even = [charge for charge in charges if (protons - charge) % 2 == 0]
    if len(even) == 1:
        return even[0]
    which = " and ".join(f"{charge:+d}" for charge in even) or "none"
    raise InputError(f"{where}: of --ligand-charge {which} gives {_formula(parts)} an even number of electrons")


def _formula(parts: Counter[str]) -> str:
    symbols = tuple(parts.elements())
    return formula(Structure(symbols, np.zeros((len(symbols), 3)), 0))


def _number(value: Any, name: str, where: str) -> float:
    if isinstance(value, str | bool) or np.size(value) != 1 or not math.isfinite(float(value)):
        raise InputError(f"{where}: {name} is {value}, not a number")
    return float(value)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value
