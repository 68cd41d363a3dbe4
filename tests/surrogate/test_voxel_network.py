"""The voxel network: trained, saved, asked; files of old versions of it."""

from pathlib import Path

import numpy as np
import pytest

from reexplore.errors import InputError
from reexplore.surrogate.settings import VoxelSettings
from reexplore.surrogate.voxel_network import FILE_VERSION, SavedEnsemble, Seen, asked, train_network
from tests.surrogate.sample import make_samples
from tests.surrogate.suite import complexes_of

TINY = VoxelSettings(points=16, spacing_angstrom=1.5, width_angstrom=1.0, features=2, blocks=(1, 1), epochs=4)
DATA = Path(__file__).parent / "data"


def test_a_class_is_learned_from_what_is_seen():
    samples = make_samples(40, seed=5)
    seen = [Seen.of(sample.structure, TINY) for sample in samples]
    # Whether the ligand is CAM: another composition and another shape.
    target = np.array([float(sample.scaffold == "CAM") for sample in samples])
    settings = VoxelSettings(**{**vars(TINY), "epochs": 30, "features": 4, "learning_rate": 1e-2})
    network = train_network(seen[:30], target[:30], settings=settings, seed=1, learns="class")
    said = asked(network, seen[30:], settings).mean(axis=1) > 0
    assert (said == target[30:].astype(bool)).mean() > 0.8


def test_a_seed_gives_one_network():
    samples = make_samples(8, seed=5)
    seen, target = [Seen.of(sample.structure, TINY) for sample in samples], np.arange(8) / 8
    first, second, third = (train_network(seen, target, settings=TINY, seed=seed) for seed in (1, 1, 2))
    assert asked(second, seen, TINY) == pytest.approx(asked(first, seen, TINY))
    assert asked(third, seen, TINY) != pytest.approx(asked(first, seen, TINY))


def test_a_member_of_the_first_version_is_still_read_and_says_what_it_said():
    assert FILE_VERSION == 1
    (sample,) = make_samples(1, seed=8)
    said = SavedEnsemble([DATA / "voxel-1.pt"]).predict(complexes_of(sample))
    assert said.shape == (1, 1, 12)
    assert said.mean() == pytest.approx(float((DATA / "voxel-1.txt").read_text()), abs=0.01)


def test_a_member_of_a_later_version_is_refused(tmp_path):
    import torch

    torch.save({"version": FILE_VERSION + 1}, tmp_path / "member")
    with pytest.raises(InputError, match="voxel member file of version 2"):
        SavedEnsemble([tmp_path / "member"])
