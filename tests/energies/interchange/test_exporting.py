from __future__ import annotations

from dataclasses import replace

import pytest

from reexplore.energies.interchange.exporting import PROGRAMS, SUFFIXES, export_label, multiplicity_of
from reexplore.energies.levels import GFN2, PAPER, QUICK, TEACHER
from reexplore.errors import InputError
from tests.energies.examples import LANTHANUM_TWO_WATERS, WATER, ion


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("level", [QUICK, PAPER], ids=lambda level: level.name)
def test_every_program_has_an_input_for_every_real_level(program, level):
    text = export_label(LANTHANUM_TWO_WATERS, level=level, program=program)
    assert f"'{level.name}'" in text
    assert program in SUFFIXES


@pytest.mark.parametrize(("level", "sentence"), [(TEACHER, "invented"), (GFN2, "computed by tblite")])
def test_levels_of_no_density_functional_are_not_exported(level, sentence):
    with pytest.raises(InputError, match=sentence):
        export_label(WATER, level=level, program="orca")


@pytest.mark.parametrize(("level", "multiplicity"), [(QUICK, 3), (PAPER, 2)], ids=["closed", "open"])
def test_a_multiplicity_that_cannot_be_is_refused(level, multiplicity):
    with pytest.raises(InputError):
        export_label(LANTHANUM_TWO_WATERS, level=level, program="pyscf", multiplicity=multiplicity)


def test_hund_decides_where_the_4f_shell_is_open():
    # NIST's ground terms of the trivalent ions: Ce 2F, Eu 7F, Gd 8S, Lu 1S.
    found = [multiplicity_of(ion(symbol), PAPER) for symbol in ("Ce", "Eu", "Gd", "Lu", "Y")]
    assert found == [2, 7, 8, 1, 1]
    assert multiplicity_of(ion("Gd"), QUICK) == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_exchange_that_a_program_has_no_word_for_is_refused(program):
    with pytest.raises(InputError, match="exchange 'by hand'"):
        export_label(WATER, level=replace(PAPER, exchange="by hand"), program=program)
