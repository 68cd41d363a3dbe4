import numpy as np
import pytest

from reexplore.electrons.tight_binding import tight_binding_states
from tests.electrons.molecules import BENZENE, BENZENE_EA_EV, BENZENE_IP_EV, FORMALDEHYDE

#: What IPEA1-xTB has too much in potentials and affinities (V. Asgeirsson et al., Chem. Sci. 2017, 8, 4879).
SELF_INTERACTION_EV = 4.846


def test_ipea1_finds_the_measured_potential_and_affinity_of_benzene():
    states = tight_binding_states(BENZENE, "IPEA1-xTB")
    assert states.ionisation_potential_ev - SELF_INTERACTION_EV == pytest.approx(BENZENE_IP_EV, abs=0.5)
    assert states.electron_affinity_ev - SELF_INTERACTION_EV == pytest.approx(BENZENE_EA_EV, abs=0.7)


@pytest.mark.parametrize("method", ["GFN2-xTB", "IPEA1-xTB"])
def test_charges_and_spins_sum_to_those_of_the_states(method):
    states = tight_binding_states(FORMALDEHYDE, method)
    assert states.charges_e.sum(axis=1) == pytest.approx([1, 0, -1], abs=1e-6)
    assert states.spins_e.sum(axis=1) == pytest.approx([1, 0, 1], abs=1e-6)


def test_the_electron_leaves_the_lone_pair_of_formaldehyde():
    states = tight_binding_states(FORMALDEHYDE, "GFN2-xTB")
    assert int(states.spins_e[0].argmax()) == 1
    # And the one that comes goes into the π* orbital, which is larger on carbon.
    assert int(states.spins_e[2].argmax()) == 0
    assert np.abs(states.spins_e[2, 2:]).max() < 1e-6
