"""The line of atoms finds energies of atoms that are there, and says what no line knows."""

import numpy as np
import pytest

from reexplore.study.atoms import line_of_atoms, outside_of
from tests.study.sample import ATOMS
from tests.surrogate.sample import make_samples


def energy(sample):
    return sum(ATOMS.get(symbol, -31.0) for symbol in sample.structure.symbols)


def test_a_sum_of_atoms_is_found_whatever_its_size():
    samples = make_samples(64)
    known, asked = samples[:48], samples[48:]
    assert outside_of(known, asked) == []
    target = np.array([1e3 * energy(sample) for sample in known])
    of_known, of_asked = line_of_atoms(known, asked, target)
    assert of_known == pytest.approx(target, rel=1e-9)
    assert of_asked == pytest.approx([1e3 * energy(sample) for sample in asked], rel=1e-9)


def test_elements_and_counts_that_were_never_seen_are_outside():
    samples = make_samples(64)
    without = [sample for sample in samples if "bromo" not in sample.substituents]
    with_it = [sample for sample in samples if "bromo" in sample.substituents]
    assert outside_of(without, with_it) == [sample.key for sample in with_it]
    # One scaffold alone always has as many carbons as nitrogens times a constant: the other's are no sum of these.
    hopo = [sample for sample in samples if sample.scaffold == "HOPO"]
    cam = [sample for sample in samples if sample.scaffold == "CAM"]
    assert outside_of(hopo, cam) == [sample.key for sample in cam]
