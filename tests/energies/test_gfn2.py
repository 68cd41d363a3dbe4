from __future__ import annotations

from pathlib import Path

import pytest

from reexplore.energies import LEVELS, binding, energy_terms, exchange
from reexplore.energies.gfn2 import gfn2_energy
from reexplore.energies.levels import comparison_warning
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from tests.energies.examples import LANTHANUM_TWO_WATERS, WATER, ion, turned
from tests.structures.sample import XTB_ENERGIES_HARTREE, relaxed

GFN2 = LEVELS["gfn2"]
GEOMETRIES = Path(__file__).parents[2] / "benchmarks" / "label_geometries"


def stored(name: str) -> Structure:
    return Structure.from_extxyz((GEOMETRIES / f"{name}.xyz").read_text())


def test_the_level_runs():
    terms = energy_terms(WATER, level=GFN2)
    assert (terms.level, terms.program, terms.is_fake) == ("gfn2", "tblite", False)
    # Oxygen has 2s and 2p, each hydrogen 1s.
    assert (terms.electrons, terms.basis_functions, terms.multiplicity) == (8, 6, 1)


@pytest.mark.parametrize("name", XTB_ENERGIES_HARTREE)
def test_it_gives_the_energies_of_the_xtb_program(name):
    assert gfn2_energy(relaxed(name)).total_hartree == pytest.approx(XTB_ENERGIES_HARTREE[name], abs=1e-6)


@pytest.mark.parametrize("metal", ["La", "Eu", "Lu"])
def test_every_lanthanide_ion_gives_three_electrons_away(metal):
    assert gfn2_energy(ion(metal)).electrons == 0


def test_a_turn_changes_little():
    difference = (
        gfn2_energy(turned(LANTHANUM_TWO_WATERS)).total_hartree - gfn2_energy(LANTHANUM_TWO_WATERS).total_hartree
    )
    # ALPB's surface is a grid fixed in space.
    assert abs(difference) < 2e-4


def test_open_shells_are_refused():
    with pytest.raises(InputError, match="closed shells only: multiplicity 1, not 7"):
        gfn2_energy(ion("Eu"), multiplicity=7)
    with pytest.raises(InputError, match="unpaired"):
        gfn2_energy(Structure(WATER.symbols, WATER.positions_angstrom, 1))


def test_exchange_is_of_sensible_size_and_binding_is_not():
    # [La(HOPO)(H2O)6]2+: DFT binds by 160 kcal/mol at `quick` and 73 at the published level.
    shared = {"ligand": gfn2_energy(stored("HOPO-H")), "water": gfn2_energy(stored("water")), "ligands": 1, "waters": 6}
    complex_ = gfn2_energy(stored("La_HOPO-H_1_6"))
    assert binding(complex_, ion=gfn2_energy(ion("La")), **shared).energy_kcal_mol < -1000
    exchanged = exchange(complex_, aqua_complex=gfn2_energy(stored("La_aqua_8")), **shared)
    assert -30 < exchanged.energy_kcal_mol < 0
    assert "bare ions an order of magnitude too strongly" in str(GFN2.caution)


def test_yttrium_is_not_compared_with_lanthanides():
    assert comparison_warning(GFN2, ["La", "Eu", "Lu"]) is None
    assert comparison_warning(GFN2, ["Y", "Lu"]) is not None
