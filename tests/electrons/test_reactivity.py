import numpy as np
import pytest

from reexplore.electrons.reactivity import Reactivity
from reexplore.electrons.states import HARTREE_TO_EV, ThreeStates
from reexplore.electrons.tight_binding import tight_binding_states
from tests.electrons.molecules import FORMALDEHYDE


def test_chlorine_has_the_published_electronegativity_and_hardness():
    # R. G. Pearson, Inorg. Chem. 1988, 27, 734: IP 13.01, EA 3.62, χ 8.30 and η 4.70 eV, there (IP − EA) / 2.
    energies = np.array([13.01, 0.0, -3.62]) / HARTREE_TO_EV
    chlorine = Reactivity(ThreeStates(energies, np.array([[1.0], [0.0], [-1.0]]), np.zeros((3, 1))))
    assert chlorine.electronegativity_ev == pytest.approx(8.30, abs=0.02)
    assert chlorine.hardness_ev / 2 == pytest.approx(4.70, abs=0.01)
    assert chlorine.electrophilicity_ev == pytest.approx(8.315**2 / (4 * 4.695), abs=1e-3)


def test_fukui_functions_sum_to_one_electron():
    found = Reactivity(tight_binding_states(FORMALDEHYDE, "GFN2-xTB"))
    assert found.fukui_minus.sum() == pytest.approx(1, abs=1e-6)
    assert found.fukui_plus.sum() == pytest.approx(1, abs=1e-6)
    # The lone pair of oxygen leaves.
    assert int(found.fukui_minus.argmax()) == 1
    assert found.philicity_plus_ev.sum() == pytest.approx(found.electrophilicity_ev, abs=1e-5)
    assert found.philicity_minus_ev.sum() == pytest.approx(found.electrophilicity_ev, abs=1e-5)
