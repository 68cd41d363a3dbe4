from __future__ import annotations

from dataclasses import replace

import pytest

from reexplore.energies import states
from reexplore.energies.dft import single_point
from reexplore.energies.levels import PAPER
from reexplore.errors import CalculationFailed, FailureCode
from tests.energies.examples import ion

COARSE = replace(PAPER, grid_level=1)


@pytest.fixture(scope="module")
def cerium():
    return single_point(ion("Ce"), level=COARSE)


def test_one_f_electron_is_a_doublet(cerium):
    assert cerium.multiplicity == 2
    assert cerium.spin_squared == pytest.approx(0.75, abs=0.01)
    assert cerium.f_population == pytest.approx(1.0, abs=0.02)


def test_which_4f_orbital_holds_the_electron_of_a_free_ion_matters_little(cerium):
    # Orbitals of one shell in a field-free ion: what is left is the functional's own error.
    assert {attempt["stage"] for attempt in cerium.attempts if attempt["stage"].startswith("4f")} != set()
    assert 0.0 <= cerium.spread_hartree < 0.002


def test_a_state_that_was_not_asked_for_is_refused(monkeypatch):
    monkeypatch.setattr(states, "_SPIN_TOLERANCE", 1e-9)
    with pytest.raises(CalculationFailed, match="another state") as caught:
        single_point(ion("Ce"), level=COARSE)
    assert caught.value.failure.code is FailureCode.WRONG_STATE
    assert caught.value.failure.evidence["attempts"]
