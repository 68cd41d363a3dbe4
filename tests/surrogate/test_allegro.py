"""Members are invariant, honest about their folds, repeatable, and learn what a line cannot."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.surrogate.baselines import fit_ridge
from reexplore.surrogate.samples import composition, folds, targets_kcal_mol
from reexplore.surrogate.settings import AllegroSettings
from tests.surrogate.sample import make_samples

pytestmark = pytest.mark.engine

SHORT = AllegroSettings(epochs=4)
EXACT = AllegroSettings(epochs=4, weights="float64")


@pytest.fixture(scope="module")
def allegro():
    """Import nequip and allegro once, where the tests run and not where they are collected."""
    from reexplore.surrogate import allegro

    return allegro


@pytest.fixture(scope="module")
def exact(allegro, tmp_path_factory):
    """Return one double-precision member per readout."""
    folder = tmp_path_factory.mktemp("members")
    paths = {}
    for readout in ("metal", "all"):
        paths[readout] = folder / f"{readout}.pt"
        settings = replace(EXACT, readout=readout)
        allegro.train_member(make_samples(8), settings=settings, member=0, members=4, seed=0, path=paths[readout])
    return paths


def moved(sample, positions):
    return replace(sample, structure=sample.structure.moved_to(positions))


@pytest.mark.parametrize("readout", ["metal", "all"])
def test_rotation_translation_reflection_and_order_change_nothing(allegro, exact, readout):
    sample = make_samples(1, seed=3)[0]
    positions = sample.structure.positions_angstrom
    turned = Rotation.from_rotvec([0.3, -1.1, 2.0]).apply(positions.copy()) + np.array([4.0, -7.0, 1.0])
    order = [0, *np.random.default_rng(0).permutation(np.arange(1, len(positions)))]
    symbols = tuple(sample.structure.symbols[i] for i in order)
    shuffled = replace(sample, structure=Structure(symbols, positions[order], sample.structure.charge))
    variants = [sample, moved(sample, turned), moved(sample, positions * (1, 1, -1)), shuffled]
    said = allegro.predict_member(exact[readout], variants)
    # Positions are kept to 1e-8 Å, which bounds what a rotation may change.
    assert np.ptp(said) < 1e-5


def test_the_metal_readout_sees_angles_and_not_distances_alone(allegro, exact):
    sample = make_samples(1, seed=3)[0]
    structure = sample.structure
    metal, water = structure.positions_angstrom[0], slice(20, 23)
    assert structure.symbols[water] == ("O", "H", "H")
    positions = structure.positions_angstrom.copy()
    positions[water] = Rotation.from_rotvec([0, 0, 0.2]).apply(positions[water] - metal) + metal
    before, after = allegro.predict_member(exact["metal"], [sample, moved(sample, positions)])
    assert abs(before - after) > 1e-4


def test_the_metal_readout_is_the_metal_of_the_whole_graph(allegro):
    from nequip.data import AtomicDataDict

    from reexplore.surrogate.graphs import structure_graph

    structure = make_samples(1)[0].structure
    with allegro._nequip_defaults():
        network = allegro._network(EXACT, neighbours=30.0, seed=5).eval()
        whole = network(AtomicDataDict.batched_from_list([structure_graph(structure, replace(EXACT, readout="all"))]))
        star = allegro._energies(network, [structure_graph(structure, EXACT)])
    per_atom = whole[AtomicDataDict.PER_ATOM_ENERGY_KEY].flatten()
    assert star.item() == pytest.approx(per_atom[0].item(), abs=1e-12)
    assert whole[AtomicDataDict.TOTAL_ENERGY_KEY].item() == pytest.approx(per_atom.sum().item(), abs=1e-10)
    assert per_atom.abs().min() > 0


def test_two_runs_give_the_same_member_bit_by_bit(allegro, tmp_path):
    samples, pool = make_samples(12), make_samples(20, seed=1, labelled=False)
    said = []
    for run in ("first", "second"):
        path = tmp_path / f"{run}.pt"
        allegro.train_member(samples, settings=AllegroSettings(epochs=20), member=1, members=4, seed=7, path=path)
        said.append(allegro.predict_member(path, pool))
    assert np.array_equal(*said)


def test_a_member_has_not_seen_its_fold(allegro, tmp_path):
    samples = make_samples(12)
    fold_of = folds(samples, 4, 0)
    changed = [
        replace(s, target_kcal_mol=s.target_kcal_mol + 100 * (fold == 2))
        for s, fold in zip(samples, fold_of, strict=True)
    ]
    reports = [
        allegro.train_member(labels, settings=SHORT, member=2, members=4, seed=0, path=tmp_path / f"{i}.pt")
        for i, labels in enumerate((samples, changed))
    ]
    assert reports[0] == reports[1]
    assert set(reports[0].out_of_fold_kcal_mol) == {
        s.key for s, fold in zip(samples, fold_of, strict=True) if fold == 2
    }
    assert reports[0].samples == 9


def test_the_file_alone_gives_the_out_of_fold_predictions_again(allegro, tmp_path):
    samples = make_samples(6)
    report = allegro.train_member(samples, settings=SHORT, member=0, members=3, seed=0, path=tmp_path / "m.pt")
    held_out = [s for s in samples if s.key in report.out_of_fold_kcal_mol]
    said = allegro.predict_member(tmp_path / "m.pt", held_out)
    assert said == pytest.approx([report.out_of_fold_kcal_mol[s.key] for s in held_out], abs=1e-3)


def test_members_differ(allegro, tmp_path):
    samples, pool = make_samples(8), make_samples(5, seed=1)
    for member in (0, 1):
        allegro.train_member(samples, settings=SHORT, member=member, members=4, seed=0, path=tmp_path / f"{member}.pt")
    first, second = (allegro.predict_member(tmp_path / f"{member}.pt", pool) for member in (0, 1))
    assert np.abs(first - second).min() > 1e-3


@pytest.mark.parametrize("n", [2, 3])
def test_a_handful_of_labels_is_enough_to_say_something(allegro, tmp_path, n):
    samples = make_samples(n)
    reports = [
        allegro.train_member(samples, settings=SHORT, member=k, members=4, seed=0, path=tmp_path / f"{k}.pt")
        for k in range(4)
    ]
    assert sorted(key for report in reports for key in report.out_of_fold_kcal_mol) == sorted(s.key for s in samples)
    assert reports[0].validation == 0
    assert reports[0].validation_mae_kcal_mol is None
    assert np.isfinite(allegro.predict_member(tmp_path / "0.pt", make_samples(4, seed=2))).all()


def test_with_many_labels_it_beats_the_line_it_starts_from(allegro, tmp_path):
    samples, unseen = make_samples(210, seed=3), make_samples(100, seed=9)
    report = allegro.train_member(
        samples, settings=AllegroSettings(epochs=50), member=1, members=4, seed=0, path=tmp_path / "m.pt"
    )
    # Four folds leave 157 or 158, of which every eighth only decides when to stop.
    assert (report.samples, report.validation) == (157, 20)
    truth = targets_kcal_mol(unseen)
    inside = [s for s in samples if s.key not in report.out_of_fold_kcal_mol]
    line = fit_ridge([composition(s) for s in inside], targets_kcal_mol(inside))
    error = np.abs(allegro.predict_member(tmp_path / "m.pt", unseen) - truth).mean()
    assert error < 0.8 * np.abs(line.predict([composition(s) for s in unseen]) - truth).mean()


def test_torchs_default_precision_is_left_alone(allegro, tmp_path):
    import torch

    assert torch.get_default_dtype() == torch.float32
    allegro.train_member(make_samples(4), settings=SHORT, member=0, members=2, seed=0, path=tmp_path / "m.pt")
    assert torch.get_default_dtype() == torch.float32


def test_an_element_no_network_knows_is_named(allegro, tmp_path):
    start = make_samples(2)
    structure = start[0].structure
    strange = Structure((*structure.symbols[:-1], "Hg"), structure.positions_angstrom, structure.charge)
    with pytest.raises(InputError, match="no element Hg"):
        allegro.train_member(
            [replace(start[0], structure=strange), start[1]],
            settings=SHORT,
            member=0,
            members=2,
            seed=0,
            path=tmp_path / "m.pt",
        )


def test_a_member_file_of_another_version_is_refused(allegro, tmp_path):
    import torch

    torch.save({"version": 99}, tmp_path / "m.pt")
    with pytest.raises(InputError, match="version 99"):
        allegro.predict_member(tmp_path / "m.pt", make_samples(1))
