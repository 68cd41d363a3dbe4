"""A label's single point as an ORCA input.

Written from the manual of ORCA 6.0 and not run: ORCA may be had by registered users only. Its `%basis` block takes
the shells of Basis Set Exchange's ORCA format between `NewGTO` and `end`; `%cpcm` takes `AtomRadii(atom, Å)`.
"""

from __future__ import annotations

import importlib.metadata

from reexplore.chemistry.metals import METALS
from reexplore.energies.core_potentials import core_potential_source
from reexplore.energies.dft.molecule import oriented_positions
from reexplore.energies.levels import GAS_PHASE, Level
from reexplore.errors import InputError
from reexplore.structures.structure import Structure

#: PySCF's name of a functional and ORCA's; ORCA's B3LYP has the VWN5 form, B3LYP/G the other.
_FUNCTIONALS = {
    "pbe": "PBE",
    "r2scan": "r2SCAN",
    "b3lyp5": "B3LYP",
    "b3lyp": "B3LYP/G",
    "pbe0": "PBE0",
}
#: Bases that ORCA knows by name, with their core potential where there is one.
_NAMED = {"def2-svp": "def2-SVP", "def2-svpd": "def2-SVPD", "def2-tzvp": "def2-TZVP", "def2-tzvpd": "def2-TZVPD"}
_NAMED_ECP = "def2-ecp"
_FITTING = "def2-universal-jkfit"

_DIFFERENCES = """\
# What differs from reexplore's own calculation, apart from nothing having been run:
# - solvent: ORCA's SMD solves the C-PCM equations on its own cavity points, reexplore's those of IEF-PCM;
# - the metal's sphere: SMD has none for rare earths; it is set below to the radius reexplore uses. Check the radii
#   ORCA prints: a wrong one shifts every binding energy of this metal by the same amount, many kcal/mol;
# - SMD's non-electrostatic term has no parameters for rare earths: reexplore adds nothing for the metal, ORCA may;
# - grids: DEFGRID3 instead of PySCF's level {grid};
# - start: ORCA's own. With open 4f shells it may end in another state: compare <S**2> and the f population.
# - open 4f shells of Gd, Tb and Dy: reexplore leaves a function at the nucleus out of the basis, which is in it here.
# Energies of two programs must not be mixed in one binding energy."""


def orca_input(structure: Structure, *, level: Level, multiplicity: int) -> str:
    """Return an ORCA 6 input for the single point of a structure; see `exporting.export_label`.

    Raises `InputError` for a functional, basis or exchange that has no counterpart here.
    """
    metals = sorted(set(structure.symbols) & set(METALS))
    keywords = [
        "UKS" if multiplicity > 1 else "RKS",
        _functional(level),
        *_dispersion(level),
        _named_basis(level.ligand_basis, level),
        *_resolution(level),
        "DEFGRID3",
        "TightSCF",
    ]
    lines = [
        f"# Level '{level.name}' (version {level.version}): {level.summary.rstrip('.')}.",
        f"# Written by reexplore {importlib.metadata.version('reexplore')} from ORCA's manual (6.0); NOT RUN.",
        "#",
        *_DIFFERENCES.format(grid=level.grid_level).splitlines(),
        "! " + " ".join(keywords),
        "%maxcore 4000",
        "%basis",
        f'  {"AuxJ" if level.exchange == "none" else "AuxJK"} "def2/JK"',
        *(line for symbol in metals for line in _metal_lines(level, symbol)),
        "end",
        *_solvent(structure, level),
        "%scf",
        "  MaxIter 300",
        "end",
        f"* xyz {structure.charge} {multiplicity}",
        *(
            f"{symbol:2} {x:16.10f} {y:16.10f} {z:16.10f}"
            for symbol, (x, y, z) in zip(structure.symbols, oriented_positions(structure), strict=True)
        ),
        "*",
    ]
    return "\n".join(lines) + "\n"


def _functional(level: Level) -> str:
    try:
        return _FUNCTIONALS[level.functional.lower()]
    except KeyError:
        known = ", ".join(_FUNCTIONALS)
        raise InputError(
            f"level '{level.name}': no ORCA name is known for the functional '{level.functional}', only for {known}"
        ) from None


def _dispersion(level: Level) -> list[str]:
    name = level.dispersion.partition(":")[0]
    if name not in ("", "d4"):
        raise InputError(f"level '{level.name}': no ORCA name is known for the dispersion '{level.dispersion}'")
    return [name.upper()] if name else []


def _named_basis(name: str, level: Level) -> str:
    try:
        return _NAMED[name.lower()]
    except KeyError:
        raise InputError(f"level '{level.name}': no ORCA name is known for the ligands' basis '{name}'") from None


def _resolution(level: Level) -> list[str]:
    if level.coulomb_fitting_basis != _FITTING:
        raise InputError(f"level '{level.name}': no ORCA name is known for '{level.coulomb_fitting_basis}'")
    if level.exchange == "none":
        return ["RI"]
    if level.exchange.startswith("density-fitted"):
        return ["RIJK"]
    raise InputError(f"level '{level.name}': no ORCA input is known for exchange '{level.exchange}'")


def _metal_lines(level: Level, symbol: str) -> list[str]:
    """Return basis, core potential and fitting basis of a metal; by name where ORCA has them."""
    treatment = level.treatment_of(symbol)
    if treatment.basis in _NAMED:
        lines = [f'  NewGTO {symbol} "{_NAMED[treatment.basis]}" end']
    else:
        lines = [f"  NewGTO {symbol}", *_shells(treatment.basis, symbol), "  end"]
    if treatment.ecp == _NAMED_ECP:
        lines.append(f'  NewECP {symbol} "def2-ECP" end')
    elif treatment.ecp:
        lines += _core_potential(treatment.ecp, symbol)
    auxiliary = "NewAuxJGTO" if level.exchange == "none" else "NewAuxJKGTO"
    return [*lines, f"  {auxiliary} {symbol}", *_shells(_FITTING, symbol), "  end"]


def _orca_format(basis: str, symbol: str) -> list[str]:
    from basis_set_exchange import get_basis

    text = str(get_basis(basis, elements=[symbol], fmt="orca", header=False))
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _shells(basis: str, symbol: str) -> list[str]:
    """Return the shells of a basis: what stands between the element's name and `$END`."""
    lines = _orca_format(basis, symbol)
    return ["    " + line for line in lines[2 : lines.index("$END")]]


def _core_potential(name: str, symbol: str) -> list[str]:
    """Return the `NewECP` block of a core potential that ORCA does not name."""
    source = core_potential_source(name)
    if source == name:
        lines = _orca_format(name, symbol)
        block = lines[lines.index("$END") + 1 :]
    else:
        block = _orca_potential(source)
    if not block:
        raise InputError(f"basis-set-exchange has no core potential with '{name}' for {symbol}")
    return [f"  NewECP {symbol}", *("  " + line for line in block[1:])]


def _orca_potential(source: str) -> list[str]:
    """Return a core potential of NWChem's format in ORCA's."""
    from basis_set_exchange.readers import read_formatted_basis_str
    from basis_set_exchange.writers import write_formatted_basis_str

    text = write_formatted_basis_str(read_formatted_basis_str(f"ECP\n{source}END\n", "nwchem"), "orca")
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _solvent(structure: Structure, level: Level) -> list[str]:
    if level.solvent == GAS_PHASE:
        return []
    # PySCF has bromine's radius of SMD18.
    bromine = ["  smd18 true"] if "Br" in structure.symbols else []
    return ["%cpcm", "  smd true", f'  SMDsolvent "{level.solvent}"', *bromine, *_radii(structure, level), "end"]


def _radii(structure: Structure, level: Level) -> list[str]:
    """Return the metal's sphere in Ångström, as PySCF's SMD has it; atoms count from 0."""
    from pyscf.data.nist import BOHR

    from reexplore.energies.dft.solvent import radii_and_permittivity

    radii_bohr, _ = radii_and_permittivity(level)
    return [
        f"  AtomRadii({index}, {radii_bohr[METALS[symbol].atomic_number] * BOHR:.4f})"
        for index, symbol in enumerate(structure.symbols)
        if symbol in METALS
    ]
