from dataclasses import replace

import numpy as np
import pytest
import torch

from reexplore.electrons import training
from reexplore.electrons.network import NetworkSettings
from reexplore.electrons.tight_binding import tight_binding_states
from reexplore.electrons.training import Example, TrainingSettings, differences, states_of, train
from tests.electrons.molecules import BENZENE, FORMALDEHYDE

SMALL = NetworkSettings(features=8, seen=4, bessels=4, hidden=(16, 16))
PLAN = TrainingSettings(epochs=4, batch_size=2)


@pytest.fixture(scope="module")
def examples():
    found = []
    for structure in (FORMALDEHYDE, BENZENE, FORMALDEHYDE.moved_to(1.03 * FORMALDEHYDE.positions_angstrom)):
        states = tight_binding_states(structure, "GFN2-xTB")
        energies = np.array([states.ionisation_potential_ev - 14.0, states.electron_affinity_ev - 3.0])
        found.append(Example(structure, energies, states.charges_e, states.spins_e))
    return found


def _weights(network):
    return torch.cat([value.flatten() for value in network.state_dict().values()])


def test_a_training_that_was_killed_ends_where_an_undisturbed_one_does(examples, tmp_path, monkeypatch):
    undisturbed = train(examples, settings=SMALL, plan=PLAN, seed=3)
    kept = training._keep

    def killed(parts, checkpoint, epochs):
        kept(parts, checkpoint, epochs)
        if epochs == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "_keep", killed)
    with pytest.raises(KeyboardInterrupt):
        train(examples, settings=SMALL, plan=PLAN, seed=3, checkpoint=tmp_path / "training.pt")
    monkeypatch.setattr(training, "_keep", kept)
    resumed = train(examples, settings=SMALL, plan=PLAN, seed=3, checkpoint=tmp_path / "training.pt")
    assert torch.equal(_weights(resumed), _weights(undisturbed))
    assert not torch.equal(_weights(train(examples, settings=SMALL, plan=PLAN, seed=4)), _weights(undisturbed))


def test_a_few_molecules_are_learned_with_their_charges_and_spins(examples):
    network = train(examples, settings=SMALL, plan=replace(PLAN, epochs=250), seed=0)
    with torch.no_grad():
        last = network(states_of([example.structure for example in examples]))[-1]
    said = differences(last.energies).numpy()
    wanted = np.array([example.differences_ev for example in examples])
    assert np.abs(said - wanted).max() < 0.2
    assert last.charges[:3, :4].numpy() == pytest.approx(examples[0].charges_e, abs=0.05)
    assert last.spins[:3, :4].numpy() == pytest.approx(examples[0].spins_e, abs=0.1)


def test_what_is_not_known_is_not_learned(examples):
    known = examples[0]
    nothing = np.full(known.charges_e.shape[1], np.nan)
    partly = replace(
        known,
        differences_ev=np.array([known.differences_ev[0], np.nan]),
        charges_e=np.array([*known.charges_e[:2], nothing]),
        spins_e=np.array([*known.spins_e[:2], nothing]),
    )
    network = train([partly], settings=SMALL, plan=replace(PLAN, epochs=200), seed=0)
    with torch.no_grad():
        last = network(states_of([known.structure]))[-1]
    assert float(differences(last.energies)[0, 0]) == pytest.approx(known.differences_ev[0], abs=0.2)
    assert last.charges[:2].numpy() == pytest.approx(known.charges_e[:2], abs=0.05)
    assert bool(last.spin_charges.isfinite().all())


def test_a_second_stage_begins_with_the_charges_of_the_first_and_no_energies(examples):
    first = train(examples, settings=SMALL, plan=PLAN, seed=0)
    second = train(examples, settings=SMALL, plan=replace(PLAN, epochs=0), seed=1, start=first.state_dict())
    batch = states_of([BENZENE])
    with torch.no_grad():
        assert torch.equal(second(batch)[-1].spin_charges, first(batch)[-1].spin_charges)
        assert second(batch)[-1].energies.abs().max() == 0
