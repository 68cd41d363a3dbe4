import numpy as np
import pytest

from reexplore.electrons.density_functional import density_functional_states
from reexplore.electrons.states import HARTREE_TO_EV
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from tests.electrons.molecules import FORMALDEHYDE, FORMALDEHYDE_EA_EV, FORMALDEHYDE_IP_EV


@pytest.fixture(scope="module")
def found():
    return density_functional_states(FORMALDEHYDE)


def _pyscf_hartree(charge):
    """PySCF's own energy with four-centre integrals and a fine grid."""
    from pyscf import dft, gto

    atoms = list(zip(FORMALDEHYDE.symbols, FORMALDEHYDE.positions_angstrom.tolist(), strict=True))
    mol = gto.M(atom=atoms, basis="ma-def2-svp", charge=charge, spin=abs(charge), verbose=0)
    field = dft.KS(mol, xc="pbe0")
    field.grids.level = 2
    return field.kernel()


@pytest.mark.engine
def test_energies_are_those_of_pyscf(found):
    cation, neutral, anion = (_pyscf_hartree(charge) for charge in (1, 0, -1))
    assert found.iao.ionisation_potential_ev == pytest.approx((cation - neutral) * HARTREE_TO_EV, abs=0.01)
    assert found.iao.electron_affinity_ev == pytest.approx((neutral - anion) * HARTREE_TO_EV, abs=0.02)


@pytest.mark.engine
def test_the_potential_is_near_the_measured_one(found):
    assert found.iao.ionisation_potential_ev == pytest.approx(FORMALDEHYDE_IP_EV, abs=0.25)


@pytest.mark.engine
def test_the_anion_holds_its_electron_in_the_valence_as_electron_transmission_measures(found):
    assert found.iao.electron_affinity_ev == pytest.approx(FORMALDEHYDE_EA_EV, abs=0.5)
    # In the π* orbital, which is larger on carbon and has nothing on the hydrogens.
    assert int(found.iao.spins_e[2].argmax()) == 0
    assert np.abs(found.iao.spins_e[2, 2:]).max() < 0.1


@pytest.mark.engine
def test_charges_and_spins_sum_exactly_and_two_schemes_agree(found):
    for charges, spins in (
        (found.iao.charges_e, found.iao.spins_e),
        (found.hirshfeld_charges_e, found.hirshfeld_spins_e),
    ):
        assert charges.sum(axis=1) == pytest.approx([1, 0, -1], abs=1e-6)
        assert spins.sum(axis=1) == pytest.approx([1, 0, 1], abs=1e-6)
        assert spins[1] == pytest.approx(np.zeros(4), abs=1e-6)
    # Oxygen is the negative end of the dipole and holds most of the hole.
    assert found.iao.charges_e[1, 1] < -0.2 < found.iao.charges_e[1, 0]
    assert int(found.iao.spins_e[0].argmax()) == int(found.hirshfeld_spins_e[0].argmax()) == 1


def test_anions_are_refused():
    with pytest.raises(InputError, match="neutral molecules"):
        density_functional_states(Structure(("F",), np.zeros((1, 3)), -1))
