"""Complexes as arrays against the same complexes one by one."""

from dataclasses import replace

import numpy as np
import pytest

from reexplore.chemistry.candidates import Group
from reexplore.chemistry.library import SUBSTITUENTS, Scaffold
from reexplore.chemistry.ligands import assemble_traced
from reexplore.chemistry.metals import METALS, SERIES
from reexplore.errors import InputError
from reexplore.structures.metal_exchange import exchange_metal
from reexplore.structures.screening.arrays import Complexes
from reexplore.structures.screening.grafting import Grafting
from reexplore.structures.screening.scaffolding import Scaffolding
from reexplore.structures.structure import Layout
from reexplore.surrogate.baselines import fit_ridge
from reexplore.surrogate.metal_neighbours import ELEMENTS, linear_part, stars
from reexplore.surrogate.samples import Sample, composition
from reexplore.surrogate.settings import AllegroSettings
from tests.surrogate.sample import make_samples, read_complex

HOPO = Scaffold("HOPO", "CN([*:2])C(=O)c1cc([*:1])cc(=[O:12])n1[O-:11]", -1, "", "", sites=2)
METALS_SHOWN = (METALS["La"], METALS["Y"], METALS["Lu"])
SUBSTITUENTS_SHOWN = tuple(SUBSTITUENTS[name] for name in ("H", "methyl", "chloro", "phosphonate", "phenyl"))


@pytest.fixture(scope="module")
def grafts():
    base = Scaffolding(HOPO, read_complex("La_HOPO-H_1_6"), ligands=1, waters=6)
    return Grafting(base, SUBSTITUENTS_SHOWN).graft(np.array([[0, 0], [1, 2], [3, 4], [4, 0]]))


@pytest.fixture(scope="module")
def complexes(grafts):
    return Complexes.of(grafts, metals=METALS_SHOWN, ligand_charges=np.full(len(grafts), -1))


def as_samples(complexes):
    structures = list(complexes.structures())
    return [
        Sample(f"{i:04d}", s, Group(s.symbols[0], 1, 6, s.charge - 3), "HOPO", (), -50.0 - 3.0 * len(s) + 20 * (i % 3))
        for i, s in enumerate(structures)
    ]


def test_the_arrays_hold_the_structures_that_are_made_one_by_one(grafts, complexes):
    structures = list(complexes.structures())
    for row, choice in enumerate(grafts.choices):
        ligand, trace = assemble_traced(HOPO, tuple(SUBSTITUENTS_SHOWN[i] for i in choice))
        lanthanum = grafts.structure(row, ligand=ligand, trace=trace)
        layout = Layout((ligand.mol_with_hydrogens.GetNumAtoms(),), (ligand.donors,), 6)
        for column, metal in enumerate(METALS_SHOWN):
            alone = exchange_metal(lanthanum, layout=layout, old=METALS["La"], new=metal)
            listed = structures[row * len(METALS_SHOWN) + column]
            assert sorted(listed.symbols) == sorted(alone.symbols)
            assert listed.charge == alone.charge
            lengths = [
                np.sort(np.linalg.norm(s.positions_angstrom - s.positions_angstrom[0], axis=1)) for s in (listed, alone)
            ]
            np.testing.assert_allclose(*lengths, atol=1e-7)


def test_the_neighbours_are_ases(complexes):
    from ase import Atoms
    from ase.neighborlist import neighbor_list

    found = stars(complexes, r_max_angstrom=6.0)
    for number, structure in enumerate(complexes.structures()):
        i, j, vectors = neighbor_list("ijD", Atoms(structure.symbols, structure.positions_angstrom), 6.0)
        mine = found.star == number
        expected = {(structure.symbols[b], *np.round(v, 5)) for a, b, v in zip(i, j, vectors, strict=True) if a == 0}
        ours = {
            (ELEMENTS[e], *np.round(v, 5))
            for e, v in zip(found.elements[mine], found.vectors_angstrom[mine], strict=True)
        }
        assert ours == expected
        assert ELEMENTS[found.metals[number]] == structure.symbols[0]


def test_the_linear_part_is_the_priors_prediction(complexes):
    samples = as_samples(complexes)
    prior = fit_ridge([composition(s) for s in samples], np.array([s.target_kcal_mol for s in samples]))
    expected = prior.predict([composition(s) for s in samples]).reshape(complexes.shape)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(linear_part(prior, complexes), expected)


@pytest.mark.engine
@pytest.mark.parametrize(("readout", "at_once"), [("metal", 256), ("metal", 6), ("all", 3)])
def test_an_ensemble_says_of_arrays_what_its_members_say_of_structures(
    complexes, readout, at_once, tmp_path, monkeypatch
):
    from reexplore.surrogate import allegro

    monkeypatch.setattr(allegro, "_AT_ONCE", dict.fromkeys(("cpu", "cuda"), at_once))
    monkeypatch.setattr(allegro, "_WHOLE_AT_ONCE", at_once)
    settings = AllegroSettings(readout=readout, epochs=2, weights="float64")
    paths = [tmp_path / f"{k}.pt" for k in range(2)]
    for member, path in enumerate(paths):
        allegro.train_member(make_samples(6), settings=settings, member=member, members=2, seed=0, path=path)
    said = allegro.SavedEnsemble(paths).predict(complexes)
    expected = np.stack([allegro.predict_member(path, as_samples(complexes)) for path in paths], axis=-1)
    assert said.shape == (4, 3, 2)
    assert np.ptp(said) > 1e-3
    np.testing.assert_allclose(said.reshape(12, 2), expected, atol=1e-6)


def test_an_element_no_network_knows_is_named(complexes):
    strange = replace(complexes, numbers=np.where(complexes.numbers == 17, 80, complexes.numbers))
    with pytest.raises(InputError, match="no element Hg"):
        stars(strange, r_max_angstrom=6.0)


def test_every_metal_of_the_series_is_an_element(complexes):
    everyone = replace(
        complexes, metals=SERIES, shifts_angstrom=np.zeros((len(SERIES), *complexes.numbers.shape[1:], 3))
    )
    found = stars(everyone, r_max_angstrom=3.0)
    assert [ELEMENTS[e] for e in found.metals[: len(SERIES)]] == [metal.symbol for metal in SERIES]
