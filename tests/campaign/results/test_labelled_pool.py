"""The labels of a campaign as a pool: every number is the ledger's, and what was bought is what the file costs."""

from dataclasses import replace
from itertools import islice

import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.rows import Pick
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.results.labelled_pool import campaign_pool
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.chemistry.library import Scaffold, Substituent
from reexplore.chemistry.ligands import assemble
from reexplore.dataset.files import read_pool, write_pool
from reexplore.errors import InputError
from reexplore.execution.executor import SerialExecutor
from reexplore.structures.xtb.surfaces import find_surface
from tests.campaign.answers import Remembering, labelled
from tests.campaign.test_loop import SMALL

WALL_S = 36.0


class Paid(Remembering):
    """Answers at once; every calculation took ten milli-core-hours."""

    def outcome_of(self, task):
        known = self.ledger.outcome(task.key)
        outcome = super().outcome_of(task)
        if known is None:
            self.ledger.finish(task.key, replace(outcome, provenance={"wall_s": WALL_S}), reused=False)
        return outcome


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """Return a context with the labels of two ligands with two metals."""
    workspace = tmp_path_factory.mktemp("small")
    (workspace / "small.yaml").write_text(yaml.safe_dump(SMALL))
    setup = prepare(str(workspace / "small.yaml"), workspace=workspace)
    ledger = open_campaign(setup)
    made = CampaignContext(setup, ledger, SerialExecutor(store=setup.store, evidence=setup.folder), Narrator())
    made.__dict__["dispatcher"] = Paid(ledger, {})
    batch = list(islice(made.pool.values(), 4))
    ledger.open_round(0, "seed", [Pick(c.key, 0, i, "seed", None, None, None) for i, c in enumerate(batch)])
    labelled(made, batch)
    return made


@pytest.fixture(scope="module")
def pool(context):
    return campaign_pool([(context.setup, context.ledger)], positions="label")


def test_every_number_is_that_of_the_label(context, pool):
    found = labels(context.pool, context.ledger)
    rows = {row["key"]: row for row in pool.table.to_dict("records")}
    assert list(rows) == list(found)
    for key, label in found.items():
        row, candidate = rows[key], label.candidate
        assert row["binding_energy_kcal_mol"] == label.binding.energy_kcal_mol
        assert row["exchange_energy_kcal_mol"] == label.exchange.energy_kcal_mol
        for part, terms in label.parts.items():
            assert row[f"{part}_total_hartree"] == terms.total_hartree
        assert row["aqua_ion_total_hartree"] == label.aqua.total_hartree
        assert (row["metal"], row["charge"]) == (candidate.metal.symbol, candidate.charge)
        assert (row["smiles"], row["ligand"]) == (candidate.ligand.canonical_smiles, candidate.ligand.identity)
        assert row["level"] == "teacher"
        assert pool.traits[key].group == candidate.group
        assert pool.geometries[key].symbols[0] == candidate.metal.symbol


def test_the_parts_make_the_ligand_again(pool):
    for row in pool.table.to_dict("records"):
        parts = [Substituent(smiles, smiles, "") for smiles in row["substituent_smiles"]]
        scaffold = Scaffold(
            "s", row["scaffold_smiles"], row["ligand_charge"], protonation="", source="", sites=len(parts)
        )
        assert assemble(scaffold, tuple(parts)).identity == row["ligand"]


def test_all_that_was_computed_is_shared_out(context, pool):
    spent = len(context.ledger.calculations()) * WALL_S / 3600
    assert pool.table["core_hours"].sum() == pytest.approx(spent)
    assert (pool.table["core_hours"] > 2 * WALL_S / 3600).all()


def test_it_is_written_and_read(pool, tmp_path):
    files = write_pool(pool, tmp_path / "small", energy_key="energy", energy="exchange_energy_kcal_mol")
    again = read_pool(files[0])
    assert list(again.table.columns) == list(pool.table.columns)
    assert again.traits == pool.traits
    assert again.provenance["campaigns"][0]["name"] == "small"
    assert again.values("binding_energy_kcal_mol") == pool.values("binding_energy_kcal_mol")
    assert read_pool(files[1]).values("exchange_energy_kcal_mol") == pytest.approx(
        pool.values("exchange_energy_kcal_mol"), abs=1e-7
    )


def test_a_campaign_without_labels_and_two_ways_of_computing_are_refused(context, pool, tmp_path):
    other = replace(context.setup, surface=find_surface("gfn2"))
    with pytest.raises(InputError, match="differ in surface"):
        campaign_pool([(context.setup, context.ledger), (other, context.ledger)], positions="label")
    twice = campaign_pool([(context.setup, context.ledger)] * 2, positions="label")
    assert len(twice) == len(pool) == 4
    fresh = prepare(str(context.setup.source), workspace=tmp_path)
    with pytest.raises(InputError, match="no labels yet in small"):
        campaign_pool([(fresh, open_campaign(fresh))], positions="label")
