"""What `reexplore levels` prints: the declared choices of a level in the order a chemist reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from reexplore.energies.levels import GAS_PHASE, LIGAND_ELEMENTS, Level, MetalTreatment, comparison_warning, span

Json = dict[str, Any]


def level_json(level: Level) -> Json:
    """Return a level with all its choices as JSON-ready values."""
    return level.declaration() | {
        "summary": level.summary,
        "ligand_elements": list(LIGAND_ELEMENTS),
        "comparison_warning": _caveat(level),
    }


def level_table(levels: Iterable[Level]) -> Table:
    """Return the levels side by side: what each is and how it describes the metals."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("level", no_wrap=True)
    for heading in ("what it is", "rare earths"):
        table.add_column(heading)
    for level in levels:
        kinds: dict[str, list[str]] = {}
        for treatment in level.treatments:
            kinds.setdefault(treatment.kind, []).extend(treatment.metals)
        metals = "\n".join(f"{span(symbols)}: {kind}" for kind, symbols in kinds.items())
        table.add_row(f"[bold]{level.name}[/]", escape(level.summary), metals)
        table.add_row()
    return table


def choice_table(level: Level) -> Table:
    """Return every choice of one level and its value, with units."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, value in choices(level):
        table.add_row(name, escape(value))
    return table


def choices(level: Level) -> list[tuple[str, str]]:
    """Return the choices of a level in words, method first, numerics last."""
    if level.is_fake:
        return [("energies", level.summary), ("version", str(level.version))]
    metals = [(f"on {span(treatment.metals)}", _treatment(treatment)) for treatment in level.treatments]
    shells = (
        f"open 4f shells, spin by Hund's rule unless named; the lowest of {level.f_occupations} occupations is kept"
        if level.open_shells
        else "closed shells only"
    )
    ending = [("program", level.engine), ("version", str(level.version))]
    if level.based_on:
        ending.append(("based on", f"{level.based_on}, version {level.version}"))
    if not level.is_density_functional:
        return [
            ("method", level.functional),
            ("dispersion", level.dispersion),
            *metals,
            ("shells", shells),
            ("solvent", level.solvent),
            ("convergence", f"energy {level.energy_tolerance_hartree:.0e} Hartree"),
            *ending,
        ]
    return [
        ("functional", f"{level.functional} (its name in libxc)"),
        ("dispersion", f"D4 with the parameters of {level.dispersion.removeprefix('d4:')}, three-body term included"),
        ("on ligands", f"basis {level.ligand_basis}; elements {' '.join(LIGAND_ELEMENTS)}"),
        *metals,
        ("shells", shells),
        ("Coulomb matrix", f"density-fitted, {level.coulomb_fitting_basis}"),
        ("exact exchange", level.exchange),
        ("grid", f"PySCF level {level.grid_level}"),
        ("solvent", "none: the gas phase" if level.solvent == GAS_PHASE else f"SMD {level.solvent}, IEF-PCM"),
        *([] if level.solvent == GAS_PHASE else [("cavity", _cavity(level))]),
        ("orientation", level.orientation),
        ("start", level.start_density),
        (
            "convergence",
            f"energy {level.energy_tolerance_hartree:.0e} Hartree, orbital gradient {level.gradient_tolerance:.0e}",
        ),
        *ending,
    ]


def caveats(level: Level) -> list[str]:
    """Return what a reader of this level's numbers has to know."""
    found = [level.caution] if level.caution else []
    found += [caveat] if (caveat := _caveat(level)) else []
    if level.is_fake:
        found.append("for rehearsals only")
    return found


def _cavity(level: Level) -> str:
    radius = f"{level.metal_radius_angstrom:g} Å" if level.metal_radius_angstrom else "2 Å, SMD's own for all of them"
    return f"{level.cavity_points_per_sphere} points per sphere; rare earths of {radius}"


def _treatment(treatment: MetalTreatment) -> str:
    cores = [f"{treatment.core_of(metal)} ({metal})" for metal in treatment.metals]
    replaced = cores[0] if len(cores) == 1 else f"{cores[0]} to {cores[-1]}"
    if len(set(treatment.core_electrons)) == 1:
        replaced = str(treatment.core_electrons[0])
    if treatment.ecp is not None:
        potential = f"core potential {treatment.ecp} in place of {replaced} electrons"
    elif treatment.core_electrons[0]:
        potential = f"{replaced} electrons in the core"
    else:
        potential = "no core potential"
    return f"basis {treatment.basis}; {potential}; {treatment.kind}"


def _caveat(level: Level) -> str | None:
    return None if level.is_fake else comparison_warning(level, [m for t in level.metals for m in t.metals])
