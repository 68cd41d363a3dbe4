"""A registered ensemble says what its campaign says, away from the campaign."""

from contextlib import closing

import mlflow
import pandas as pd
import pytest

from reexplore.campaign.driver import open_ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.learning import estimates
from reexplore.execution.executor import SerialExecutor
from reexplore.tracking.mlflow import Tracker
from tests.campaign.test_loop import small

pytestmark = [pytest.mark.engine, pytest.mark.mlflow]


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    setup = small(tmp_path_factory.mktemp("registered"), surrogate={"members": 2, "model": "tabular"})
    executor = SerialExecutor(store=setup.store, evidence=setup.folder / "evidence")
    with closing(open_campaign(setup)) as ledger:
        run_campaign(CampaignContext(setup, ledger, executor, Narrator()))
    return setup


def test_it_says_what_the_campaign_says_from_a_copy_of_its_folder_alone(campaign, tmp_path, monkeypatch):
    # MLflow keeps the address for the process.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", Tracker(campaign.tracking).uri)
    source = mlflow.artifacts.download_artifacts("models:/reexplore-small@newest", dst_path=str(tmp_path / "model"))
    model = mlflow.pyfunc.load_model(source)
    candidates = [candidate for candidate in campaign.space.candidates() if candidate.ligand.scaffold == "CAM"]
    asked = pd.DataFrame(
        {"smiles": [c.ligand.as_scaffold for c in candidates], "metal": [c.metal.symbol for c in candidates]}
    )
    with closing(open_ledger(campaign)) as ledger:
        known = estimates(campaign, ledger, [candidate.key for candidate in candidates])
    answer = model.predict(asked)
    assert list(answer["predicted_kcal_mol"]) == pytest.approx([known[c.key].mean for c in candidates], abs=1e-6)
    assert list(answer["sigma_kcal_mol"]) == pytest.approx([known[c.key].sigma for c in candidates], abs=1e-6)
    assert set(answer["reason"]) == {""}
    # Its model sees ligands: one of no campaign is predicted too; what is none is told row by row.
    others = model.predict(pd.DataFrame({"smiles": ["CC(=O)N[O-]", "xx", "CC(=O)N[O-]"], "metal": ["La", "La", "Eu"]}))
    assert others["predicted_kcal_mol"].notna().tolist() == [True, False, False]
    assert "cannot read" in others["reason"][1]
    assert "La, Lu only" in others["reason"][2]
