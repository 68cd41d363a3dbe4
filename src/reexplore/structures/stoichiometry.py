"""A complex as ion, ligands and waters, by its formula and charge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reexplore.chemistry.metals import METALS, Metal
from reexplore.errors import InputError
from reexplore.structures.structure import Structure


@dataclass(frozen=True)
class Stoichiometry:
    """What a complex is made of: one trivalent ion, `ligands` ligands and `waters` waters."""

    metal: Metal
    ligands: int
    waters: int


def stoichiometry(
    complex_: Structure, *, ligand: Structure, co_ligands: Iterable[tuple[Structure, int]] = ()
) -> Stoichiometry:
    """Return how many of these ligands, and waters beside them, a complex holds beside so many `co_ligands`.

    Formula and charge are compared, not the bonds. Raises `InputError` when the complex is not one
    rare-earth ion with such ligands and waters, or when two ways of counting fit.
    """
    metals = [symbol for symbol in complex_.symbols if symbol in METALS]
    if len(metals) != 1 or any(symbol in METALS for symbol in ligand.symbols):
        raise InputError(f"a complex holds one rare-earth ion and its ligand none; this one holds {len(metals)}")
    metal = METALS[metals[0]]
    atoms, ligand_atoms = Counter(complex_.symbols), Counter(ligand.symbols)
    atoms.subtract(metals)
    beside = list(co_ligands)
    for co_ligand, count in beside:
        atoms.subtract({symbol: count * number for symbol, number in Counter(co_ligand.symbols).items()})
    charge = metal.oxidation_state + sum(count * co_ligand.charge for co_ligand, count in beside)
    fitting = []
    for ligands in range(1, len(complex_) // len(ligand) + 1):
        left = Counter(atoms)
        left.subtract({symbol: ligands * count for symbol, count in ligand_atoms.items()})
        waters = left["O"]
        is_water = {symbol: count for symbol, count in left.items() if count} == (
            {"O": waters, "H": 2 * waters} if waters else {}
        )
        if waters >= 0 and is_water and complex_.charge == charge + ligands * ligand.charge:
            fitting.append(Stoichiometry(metal, ligands, waters))
    if len(fitting) == 1:
        return fitting[0]
    what = f"{formula(complex_)} of charge {complex_.charge:+d}"
    others = "".join(f", {count} × {formula(each)} of charge {each.charge:+d}" for each, count in beside)
    of = f"{metal.symbol}3+, ligands {formula(ligand)} of charge {ligand.charge:+d}{others} and waters"
    if fitting:
        counts = " or ".join(str(found.ligands) for found in fitting)
        raise InputError(f"{what} can hold {counts} ligands: {of} are told apart by formula alone")
    raise InputError(f"{what} is not made of {of}: check both charges and both files")


def formula(structure: Structure) -> str:
    """Return the formula in Hill's order, a metal first."""
    counts = Counter(structure.symbols)
    carbon = "C" in counts
    order = sorted(counts, key=lambda s: (s not in METALS, not (carbon and s == "C"), not (carbon and s == "H"), s))
    return "".join(symbol + (str(counts[symbol]) if counts[symbol] > 1 else "") for symbol in order)
