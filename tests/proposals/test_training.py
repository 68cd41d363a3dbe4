"""A generator learns, is killed and goes on, and is saved and loaded."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from reexplore.errors import InputError
from reexplore.proposals import training
from reexplore.proposals.family import EnumeratedFamily
from reexplore.proposals.generator import Generator
from reexplore.proposals.r_groups import r_groups
from reexplore.proposals.settings import GeneratorSettings
from reexplore.proposals.training import train_generator
from reexplore.proposals.training_set import Scales, TrainingSet

SETTINGS = GeneratorSettings(hidden=32, latent=8, embedding=8, batch=16, epochs=5)


@pytest.fixture(scope="module")
def ligands():
    return [found for _, found in EnumeratedFamily(groups=r_groups()[:6]).draw(130, seed=1)]


@pytest.fixture(scope="module")
def given(ligands):
    known = {each.ligand.identity: {"homo_ev": -10.0 - number / 50} for number, each in enumerate(ligands[:60])}
    return TrainingSet.of(ligands, known, ("homo_ev",))


@pytest.fixture(scope="module")
def trained(given, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generator")
    report = train_generator(given, SETTINGS, seed=5, path=folder / "g.pt", checkpoint=folder / "state")
    return folder / "g.pt", report


def test_its_losses_fall(trained):
    history = trained[1]["history"]
    assert len(history) == 5
    assert history[-1]["reconstruction"] < 0.8 * history[0]["reconstruction"]


def test_killed_between_two_epochs_it_ends_the_same(given, trained, tmp_path, monkeypatch):
    kept = training._keep

    def killed(path, state):
        kept(path, state)
        if len(state["history"]) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "_keep", killed)
    with pytest.raises(KeyboardInterrupt):
        train_generator(given, SETTINGS, seed=5, path=tmp_path / "g.pt", checkpoint=tmp_path)
    monkeypatch.setattr(training, "_keep", kept)
    torch.rand(7)
    report = train_generator(given, SETTINGS, seed=5, path=tmp_path / "g.pt", checkpoint=tmp_path)
    assert report == trained[1]
    z = np.random.default_rng(0).normal(size=(20, 8))
    first, second = (Generator.load(path) for path in (trained[0], tmp_path / "g.pt"))
    assert first.decode(z, temperature=1.0, seed=2) == second.decode(z, temperature=1.0, seed=2)


def test_a_refined_one_goes_on_where_the_first_ended(given, trained, tmp_path):
    once = replace(SETTINGS, epochs=1, learning_rate=1e-4)
    new = train_generator(given, once, seed=6, path=tmp_path / "n.pt", checkpoint=tmp_path / "n")
    refined = train_generator(given, once, seed=6, path=tmp_path / "r.pt", checkpoint=tmp_path / "r", start=trained[0])
    assert refined["history"][0]["reconstruction"] < 0.8 * new["history"][0]["reconstruction"]
    with pytest.raises(InputError, match="other sizes"):
        train_generator(
            given, replace(once, latent=4), seed=6, path=tmp_path / "x.pt", checkpoint=tmp_path / "x", start=trained[0]
        )


def test_a_saved_one_encodes_decodes_and_says_properties(trained, ligands):
    generator = Generator.load(trained[0])
    z = generator.encode([each.ligand for each in ligands[:5]])
    assert z.shape == (5, 8)
    assert generator.encode([]).shape == (0, 8)
    assert len(generator.decode(z, temperature=0.0, seed=0)) == 5
    said = generator.said(z, [each.donor_class.name for each in ligands[:5]])
    assert said.shape == (5, 1)
    assert np.all(np.abs(said + 10.5) < 5)


def test_latent_vectors_of_another_generator_are_refused(trained):
    generator = Generator.load(trained[0])
    for wrong in (np.zeros((2, 7)), np.full((1, 8), np.nan)):
        with pytest.raises(InputError, match="8 finite numbers"):
            generator.decode(wrong, temperature=1.0, seed=0)


def test_another_version_is_refused(trained, tmp_path):
    content = torch.load(trained[0], weights_only=True)
    torch.save(content | {"version": 99}, tmp_path / "g.pt")
    with pytest.raises(InputError, match="version 99"):
        Generator.load(tmp_path / "g.pt")


def test_a_training_set_of_one_string_is_refused():
    with pytest.raises(InputError, match="100 different ligands at least, and 1 are given"):
        TrainingSet(("[O-1][C]",) * 200, ("alkoxide",) * 200, (), np.zeros((200, 0)))


def test_a_training_set_is_read_as_it_was_written(given):
    read = TrainingSet.from_text(given.to_text())
    assert (read.strings, read.classes, read.properties) == (given.strings, given.classes, given.properties)
    np.testing.assert_array_equal(read.values, given.values)


def test_scales_are_those_of_each_class(given):
    scales, scaled = Scales.fit(given), Scales.fit(given).scaled(given)
    known = ~np.isnan(given.values[:, 0])
    assert abs(np.nanmean(scaled)) < 1e-9
    assert np.nanstd(scaled) == pytest.approx(1.0)
    mine = known & (np.array(given.classes) == "urea")
    assert scales.means[scales.classes.index("urea"), 0] == pytest.approx(given.values[mine, 0].mean())
