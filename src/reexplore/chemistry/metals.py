"""The rare-earth ions: electron counts, spins and radii."""

from __future__ import annotations

from dataclasses import dataclass

from reexplore.errors import InputError


@dataclass(frozen=True)
class Metal:
    """A trivalent rare-earth ion.

    `multiplicity` is 2S + 1 of the free ion's ground term (Hund). `shannon_radius_angstrom` is the
    effective ionic radius at coordination number 8 (R. D. Shannon, Acta Cryst. A 1976, 32, 751).
    `coordination_numbers` are those in which the metal is built: lanthanides and yttrium 6 to 10 (S. A. Cotton,
    Lanthanide and Actinide Chemistry, Wiley 2006, chapter 4; 12, of six nitrates, is not built),
    scandium 6 to 8 (S. A. Cotton, Polyhedron 1999, 18, 1691). `usual_numbers` are those of its aqua ion, and the first
    of them is what a complex has unless another is asked for.
    """

    symbol: str
    atomic_number: int
    f_electrons: int
    multiplicity: int
    shannon_radius_angstrom: float
    coordination_numbers: tuple[int, ...] = (6, 7, 8, 9, 10)
    usual_numbers: tuple[int, ...] = (8, 9)
    oxidation_state: int = 3

    @property
    def held_in(self) -> str:
        """Return its coordination numbers for people, such as `6 to 10`."""
        return f"{min(self.coordination_numbers)} to {max(self.coordination_numbers)}"


def _hund_multiplicity(f_electrons: int) -> int:
    unpaired = f_electrons if f_electrons <= 7 else 14 - f_electrons
    return unpaired + 1


def _lanthanides() -> list[Metal]:
    symbols = ["La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu"]
    radii = (
        1.160,
        1.143,
        1.126,
        1.109,
        1.093,
        1.079,
        1.066,
        1.053,
        1.040,
        1.027,
        1.015,
        1.004,
        0.994,
        0.985,
        0.977,
    )
    return [
        Metal(symbol, 57 + n, n, _hund_multiplicity(n), radius)
        for n, (symbol, radius) in enumerate(zip(symbols, radii, strict=True))
    ]


#: The declared order of the series: tables, plans and metal exchange follow it, never the order of a list.
SERIES: tuple[Metal, ...] = (
    # Scandium is too small for more than eight donors; six is its ordinary number.
    Metal("Sc", 21, 0, 1, 0.870, coordination_numbers=(6, 7, 8), usual_numbers=(6,)),
    Metal("Y", 39, 0, 1, 1.019),
    *_lanthanides(),
)

#: Those that fill the 4f shell, on which a property that follows the ionic radius lies on one line.
LANTHANIDES: tuple[Metal, ...] = tuple(metal for metal in SERIES if metal.atomic_number >= 57)

METALS: dict[str, Metal] = {metal.symbol: metal for metal in SERIES}

#: The coordination numbers of which the lowest free energy is taken where they are left open. In nine water holds the
#: light lanthanides, in eight the heavy ones: S. A. Cotton, Lanthanide and Actinide Chemistry, Wiley 2006, chapter 4.
OPEN_NUMBERS = (8, 9)

#: The metal for which templates are built, as in the published protocol; every other metal replaces it.
TEMPLATE_METAL = METALS["La"]


def find_metal(symbol: str) -> Metal:
    """Return the metal with this symbol; raise `InputError` when there is none."""
    try:
        return METALS[symbol]
    except KeyError:
        known = " ".join(METALS)
        raise InputError(f"unknown metal '{symbol}': the rare earths are {known}") from None
