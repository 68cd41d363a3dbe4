"""Which structures have a Kramers gap that can be computed, said before anything is."""

from __future__ import annotations

from reexplore.chemistry.metals import METALS
from reexplore.energies.basis_sets import function_count
from reexplore.energies.kramers.ions import KramersIon, find_kramers_ion
from reexplore.energies.kramers.method import KramersMethod
from reexplore.errors import InputError
from reexplore.structures.structure import Structure


def kramers_ion_of(structure: Structure) -> tuple[int, KramersIon]:
    """Return the place and the ion of the one metal; raise `InputError` for none, for several, or for the wrong one."""
    places = [i for i, symbol in enumerate(structure.symbols) if symbol in METALS]
    if len(places) != 1:
        raise InputError(f"a Kramers gap is that of one rare-earth ion, and there are {len(places)}")
    return places[0], find_kramers_ion(structure.symbols[places[0]])


def require_supported(structure: Structure, method: KramersMethod) -> None:
    """Raise `InputError` for a metal, an element or a charge that the method cannot treat."""
    from ase.data import atomic_numbers

    _, ion = kramers_ion_of(structure)
    for symbol in sorted(set(structure.symbols)):
        function_count(method.basis_of(symbol, metal=ion.symbol), symbol)
    electrons, charge = sum(atomic_numbers[symbol] for symbol in structure.symbols) - structure.charge, structure.charge
    if (electrons - ion.f_electrons) % 2:
        raise InputError(
            f"the charge {charge:+d} leaves an electron unpaired beside the {ion.f_electrons} in the 4f shell of"
            f" {ion.symbol}3+: is it {charge - 1:+d} or {charge + 1:+d}?"
        )
