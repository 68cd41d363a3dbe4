"""A campaign that takes its complexes into a second solvent: the whole loop, with invented energies and sketches."""

import csv
import json
from contextlib import closing

import pytest

from reexplore.campaign.declaration.begun import written_out
from reexplore.campaign.driver import drive, open_ledger
from reexplore.campaign.ledger.corrections import invalidate
from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.results.plan import plan_campaign
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.progress import Narrator
from reexplore.errors import InputError
from tests.campaign.test_loop import SMALL, small

#: [M(NO3)2 L (H2O)3], neutral with HOPO.
SPACE = {
    "scaffolds": ["HOPO"],
    "substituents": ["H", "methyl", "fluoro"],
    "coordinations": [{"ligands": 1, "waters": 3, "co_ligands": {"nitrate": 2}}],
}
MOVED = [{"property": "transfer_free_energy", "metal": metal} for metal in ("La", "Lu")]
THEORY = SMALL["theory"] | {"organic": "toluene"}
EXTRACTED = {
    "space": SPACE,
    "objective": MOVED[:1],
    "theory": THEORY,
    "surrogate": {"members": 2, "model": "composition"},
    "budget": {"seed_labels": 2, "batch": 1, "labels": 3},
}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory, drivers_compute):
    setup = small(tmp_path_factory.mktemp("extracted"), **EXTRACTED)
    drive(setup, narrator=Narrator())
    return setup


@pytest.mark.engine
def test_every_label_has_complex_and_ligand_in_both_solvents(extracted):
    pool = {candidate.key: candidate for candidate in extracted.space.candidates()}
    with closing(open_ledger(extracted)) as ledger:
        found = labels(pool, ledger)
    assert len(found) == 3
    for label in found.values():
        carbons = label.candidate.ligand.smiles.upper().count("C")
        # The teacher's: 0.7 kcal/mol a carbon, and 15 for the ligand's charge. The complex has none.
        assert label.candidate.charge == 0
        assert label.transfer.energy_kcal_mol == pytest.approx(-0.7 * carbons, abs=1e-6)
        assert label.ligand_transfer.energy_kcal_mol == pytest.approx(15 - 0.7 * carbons, abs=1e-6)


@pytest.mark.engine
def test_models_learn_it_and_tables_tell_it(extracted):
    with closing(open_ledger(extracted)) as ledger:
        record = campaign_record(extracted, ledger)
        learned = ledger.rounds()[-1].learned
        key = next(iter(ledger.labels().values())).organic["complex"]
        assert len(invalidate(ledger, f"key={key}").candidates) == 1
    assert all(-12 < point.observed_kcal_mol < -4 for point in learned.parity)
    best = min((row for row in record.by_goals if row.is_labelled), key=lambda row: row.rank)
    assert "methyl" in best.ligand
    with (extracted.folder / "report" / "candidates.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["transfer_kcal_mol"]]
    assert len(rows) == 3
    for row in rows:
        assert float(row["log_p"]) == pytest.approx(-float(row["transfer_kcal_mol"]) / 1.3642, rel=1e-3)
    assert "log P" in (extracted.folder / "report" / "top_candidates.html").read_text()
    assert not any("counter-ions" in warning for warning in record.warnings)


@pytest.mark.engine
def test_a_charged_complex_is_doubted(tmp_path):
    space = SPACE | {"coordinations": [{"ligands": 1}], "metals": ["La"]}
    budget = {"seed_labels": 2, "batch": 2, "labels": 2}
    setup = small(tmp_path, **EXTRACTED | {"space": space, "objective": [], "budget": budget})
    assert any("charge +2 are taken into toluene without counter-ions" in told for told in setup.warnings)
    drive(setup, narrator=Narrator())
    with closing(open_ledger(setup)) as ledger:
        record = campaign_record(setup, ledger)
    labelled = [row for row in record.rows if row.status == "labelled"]
    # Beside binding energies it is told all the same.
    assert len(labelled) == 2
    assert all(row.log_p < 0 and "counter-ions" in row.warnings[-1] for row in labelled)


def test_the_plan_counts_it(tmp_path):
    with_it = {stage.name for stage in plan_campaign(small(tmp_path, **EXTRACTED)).stages}
    assert {"complexes at teacher in toluene", "ligands at teacher in toluene"} <= with_it


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"theory": SMALL["theory"]}, r"'theory\.organic'.*transfer_free_energy needs a second solvent"),
        ({"theory": {"level": "quick", "organic": "tolune"}}, r"'theory\.organic'.*did you mean .*'toluene'"),
        ({"theory": {"level": "quick", "organic": "water"}}, "water is the level's own solvent"),
        ({"theory": {"level": "gfn2", "organic": "toluene"}}, "has no SMD water"),
        ({"theory": THEORY | {"relax": "dft"}}, r"'theory\.relax'.*in the level's solvent only"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(tmp_path, changes, told):
    with pytest.raises(InputError, match=told):
        small(tmp_path, **EXTRACTED | changes)
    assert not (tmp_path / "runs").exists()


def test_campaigns_from_before_had_none(tmp_path):
    declared = json.loads(json.dumps(small(tmp_path).resolved()))
    del declared["theory"]["organic"]
    assert written_out(declared)["theory"]["organic"] is None
