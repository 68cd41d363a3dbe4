"""A process on molecules finds what the labels were made of, and knows where it knows nothing."""

import numpy as np
import pytest

from reexplore.errors import InputError
from reexplore.proposals.donor_classes import DONOR_CLASSES
from reexplore.proposals.family import EnumeratedFamily
from reexplore.proposals.molecule_process import MoleculeProcess, _unlikely
from reexplore.proposals.r_groups import r_groups


@pytest.fixture(scope="module")
def ligands():
    classes = tuple(DONOR_CLASSES[name] for name in ("alkoxide", "urea", "sulfoxide", "amine oxide"))
    return [found for _, found in EnumeratedFamily(classes, r_groups()[:25]).draw(140, seed=2)]


def _invented(ligands):
    """Return labels that are a number of the class and one of the ligand's atoms."""
    of_class = {"alkoxide": 5.0, "urea": -3.0, "sulfoxide": 0.0, "amine oxide": 1.0}
    return np.array([of_class[x.donor_class.name] + 0.1 * x.ligand.mol.GetNumHeavyAtoms() for x in ligands])


def test_it_learns_class_and_rest(ligands):
    values = _invented(ligands)
    process = MoleculeProcess.fit(ligands[:100], values[:100])
    mean, deviation = process.expected(ligands[100:])
    assert np.abs(mean - values[100:]).mean() < 0.15
    assert deviation.shape == (40,)
    again, sure = process.expected(ligands[:100])
    assert np.abs(again - values[:100]).max() < 0.2
    assert sure.mean() < deviation.mean()


def test_the_gradient_is_that_of_the_likelihood():
    chance = np.random.default_rng(3)
    terms = [(a := chance.normal(size=(12, 12))) @ a.T / 12 for _ in range(4)]
    y, at = chance.normal(size=12), np.log([0.7, 0.4, 0.2, 0.9, 0.3])
    _, slopes = _unlikely(at, terms, y)
    steps = 1e-5 * np.eye(5)
    counted = [(_unlikely(at + step, terms, y)[0] - _unlikely(at - step, terms, y)[0]) / 2e-5 for step in steps]
    np.testing.assert_allclose(slopes, counted, rtol=1e-5, atol=1e-7)


def test_a_class_without_labels_is_uncertain(ligands):
    known = [each for each in ligands if each.donor_class.name != "urea"]
    process = MoleculeProcess.fit(known, _invented(known))
    mean, deviation = process.expected(ligands)
    strange = np.array([each.donor_class.name == "urea" for each in ligands])
    assert deviation[strange].mean() > 2 * deviation[~strange].mean()
    assert mean.shape == (140,)


def test_nothing_is_asked_and_too_little_is_refused(ligands):
    process = MoleculeProcess.fit(ligands[:5], np.arange(5.0))
    assert [x.shape for x in process.expected([])] == [(0,), (0,)]
    with pytest.raises(InputError, match="two labels"):
        MoleculeProcess.fit(ligands[:1], np.ones(1))
