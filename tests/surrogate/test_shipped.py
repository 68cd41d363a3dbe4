"""The surrogates that are here keep what every surrogate has to keep."""

from dataclasses import replace
from types import MappingProxyType
from zipfile import ZipFile

import pytest

from reexplore.errors import InputError
from reexplore.surrogate.allegro_surrogate import Allegro
from reexplore.surrogate.base import HoldOut
from reexplore.surrogate.composition import Composition
from reexplore.surrogate.known import SURROGATES
from reexplore.surrogate.stack import Stack
from reexplore.surrogate.tabular import Tabular
from reexplore.surrogate.voxel_surrogate import Voxel
from tests.surrogate.sample import make_samples
from tests.surrogate.suite import DECLARED, LigandSuite, SurrogateSuite, complexes_of


@pytest.mark.engine
class TestAllegro(SurrogateSuite):
    kind = Allegro
    changes = MappingProxyType({"epochs": 8})


class TestComposition(SurrogateSuite):
    kind = Composition


@pytest.mark.engine
class TestVoxel(SurrogateSuite):
    kind = Voxel
    changes = MappingProxyType({"points": 16, "spacing_angstrom": 1.5, "features": 4, "blocks": [1, 1], "epochs": 3})


class TestTabular(LigandSuite):
    kind = Tabular


@pytest.mark.engine
class TestStack(LigandSuite):
    kind = Stack
    changes = MappingProxyType({"allegro": {**Stack.settings(DECLARED)["allegro"], "epochs": 8}})


@pytest.mark.engine
def test_a_stack_asks_its_network_where_there_is_a_geometry(tmp_path):
    suite = TestStack()
    samples = make_samples(45)
    report = suite.train(samples, 0, tmp_path / "0")
    suite.train(samples, 1, tmp_path / "1")
    suite.train(samples, 2, tmp_path / "2")
    ensemble = Stack.load([tmp_path / f"{member}" for member in range(3)])
    held = next(sample for sample in samples if sample.key in report.out_of_fold_kcal_mol)
    said = suite.said(ensemble, held, complexes_of(held))[0]
    assert said == pytest.approx(report.out_of_fold_kcal_mol[held.key], abs=0.02)
    with ZipFile(tmp_path / "0") as file:
        assert "allegro.pt" in file.namelist()


def test_an_unknown_surrogate_is_refused_with_its_neighbour():
    with pytest.raises(InputError, match="unknown surrogate 'alegro': did you mean 'allegro'"):
        SURROGATES.find("alegro")


@pytest.mark.parametrize("name", ["tabular", "composition", "stack", "allegro", "voxel"])
def test_labels_that_cannot_be_learned_from_are_one_sentence(tmp_path, name):
    kind, _version = SURROGATES.find(name)
    samples = make_samples(6)
    strange = [*samples[:5], replace(samples[5], target_kcal_mol=float("nan"))]
    with pytest.raises(InputError, match=f"the label of {samples[5].key} is no finite number"):
        kind.train(strange, HoldOut(0, 3, 0), kind.settings(DECLARED), tmp_path / "nan")
    twice = [*samples, replace(samples[0], target_kcal_mol=samples[0].target_kcal_mol + 3)]
    with pytest.raises(InputError, match=f"candidate {samples[0].key} has two labels"):
        kind.train(twice, HoldOut(0, 3, 0), kind.settings(DECLARED), tmp_path / "twice")
    assert list(tmp_path.iterdir()) == []
