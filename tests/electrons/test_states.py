import numpy as np
import pytest

from reexplore.electrons.states import ThreeStates, require_neutral
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from tests.electrons.molecules import FORMALDEHYDE


def test_potential_and_affinity_are_differences_in_electronvolts():
    nothing = np.zeros((3, 1))
    states = ThreeStates(np.array([-1.5, -2.0, -2.1]), nothing, nothing)
    assert states.ionisation_potential_ev == pytest.approx(0.5 * 27.2114, abs=1e-4)
    assert states.electron_affinity_ev == pytest.approx(0.1 * 27.2114, abs=1e-4)


def test_anions_and_radicals_are_refused():
    anion = Structure(FORMALDEHYDE.symbols, FORMALDEHYDE.positions_angstrom, -2)
    with pytest.raises(InputError, match="charge is -2: electrons are taken from and given to neutral molecules"):
        require_neutral(anion)
    with pytest.raises(InputError, match="odd number of electrons"):
        require_neutral(Structure(("O", "H"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.97]]), 0))
