"""Side reactions with protons against published conditional constants."""

from __future__ import annotations

import pytest

from reexplore.energies.protons import (
    KCAL_MOL_PER_LOG_UNIT,
    FreeLigandAtPH,
    conditional_log_k,
    log_k,
    log_side_reaction,
)
from reexplore.errors import InputError

#: Those that D. C. Harris, Quantitative Chemical Analysis, 7th ed., table 12-1, makes his table of.
EDTA = (10.24, 6.16, 2.66, 2.0, 1.5, 0.0)


@pytest.mark.parametrize(("ph", "fraction"), [(3, 2.5e-11), (5, 3.7e-7), (7, 5.0e-4), (10, 0.36), (12, 0.98)])
def test_edta_is_as_deprotonated_as_a_textbook_says(ph, fraction):
    assert 10 ** -log_side_reaction(EDTA, ph=ph) == pytest.approx(fraction, rel=0.06)


def test_a_conditional_constant_is_lower_by_the_side_reaction():
    # log K of CaEDTA 10.69 at pH 10: K' = 0.36 · 4.9e10 = 1.8e10, the same book.
    assert conditional_log_k(10.69, EDTA, ph=10) == pytest.approx(10.25, abs=0.02)


def test_in_a_strong_base_nothing_is_protonated():
    assert log_side_reaction((4.76,), ph=14) == pytest.approx(0.0, abs=1e-6)


def test_far_below_the_pka_every_unit_of_ph_is_a_unit_of_log_k():
    assert log_side_reaction((9.0,), ph=2) - log_side_reaction((9.0,), ph=3) == pytest.approx(1.0, abs=1e-5)


def test_a_free_energy_is_a_constant():
    assert pytest.approx(1.364, abs=0.001) == KCAL_MOL_PER_LOG_UNIT
    assert log_k(-13.64) == pytest.approx(10.0, abs=0.01)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="a pH of 16 is none of water"):
        log_side_reaction(EDTA, ph=16)


def test_counted_from_the_acid_a_ligand_far_above_its_pka_is_the_anion():
    counted = FreeLigandAtPH(14.0, {})
    # The pKa is what the proton's loss costs.
    assert counted.shift_kcal_mol((4.76,), protons=1) == pytest.approx(4.76 * KCAL_MOL_PER_LOG_UNIT)
    assert counted.shift_kcal_mol((4.76,), protons=0) == pytest.approx(0.0, abs=1e-6)


def test_far_below_it_the_acid_less_its_proton_at_that_ph():
    counted = FreeLigandAtPH(1.0, {})
    assert counted.shift_kcal_mol((4.76,), protons=1) == pytest.approx(1.0 * KCAL_MOL_PER_LOG_UNIT, abs=1e-3)
