"""Proxies and generators as tasks: what goes in by the recipe comes out as value and file."""

import pytest

from reexplore.energies.proxies import PROXIES, ligand_proxies
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.execution import worker_functions
from reexplore.execution.kinds import GENERATOR_FILE, KINDS
from reexplore.execution.recipes import GeneratorTraining, ProxiesOfLigands
from reexplore.execution.store import Store
from reexplore.execution.worker_functions import Context
from reexplore.proposals.donor_classes import DONOR_CLASSES
from reexplore.proposals.family import EnumeratedFamily
from reexplore.proposals.generator import Generator
from reexplore.proposals.r_groups import r_groups
from reexplore.proposals.settings import GeneratorSettings
from reexplore.proposals.training_set import TrainingSet


@pytest.fixture
def context(tmp_path):
    for name in ("folder", "scratch"):
        (tmp_path / name).mkdir()
    store = Store(tmp_path / "store")
    return Context(tmp_path / "folder", tmp_path / "scratch", tmp_path / "kept", store, threads=1, memory_gb=2)


def _drawn(count, *names):
    classes = tuple(DONOR_CLASSES[name] for name in names)
    return [found for _, found in EnumeratedFamily(classes, r_groups()[:12]).draw(count, seed=1)]


def test_proxies_of_some_ligands_are_those_of_each_and_a_failure_stops_no_other(context, monkeypatch):
    ligands = [each.ligand for each in _drawn(2, "sulfoxide")]
    recipe = ProxiesOfLigands(tuple(each.identity for each in ligands), 3)
    found = KINDS["proxies"].load()(recipe.to_json(), context)["proxies"]
    assert found == [ligand_proxies(each, seed=3).to_dict() for each in ligands]
    assert set(found[0]) == set(PROXIES)

    def failing(ligand, *, seed):
        if ligand.identity == ligands[0].identity:
            raise CalculationFailed(FailureCode.NOT_CONVERGED, "density", "it does not converge")
        return ligand_proxies(ligand, seed=seed)

    monkeypatch.setattr("reexplore.energies.proxies.ligand_proxies", failing)
    first, second = worker_functions.proxies(recipe.to_json(), context)["proxies"]
    assert first["failure"]["code"] == "not_converged"
    assert second == found[1]


def test_a_generator_is_trained_from_a_text_and_kept_as_a_file(context):
    given = TrainingSet.of(_drawn(110, "alkoxide", "amine oxide"), {}, ())
    settings = GeneratorSettings(hidden=16, latent=4, embedding=4, batch=32, epochs=1)
    recipe = GeneratorTraining(context.store.put_text(given.to_text()), settings.declaration(), 5)
    value = KINDS["generator"].load()(recipe.to_json(), context)
    assert (value["strings"], value["epochs"]) == (110, 1)
    assert Generator.load(context.folder / GENERATOR_FILE).settings == settings
