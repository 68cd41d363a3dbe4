import numpy as np
import pytest
import torch

from reexplore.electrons.network import Batch, NetworkSettings, SpinChargeNetwork
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from tests.electrons.molecules import BENZENE, FORMALDEHYDE

STATES = ((1, 2), (0, 1), (-1, 2))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SpinChargeNetwork(NetworkSettings()).double().eval()


def _batch(*structures):
    every = [(structure, *state) for structure in structures for state in STATES]
    return Batch.of(*zip(*every, strict=True)).to(torch.device("cpu"), torch.float64)


def test_charges_of_both_spins_sum_to_the_molecules_after_every_pass(network):
    passes = network(_batch(FORMALDEHYDE, BENZENE))
    assert len(passes) == 3
    for passed in passes:
        assert passed.charges.sum(1).tolist() == pytest.approx([1, 0, -1] * 2, abs=1e-6)
        assert passed.spins.sum(1).tolist() == pytest.approx([1, 0, 1] * 2, abs=1e-6)
    # Single precision, in which it is used, keeps them as well.
    batch = _batch(FORMALDEHYDE, BENZENE).to(torch.device("cpu"))
    for passed in network.float()(batch):
        assert passed.charges.sum(1).tolist() == pytest.approx([1, 0, -1] * 2, abs=1e-6)


def test_a_closed_shell_has_no_spin_on_any_atom_and_no_charge_stands_where_no_atom_is(network):
    last = network(_batch(FORMALDEHYDE, BENZENE))[-1]
    assert last.spins[1].abs().max() < 1e-12
    assert last.spins[0].abs().max() > 1e-3
    assert last.charges[:3, 4:].abs().max() == 0


def test_turning_and_moving_change_nothing_and_atoms_may_stand_in_any_order(network):
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    order = np.random.default_rng(1).permutation(12)
    turned = Structure(tuple(BENZENE.symbols[i] for i in order), (BENZENE.positions_angstrom @ turn.T + 3.0)[order], 0)
    here, there = (network(_batch(structure))[-1] for structure in (BENZENE, turned))
    # Positions are kept to eight decimals.
    assert there.energies.tolist() == pytest.approx(here.energies.tolist(), abs=1e-6)
    assert there.spin_charges.detach().numpy() == pytest.approx(here.spin_charges[:, order].detach().numpy(), abs=1e-6)


def test_a_molecule_is_the_same_alone_and_beside_a_larger_one(network):
    alone, beside = network(_batch(FORMALDEHYDE))[-1], network(_batch(FORMALDEHYDE, BENZENE))[-1]
    assert beside.energies[:3].tolist() == pytest.approx(alone.energies.tolist(), abs=1e-9)


def test_geometry_and_charge_are_seen(network):
    stretched = FORMALDEHYDE.moved_to(1.05 * FORMALDEHYDE.positions_angstrom)
    energies = [network(_batch(structure))[-1].energies for structure in (FORMALDEHYDE, stretched)]
    assert (energies[0] - energies[1]).abs().min() > 1e-6
    assert len(set(energies[0].tolist())) == 3


@pytest.mark.parametrize(
    ("symbols", "charge", "multiplicity", "told"),
    [
        (("Si", "H", "H", "H", "H"), 0, 1, "never seen Si: it knows molecules of H C N O F P S Cl"),
        (("C", "H", "H", "H", "H"), -2, 1, r"charge -2 is beyond what the network learned from: -1, 0 and \+1"),
        (("C", "H", "H", "H", "H"), 1, 1, "9 electrons have no multiplicity of 1: take 2"),
        (("C", "H", "H", "H", "H"), 0, 2, "10 electrons have no multiplicity of 2: take 1"),
        (("C", "H", "H", "H", "H"), 0, 3, "multiplicity 3 is beyond what the network learned from"),
    ],
)
def test_what_the_network_does_not_know_is_refused_in_a_sentence(symbols, charge, multiplicity, told):
    structure = Structure(symbols, np.arange(3.0 * len(symbols)).reshape(-1, 3), 0)
    with pytest.raises(InputError, match=told):
        Batch.of([structure], [charge], [multiplicity])
