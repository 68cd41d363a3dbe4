"""A campaign with an objective: ligands are chosen whole, judged by differences, and a kill loses nothing of them."""

import json
from contextlib import closing

import pandas as pd
import pytest

import reexplore as rx
from reexplore.campaign.driver import drive, open_ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.replay import replay
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.execution.executor import SerialExecutor
from tests.campaign.stopping import Stopping
from tests.campaign.test_loop import SMALL, decisions, small

OBJECTIVE = {
    "space": {key: value for key, value in SMALL["space"].items() if key != "metals"},
    "objective": [
        {"property": "selectivity", "metals": ["Lu", "La"]},
        {"property": "exchange_energy", "metal": "Lu"},
    ],
    # What is chosen does not hang on the network, which others test.
    "surrogate": {"members": 2, "model": "composition"},
    "budget": {"seed_labels": 4, "batch": 2, "labels": 6},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, drivers_compute):
    setup = small(tmp_path_factory.mktemp("objective"), **OBJECTIVE)
    drive(setup, narrator=Narrator())
    return setup


@pytest.mark.engine
def test_every_ligand_is_chosen_and_labelled_with_all_its_metals(finished):
    with closing(open_ledger(finished)) as ledger:
        record = campaign_record(finished, ledger)
        chosen = list(ledger.candidates().values())
    pairs = list(zip(chosen[::2], chosen[1::2], strict=True))
    assert [one.replace("|La3+", "|Lu3+") for one, _ in pairs] == [other for _, other in pairs]
    assert sum(row.is_labelled for row in record.by_goals) == 3
    # Two charges, two rankings, each with a front.
    assert {row.group for row in record.by_goals if row.on_front} == {row.group for row in record.by_goals}


@pytest.mark.engine
def test_a_selectivity_is_that_of_the_table_of_pairs(finished):
    report = finished.folder / "report"
    mine = pd.read_csv(report / "objective.csv").set_index("ligand")["selectivity_Lu_over_La_kcal_mol"].dropna()
    pairs = json.loads((report / "selectivity.json").read_text())["pairs"]
    assert {p["ligand"]: pytest.approx(p["selectivity_kcal_mol"]) for p in pairs} == mine.to_dict()
    assert "Ligands by the objective" in (report / "top_candidates.html").read_text()


@pytest.mark.engine
def test_what_metals_share_is_measured_and_cancels_in_predictions(finished):
    with closing(open_ledger(finished)) as ledger:
        model = ledger.rounds()[-1].model
        record = campaign_record(finished, ledger)
    assert 0 < model.calibration.shared_by_ligand < 1
    predicted = [row.predicted for row in record.by_goals]
    assert all(selectivity.error < 1.5 * exchange.error for selectivity, exchange in predicted)


@pytest.mark.engine
def test_every_choice_comes_out_again_and_python_has_the_table(finished):
    with closing(open_ledger(finished)) as ledger:
        again = list(replay(finished, ledger))
    assert [one.agrees for one in again] == [True] * len(again)
    table = rx.Campaign(finished.source, workspace=finished.workspace).ligands()
    assert len(table) == 6
    assert table["selectivity_Lu_over_La_kcal_mol"].notna().sum() == 3


@pytest.mark.engine
def test_interrupted_anywhere_it_ends_as_if_undisturbed(finished, tmp_path):
    setup = small(tmp_path, **OBJECTIVE)
    places = {"store": setup.store, "evidence": setup.folder / "evidence"}
    for after in (9, 14, 5):
        with closing(open_campaign(setup)) as ledger, pytest.raises(KeyboardInterrupt):
            run_campaign(CampaignContext(setup, ledger, Stopping(after=after, **places), Narrator()))
    with closing(open_campaign(setup)) as ledger:
        run_campaign(CampaignContext(setup, ledger, SerialExecutor(**places), Narrator()))
    assert decisions(setup) == decisions(finished)
