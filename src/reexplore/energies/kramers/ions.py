"""The trivalent lanthanides that have Kramers doublets, and what of them no other file computes."""

from __future__ import annotations

from dataclasses import dataclass

from reexplore.chemistry.metals import METALS, find_metal
from reexplore.errors import InputError

#: Closed shells of every trivalent lanthanide by angular momentum: 1s–5s, 2p–5p, 3d–4d.
CLOSED_SHELLS = {0: 5, 1: 4, 2: 2}


@dataclass(frozen=True)
class KramersIon:
    """A trivalent ion with an odd number of 4f electrons and its spin-orbit constant ζ (cm⁻¹)."""

    symbol: str
    spin_orbit_constant_cm: float

    @property
    def f_electrons(self) -> int:
        """Return the number of 4f electrons."""
        return METALS[self.symbol].f_electrons

    @property
    def doublets(self) -> int:
        """Return the number of doublets of the ground multiplet, J + ½ by Hund's rules."""
        n = self.f_electrons
        spin = METALS[self.symbol].multiplicity - 1
        momentum = sum(range(3, 3 - n % 7, -1))
        twice = abs(2 * momentum - spin) if n < 7 else 2 * momentum + spin
        return (twice + 1) // 2


#: ζ by `spin_orbit.py` in x2c-SVPall, rounded; `benchmarks/magnets.py` computes them again.
IONS = {
    ion.symbol: ion
    for ion in (
        KramersIon("Nd", 946.0),
        KramersIon("Sm", 1249.0),
        KramersIon("Dy", 1981.0),
        KramersIon("Er", 2431.0),
        KramersIon("Yb", 2959.0),
    )
}


def find_kramers_ion(symbol: str) -> KramersIon:
    """Return the ion of a metal; raise `InputError` with the reason for one without a first Kramers gap."""
    if symbol in IONS:
        return IONS[symbol]
    metal, known = find_metal(symbol), " ".join(IONS)
    n = metal.f_electrons
    if n % 2 == 0:
        raise InputError(
            f"{symbol}3+ has {n} 4f electrons: only an odd number has Kramers doublets, whose gap this is; take {known}"
        )
    raise InputError(f"{symbol}3+ (4f{n}) is not in the table of ions with a first Kramers gap; take {known}")
