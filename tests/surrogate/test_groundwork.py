"""What cheap energies teach: few dear labels are then enough, and a saved model says the same."""

import json

import numpy as np
import pytest

from reexplore.chemistry.candidates import Group
from reexplore.surrogate.base import HoldOut
from reexplore.surrogate.choices import Choices
from reexplore.surrogate.groundwork import SETTING, Groundwork
from reexplore.surrogate.kernels import parts_of
from reexplore.surrogate.samples import Sample
from reexplore.surrogate.tabular import Tabular, TabularFit
from tests.surrogate.test_additive_process import complexes


def smiles_of(parts):
    return (parts[0].scaffold, *(part.substituent for part in parts[1:]))


def cheap(known):
    """Return energies in which each substituent counts by a number that no descriptor tells."""
    worth = np.random.default_rng(8).normal(0, 3, 1000)
    return [
        sum(worth[sum(map(ord, part.substituent + str(part.site))) % 1000] for part in parts[1:])
        - 5 * (around.metal == "Lu")
        for parts, around in zip(known.parts, known.around, strict=True)
    ]


def described(known):
    return [(smiles_of(parts), around) for parts, around in zip(known.parts, known.around, strict=True)]


def samples(known, energies):
    found = []
    for number, ((smiles, around), energy) in enumerate(zip(described(known), energies, strict=True)):
        found.append(Sample(str(number), None, Group(around.metal, 1, 6, -1), smiles[0], smiles[1:], energy, smiles))
    return found


@pytest.fixture(scope="module")
def groundwork():
    known = complexes(150, seed=2)
    return Groundwork.fit(described(known), cheap(known))


def test_it_says_of_complexes_what_the_cheap_energies_say(groundwork):
    asked = complexes(40, seed=3)
    said = [groundwork(parts, [around]).sum() for parts, around in zip(asked.parts, asked.around, strict=True)]
    assert np.corrcoef(said, cheap(asked))[0, 1] > 0.9


def test_a_part_is_the_same_whoever_asks_and_in_whatever_company(groundwork):
    asked = complexes(6, seed=4)
    parts = [part for each in asked.parts for part in each]
    together = groundwork(parts, list(asked.around))
    again = Groundwork.from_dict(json.loads(groundwork.to_text()))
    assert again(parts_of(smiles_of(asked.parts[2])), [asked.around[2]])[0] == pytest.approx(together[2, 10:15])


def test_few_dear_labels_are_enough_where_cheap_ones_go_with_them(groundwork):
    known, asked = complexes(12, seed=5), complexes(60, seed=6)
    dear = [0.6 * energy - 170 for energy in cheap(known)]
    wanted = np.array([0.6 * energy - 170 for energy in cheap(asked)])
    error = {
        name: np.abs(
            TabularFit.fit(samples(known, dear), seed=0, groundwork=ground).expected(samples(asked, wanted))[0] - wanted
        ).mean()
        for name, ground in (("with", groundwork), ("without", None))
    }
    assert error["with"] < 0.6 * error["without"]


def test_cheap_energies_that_say_nothing_do_little_harm(groundwork):
    random = np.random.default_rng(0)
    known, asked = complexes(40, seed=5), complexes(60, seed=6)
    worth = random.normal(0, 3, 1000)

    def dear(each):
        return [sum(worth[sum(map(ord, part.substituent)) % 1000] for part in parts[1:]) for parts in each.parts]

    fits = [TabularFit.fit(samples(known, dear(known)), seed=0, groundwork=ground) for ground in (groundwork, None)]
    error = [np.abs(fit.expected(samples(asked, dear(asked)))[0] - dear(asked)).mean() for fit in fits]
    assert error[0] < 1.15 * error[1]


def test_a_saved_member_leans_on_it_and_one_without_is_saved_as_before(groundwork, tmp_path):
    known = samples(complexes(20, seed=5), cheap(complexes(20, seed=5)))
    settings = {SETTING: groundwork.to_dict()}
    reports = [Tabular.train(known, HoldOut(k, 2, 0, whole_ligands=True), settings, tmp_path / f"{k}") for k in (0, 1)]
    held = next(sample for sample in known if sample.key in reports[0].out_of_fold_kcal_mol)
    choices = Choices.of_one(held.parts, complexes(20, seed=5).around[int(held.key)])
    said = Tabular.load([tmp_path / "0", tmp_path / "1"]).predict_ligands(choices, None).reshape(2, -1).mean(axis=1)
    assert said[0] == pytest.approx(reports[0].out_of_fold_kcal_mol[held.key])
    Tabular.train(known, HoldOut(0, 2, 0), {}, tmp_path / "without")
    assert SETTING not in json.loads((tmp_path / "without").read_text())
