from __future__ import annotations

from dataclasses import replace

import pytest

from reexplore.energies.exporting import PROGRAMS, SUFFIXES, export_label, implied_multiplicity
from reexplore.energies.levels import PAPER, QUICK, TEACHER
from reexplore.errors import InputError
from tests.energies.examples import LANTHANUM_TWO_WATERS, WATER, ion


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("level", [QUICK, PAPER], ids=lambda level: level.name)
def test_every_program_has_an_input_for_every_real_level(program, level):
    text = export_label(LANTHANUM_TWO_WATERS, level=level, program=program)
    assert f"'{level.name}'" in text
    assert program in SUFFIXES


def test_invented_energies_are_not_exported():
    with pytest.raises(InputError, match="invented"):
        export_label(WATER, level=TEACHER, program="orca")


@pytest.mark.parametrize(("multiplicity", "charge"), [(2, 3), (3, 2)])
def test_a_multiplicity_the_electrons_forbid_is_refused(multiplicity, charge):
    structure = replace(LANTHANUM_TWO_WATERS, charge=charge)
    with pytest.raises(InputError, match=f"cannot have multiplicity {multiplicity}"):
        export_label(structure, level=QUICK, program="pyscf", multiplicity=multiplicity)


def test_hund_decides_where_the_4f_shell_is_open():
    # NIST's ground terms of the trivalent ions: Ce 2F, Eu 7F, Gd 8S, Lu 1S.
    found = [implied_multiplicity(ion(symbol), PAPER) for symbol in ("Ce", "Eu", "Gd", "Lu", "Y")]
    assert found == [2, 7, 8, 1, 1]
    assert implied_multiplicity(ion("Gd"), QUICK) == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_exchange_that_a_program_has_no_word_for_is_refused(program):
    with pytest.raises(InputError, match="exchange 'by hand'"):
        export_label(WATER, level=replace(PAPER, exchange="by hand"), program=program)
