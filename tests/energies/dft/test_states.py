from __future__ import annotations

from dataclasses import replace

import pytest

from reexplore.energies.dft import states
from reexplore.energies.dft.single_point import single_point
from reexplore.energies.levels import PAPER
from reexplore.errors import CalculationFailed, FailureCode
from tests.energies.examples import ion

COARSE = replace(PAPER, grid_level=1)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tmp_path_factory.mktemp("checkpoint")


@pytest.fixture(scope="module")
def cerium(checkpoint):
    return single_point(ion("Ce"), level=COARSE, checkpoint=checkpoint)


def test_one_f_electron_is_a_doublet(cerium):
    assert cerium.multiplicity == 2
    assert cerium.spin_squared == pytest.approx(0.75, abs=0.01)
    assert cerium.f_population == pytest.approx(1.0, abs=0.02)
    assert cerium.f_unpaired == pytest.approx(1.0, abs=0.02)


def test_iterations_that_end_on_a_saddle_go_on_downhill(cerium):
    ends = {a["stage"]: a["energy_hartree"] for a in cerium.attempts if a["method"] == "diis"}
    led_on = [stage for stage in ends if stage + states.DOWNHILL in ends]
    # A real 4f orbital of Ce3+ is no minimum of B3LYP.
    assert led_on
    assert all(ends[stage] - ends[stage + states.DOWNHILL] > 2e-4 for stage in led_on)
    # Turning the ion costs nothing; nothing else may lie downhill.
    assert cerium.lowest_curvature_hartree > -1e-3


def test_the_lowest_of_the_occupations_is_kept_and_their_range_told(cerium):
    ends = [a for a in cerium.attempts if a["method"] == "diis" and a["stage"].startswith("4f")]
    fields = {a["stage"].replace(states.DOWNHILL, ""): a["energy_hartree"] for a in ends}
    assert len(fields) == COARSE.f_occupations
    # The iterations' energy has the fitted solvent, the total the exact one; a bare ion has no other terms.
    assert cerium.total_hartree == pytest.approx(min(fields.values()), abs=1e-3)
    near = [energy for energy in fields.values() if energy - min(fields.values()) < 0.008]
    assert cerium.spread_hartree == pytest.approx(max(near) - min(near), abs=1e-6)


def test_a_resume_ends_in_the_same_state_from_where_it_was(cerium, checkpoint):
    resumed = single_point(ion("Ce"), level=COARSE, checkpoint=checkpoint)
    assert resumed.total_hartree == pytest.approx(cerium.total_hartree, abs=2e-6)
    assert resumed.cycles < cerium.cycles


def test_a_state_that_was_not_asked_for_is_refused(monkeypatch):
    monkeypatch.setattr(states, "_SPIN_TOLERANCE", 1e-9)
    with pytest.raises(CalculationFailed, match="another state") as caught:
        single_point(ion("Ce"), level=COARSE)
    assert caught.value.failure.code is FailureCode.WRONG_STATE
    assert caught.value.failure.evidence["attempts"]
