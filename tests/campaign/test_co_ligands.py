"""A campaign with co-ligands: the whole loop, with invented energies, sketches and everything else real."""

import csv

import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.driver import drive, open_ledger
from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.progress import Narrator
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL

NITRATES = {
    "name": "nitrates",
    "space": {
        "scaffolds": ["HOPO"],
        "substituents": ["H", "methyl", "fluoro"],
        "metals": ["La", "Lu"],
        "coordinations": [
            {"ligands": 1, "waters": 3, "co_ligands": {"nitrate": 2}},
            {"ligands": 1, "coordination_number": 9, "co_ligands": {"chloride": 1}},
        ],
    },
    "theory": {"level": "teacher", "builders": ["sketch"]},
    "surrogate": {"members": 2, "model": "composition"},
    "budget": {"seed_labels": 6, "batch": 6, "labels": 12},
}


@pytest.fixture(scope="module")
def nitrates(tmp_path_factory, drivers_compute):
    workspace = tmp_path_factory.mktemp("nitrates")
    (workspace / "nitrates.yaml").write_text(yaml.safe_dump(NITRATES))
    setup = prepare(str(workspace / "nitrates.yaml"), workspace=workspace)
    drive(setup, narrator=Narrator())
    return setup


@pytest.mark.engine
def test_every_label_has_the_energy_of_each_co_ligand(nitrates):
    pool = {candidate.key: candidate for candidate in nitrates.space.candidates()}
    found = labels(pool, open_ledger(nitrates))
    assert len(found) == 12
    for label in found.values():
        ((co_ligand, count),) = label.candidate.co_ligands
        energy = {name: term.total_hartree for name, term in label.parts.items()}
        assert set(energy) == {"complex", "ion", "ligand", "water", co_ligand.name}
        expected = energy["complex"] - energy["ion"] - energy["ligand"] - count * energy[co_ligand.name]
        expected -= label.candidate.waters * energy["water"]
        assert label.binding.energy_kcal_mol == pytest.approx(expected * HARTREE_TO_KCAL_MOL, abs=1e-6)
        hydration = label.binding.energy_kcal_mol - label.hydration.energy_kcal_mol
        assert label.exchange.energy_kcal_mol == pytest.approx(hydration, abs=1e-6)


@pytest.mark.engine
def test_groups_and_tables_tell_co_ligands_apart(nitrates):
    record = campaign_record(nitrates, open_ledger(nitrates))
    assert {row.group for row in record.rows} == {
        f"{metal} (1 L, {around}), L charge -1"
        for metal in ("La", "Lu")
        for around in ("2 nitrate, 3 H2O", "1 chloride, 6 H2O")
    }
    assert {row.charge for row in record.rows if "nitrate" in row.group} == {0}
    assert {pair.co_ligands for pair in record.selectivity} == {"2 nitrate", "1 chloride"}
    rows = list(csv.DictReader((nitrates.folder / "report" / "candidates.csv").open(encoding="utf-8")))
    assert {(row["co_ligands"], row["waters"]) for row in rows} == {("2 nitrate", "3"), ("1 chloride", "6")}


@pytest.mark.engine
def test_running_again_changes_nothing(nitrates):
    before = open_ledger(nitrates).labels()
    again = prepare(str(nitrates.source), workspace=nitrates.workspace)
    drive(again, narrator=Narrator())
    assert open_ledger(again).labels() == before
