"""Levels of theory: everything that decides an energy, declared in one frozen value."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from reexplore.chemistry.metals import LANTHANIDES, METALS, SERIES
from reexplore.energies.core_potentials import ND_TRIVALENT
from reexplore.energies.terms import ENGINE, TBLITE
from reexplore.errors import InputError

#: Elements a ligand may hold: those for which SMD's surface tensions are parametrised, and iodine, which has a radius
#: of its own there and no tension.
LIGAND_ELEMENTS = ("H", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")

#: Elements of ligands whose innermost electrons def2 bases leave to a potential, K. A. Peterson et al., J. Chem. Phys.
#: 2003, 119, 11113, and how many these are.
LIGAND_CORES = {"I": ("def2-ecp", 28)}

#: The `solvent` of a level without one; every other is the name of one that SMD has parameters for.
GAS_PHASE = "none"
WATER = "water"

_LANTHANIDES = tuple(metal.symbol for metal in LANTHANIDES)


@dataclass(frozen=True)
class MetalTreatment:
    """How a level describes some metals: basis, effective core potential and the electrons it replaces.

    `core_electrons` stands in the order of `metals`; `ecp` is None for an all-electron metal.
    """

    metals: tuple[str, ...]
    kind: str
    basis: str
    ecp: str | None
    core_electrons: tuple[int, ...]

    def core_of(self, symbol: str) -> int:
        """Return the number of electrons the core potential of this metal replaces."""
        return self.core_electrons[self.metals.index(symbol)]

    def without(self, symbols: Collection[str]) -> MetalTreatment | None:
        """Return the treatment of the other metals, None when it has no others."""
        kept = tuple(symbol for symbol in self.metals if symbol not in symbols)
        return (
            replace(self, metals=kept, core_electrons=tuple(self.core_of(symbol) for symbol in kept)) if kept else None
        )


#: Of one family of core potentials as distributed, those of another ion: Nd3+ has that of Nd2+, which puts
#: [Nd(H2O)8]3+ 9 kcal/mol below the line of its neighbours (docs/validation/energies.md).
_OF_ANOTHER_ION = {"lcecp-1-": ("Nd",)}


@dataclass(frozen=True)
class Level:
    """One level of theory, complete: two calculations with equal declarations give equal energies.

    `version` is raised whenever the code changes an energy by more than the thresholds declared
    here. A level of the user's own names the shipped one it is `based_on` and has its version.
    `corrections` stand in place of what `metals` says of the same metals. They came later than the level, so that
    they are declared for structures that hold such a metal only (`applied_to`): the keys of all others stay.
    `f_occupations` of an open 4f shell are converged and the lowest kept.
    `metal_radius_angstrom` is that of a metal's sphere in the cavity, 0 for SMD's own.
    `engine` is the program that computes it, `caution` what a reader of its energies has to know.
    """

    name: str
    version: int
    summary: str
    based_on: str = ""
    functional: str = ""
    dispersion: str = ""
    ligand_basis: str = ""
    metals: tuple[MetalTreatment, ...] = ()
    corrections: tuple[MetalTreatment, ...] = ()
    coulomb_fitting_basis: str = ""
    exchange: str = "none"
    open_shells: bool = False
    f_occupations: int = 0
    grid_level: int = 0
    solvent: str = ""
    cavity_points_per_sphere: int = 0
    energy_tolerance_hartree: float = 0.0
    gradient_tolerance: float = 0.0
    start_density: str = ""
    orientation: str = ""
    engine: str = ENGINE
    is_fake: bool = False
    caution: str | None = None
    metal_radius_angstrom: float = 0.0

    @property
    def is_density_functional(self) -> bool:
        """Return whether the energies are of density-functional theory, computed by PySCF."""
        return self.engine == ENGINE and not self.is_fake

    def declaration(self) -> dict[str, Any]:
        """Return everything that decides the energy as JSON-ready values, for calculation keys."""
        declared = asdict(self)
        del declared["summary"], declared["caution"]
        declared["metals"] = _declared(self.metals)
        del declared["corrections"]
        if not self.metal_radius_angstrom:
            # It came later than the levels.
            del declared["metal_radius_angstrom"]
        return declared | ({"corrections": _declared(self.corrections)} if self.corrections else {})

    def applied_to(self, symbols: Iterable[str]) -> Level:
        """Return the level with the corrections that these elements need: its declaration goes into their keys."""
        present = set(symbols)
        return replace(self, corrections=tuple(entry for entry in self.corrections if present & set(entry.metals)))

    def as_distributed(self) -> Level:
        """Return the level without its corrections, as it was before there were any."""
        return replace(self, corrections=())

    @classmethod
    def from_declaration(cls, declared: dict[str, Any], *, summary: str = "") -> Level:
        """Return the level that has this declaration; raise `InputError` when it is none of this version's."""
        declared = {"corrections": []} | declared
        try:
            metals, corrections = (_treatments(declared[key]) for key in ("metals", "corrections"))
            return cls(**declared | {"metals": metals, "corrections": corrections, "summary": summary})
        except (KeyError, TypeError) as error:
            raise InputError(f"this is no declaration of a level of theory: {error}") from None

    def treatment_of(self, symbol: str) -> MetalTreatment:
        """Return how this metal is described; raise `InputError` when the level does not cover it."""
        for treatment in (*self.corrections, *self.metals):
            if symbol in treatment.metals:
                return treatment
        raise InputError(f"level '{self.name}' does not describe the metal {symbol}")

    def description_of(self, symbol: str) -> str:
        """Return in words how this metal is described: metals of one description may be compared."""
        treatment = self.treatment_of(symbol)
        apart = any((treatment.ecp or "").startswith(name) and symbol in odd for name, odd in _OF_ANOTHER_ION.items())
        return f"{treatment.kind}, by the potential of its divalent ion" if apart else treatment.kind

    @property
    def treatments(self) -> tuple[MetalTreatment, ...]:
        """Return how metals are described with the corrections made: every metal stands once."""
        corrected = {symbol for treatment in self.corrections for symbol in treatment.metals}
        return (*(left for treatment in self.metals if (left := treatment.without(corrected))), *self.corrections)


def _declared(treatments: tuple[MetalTreatment, ...]) -> list[dict[str, Any]]:
    return [
        {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(treatment).items()}
        for treatment in treatments
    ]


def _treatments(declared: list[dict[str, Any]]) -> tuple[MetalTreatment, ...]:
    return tuple(
        MetalTreatment(**entry | {name: tuple(entry[name]) for name in ("metals", "core_electrons")})
        for entry in declared
    )


_IN_CORE = "4f electrons in the core"


def _f_in_core(basis: str) -> MetalTreatment:
    """Lukanowski and Weigend, Phys. Chem. Chem. Phys. 2026, d5cp04944j: eight valence electrons per ion."""
    cores = tuple(METALS[symbol].atomic_number - 11 for symbol in _LANTHANIDES)
    return MetalTreatment(_LANTHANIDES, _IN_CORE, basis, basis, cores)


def _neodymium_in_core(basis: str) -> MetalTreatment:
    """The same with the published potential of Nd3+: `core_potentials`."""
    return MetalTreatment(("Nd",), _IN_CORE, basis, ND_TRIVALENT, (49,))


_DEF2_YTTRIUM = MetalTreatment(("Y",), "28-electron core, no 4f shell", "def2-tzvp", "def2-ecp", (28,))
_DEF2_SCANDIUM = MetalTreatment(("Sc",), "all-electron", "def2-tzvp", None, (0,))
_DEF2_LANTHANUM = MetalTreatment(("La",), "46-electron core, empty 4f shell", "def2-tzvp", "def2-ecp", (46,))
_DEF2_OPEN = MetalTreatment(
    _LANTHANIDES[1:],
    "28-electron core, explicit 4f shell",
    "def2-tzvp",
    "def2-ecp",
    (28,) * (len(_LANTHANIDES) - 1),
)

QUICK = Level(
    name="quick",
    version=1,
    summary="PBE-D4/def2-SVP, lanthanides with the 4f electrons in the core, SMD water",
    functional="pbe",
    dispersion="d4:pbe",
    ligand_basis="def2-svp",
    metals=(_f_in_core("lcecp-1-tzvp"), _DEF2_YTTRIUM, _DEF2_SCANDIUM),
    corrections=(_neodymium_in_core("lcecp-1-tzvp"),),
    coulomb_fitting_basis="def2-universal-jkfit",
    grid_level=1,
    solvent="water",
    cavity_points_per_sphere=194,
    energy_tolerance_hartree=1e-6,
    gradient_tolerance=5e-4,
    start_density="converged gas-phase ion and minimal-basis ligand atoms",
    orientation="principal axes of the nuclear charges",
)

STANDARD = replace(
    QUICK,
    name="standard",
    summary="PBE-D4/def2-SVPD, lanthanides with the 4f electrons in the core, SMD water: for ranking",
    ligand_basis="def2-svpd",
)

WORKSTATION = replace(
    QUICK,
    name="workstation",
    summary="B3LYP-D4/def2-SVP, lanthanides with the 4f electrons in the core, SMD water",
    functional="b3lyp5",
    dispersion="d4:b3lyp",
    exchange="density-fitted, def2-universal-jkfit",
    grid_level=2,
)

PAPER = Level(
    name="paper",
    version=3,
    summary="B3LYP-D4, def2-SVPD on the ligands, def2-TZVP with def2-ECP on the metal, open shells, SMD water",
    # 'b3lyp5' holds the VWN5 correlation of the published calculations; 'b3lyp' would be the VWN-RPA form.
    functional="b3lyp5",
    dispersion="d4:b3lyp",
    ligand_basis="def2-svpd",
    metals=(_DEF2_LANTHANUM, _DEF2_OPEN, _DEF2_YTTRIUM, _DEF2_SCANDIUM),
    coulomb_fitting_basis="def2-universal-jkfit",
    exchange="density-fitted, def2-universal-jkfit",
    open_shells=True,
    f_occupations=2,
    grid_level=3,
    solvent="water",
    cavity_points_per_sphere=302,
    energy_tolerance_hartree=1e-6,
    gradient_tolerance=5e-4,
    start_density="Hartree-Fock around a spherical 4f shell, then with its most promising integer occupations",
    orientation="principal axes of the nuclear charges",
    caution=(
        "B3LYP has a second solution behind the core potential of an open 4f shell, and for Gd, Tb and Dy the basis is"
        " one function short, which it would fill: see docs/energies.md before comparing with another program"
    ),
)

# C. Bannwarth, S. Ehlert, S. Grimme, J. Chem. Theory Comput. 2019, 15, 1652: three valence electrons a metal.
_GFN2_LANTHANIDES = MetalTreatment(
    _LANTHANIDES,
    "4f electrons in the core, three valence electrons",
    "GFN2-xTB",
    None,
    tuple(METALS[symbol].atomic_number - 3 for symbol in _LANTHANIDES),
)
_GFN2_YTTRIUM = MetalTreatment(("Y",), "parameters of its own, no 4f shell", "GFN2-xTB", None, (36,))
_GFN2_SCANDIUM = MetalTreatment(("Sc",), "parameters of its own, first row", "GFN2-xTB", None, (18,))

GFN2 = Level(
    name="gfn2",
    version=1,
    summary="semi-empirical, GFN2-xTB/ALPB water, tblite: seconds a complex",
    functional="GFN2-xTB",
    dispersion="D4, part of GFN2-xTB",
    ligand_basis="GFN2-xTB",
    metals=(_GFN2_LANTHANIDES, _GFN2_YTTRIUM, _GFN2_SCANDIUM),
    solvent="water (ALPB)",
    energy_tolerance_hartree=1e-6,
    engine=TBLITE,
    caution=(
        "GFN2-xTB binds ligands to bare ions an order of magnitude too strongly; its exchange energies have a sensible"
        " size but prefer light lanthanides where DFT prefers heavy ones: draw no selectivity from them"
    ),
)

TEACHER = Level(
    name="teacher",
    version=1,
    summary="an INVENTED energy function for rehearsals; its numbers say nothing about chemistry",
    metals=(MetalTreatment(tuple(METALS), "invented", "invented", None, (0,) * len(METALS)),),
    is_fake=True,
)

LEVELS: dict[str, Level] = {level.name: level for level in (GFN2, QUICK, STANDARD, WORKSTATION, PAPER, TEACHER)}


def find_level(name: str, *, also: tuple[str, ...] = ()) -> Level:
    """Return the shipped level with this name.

    Raises `InputError` with the nearest match when there is none, the names in `also` included.
    """
    if name in LEVELS:
        return LEVELS[name]
    known = tuple(dict.fromkeys((*LEVELS, *also)))
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"the levels are {', '.join(known)}"
    raise InputError(f"unknown level '{name}': {hint}")


def declared_level(declared: dict[str, Any]) -> Level:
    """Return the level of a declaration that was made elsewhere, a shipped one or one based on it.

    Raises `InputError` when the code here declares the shipped level otherwise: its energies would differ.
    """
    level = Level.from_declaration(declared)
    if level.based_on:
        shipped = find_level(level.based_on)
        alike = shipped.version == level.version and level.name not in LEVELS
    else:
        shipped = find_level(level.name)
        alike = shipped.as_distributed().declaration() == level.as_distributed().declaration()
    if not alike or not set(level.corrections) <= set(shipped.corrections):
        raise InputError(f"this version of reexplore declares level '{shipped.name}' otherwise")
    return level if level.based_on else replace(shipped, corrections=level.corrections)


def core_electrons(level: Level, symbol: str) -> int:
    """Return how many electrons of an atom a core potential of the level replaces."""
    if symbol in METALS:
        return level.treatment_of(symbol).core_of(symbol)
    return LIGAND_CORES[symbol][1] if symbol in LIGAND_CORES and level.is_density_functional else 0


def unsupported_elements(level: Level, symbols: Iterable[str]) -> tuple[str, ...]:
    """Return the elements among `symbols` that the level cannot describe, sorted."""
    covered = {metal for treatment in level.metals for metal in treatment.metals} | set(LIGAND_ELEMENTS)
    return tuple(sorted(set(symbols) - covered))


def require_support(level: Level, symbols: Iterable[str]) -> None:
    """Raise `InputError` naming the elements the level cannot describe."""
    missing = unsupported_elements(level, symbols)
    if missing:
        raise InputError(f"level '{level.name}' cannot describe the elements {' '.join(missing)}")


def comparison_warning(level: Level, metals: Iterable[str]) -> str | None:
    """Return a sentence when the level describes these metals in different ways, otherwise None.

    Differences between metals then hold the difference between two core potentials, of unknown
    size, and are no finding about the metals.
    """
    kinds: dict[str, list[str]] = {}
    wanted = set(metals)
    for symbol in METALS:
        if symbol in wanted:
            kinds.setdefault(level.description_of(symbol), []).append(symbol)
    if len(kinds) < 2:
        return None
    parts = "; ".join(f"{span(symbols)}: {kind}" for kind, symbols in kinds.items())
    return f"level '{level.name}' describes these metals in different ways ({parts}): do not compare across the groups"


def span(metals: Iterable[str]) -> str:
    """Return metals in a few letters, neighbours among the lanthanides as a range: `Y La–Lu`."""
    order, wanted = [metal.symbol for metal in LANTHANIDES], set(metals)
    runs: list[list[str]] = []
    for symbol in (metal.symbol for metal in SERIES if metal.symbol in wanted):
        follows = symbol in order and runs and runs[-1][-1] in order
        if follows and order.index(symbol) == order.index(runs[-1][-1]) + 1:
            runs[-1].append(symbol)
        else:
            runs.append([symbol])
    return " ".join(run[0] if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)
