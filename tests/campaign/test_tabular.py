"""A campaign whose model needs no geometry, and one whose model takes it where it is."""

from contextlib import closing

import numpy as np
import pytest

from reexplore.campaign.driver import open_ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.execution.kinds import FORECAST_FILE
from reexplore.execution.store import Store
from reexplore.surrogate.forecast import Forecast
from tests.campaign.stopping import Stopping
from tests.campaign.test_loop import decisions, small

pytestmark = pytest.mark.engine


def run(setup, *, after=10_000):
    executor = Stopping(after=after, store=setup.store, evidence=setup.folder / "evidence")
    with closing(open_campaign(setup)) as ledger:
        run_campaign(CampaignContext(setup, ledger, executor, Narrator()))


@pytest.mark.parametrize("model", ["tabular"])
def test_few_labels_are_left_out_one_by_one_and_every_candidate_is_foreseen(tmp_path, model):
    changes = {
        "surrogate": {"members": 2, "model": model},
        "budget": {"seed_labels": 4, "batch": 2, "labels": 6},
    }
    setup = small(tmp_path, **changes)
    with pytest.raises(KeyboardInterrupt):
        run(setup, after=12)
    run(setup)
    with closing(open_ledger(setup)) as ledger:
        first, last = ledger.rounds()
        ligands = {key: c.ligand.identity for c in setup.space.candidates() if (key := c.key) in ledger.labels()}
        assert len(last.learned.model.members) == len(set(ligands.values()))
        table = Forecast.load(Store(setup.store).folder(last.learned.model.forecast) / FORECAST_FILE)
        assert set(table.keys) == {candidate.key for candidate in setup.space.candidates()}
        assert "conformal" in last.learned.model.calibration.source
        assert np.isfinite(table.sigma(last.learned.model.calibration)).all()
        assert {"prospective/coverage_90", "mae_kcal_mol/ensemble"} <= last.learned.metrics.keys()
        assert first.learned.model.calibration.declared_floor_kcal_mol == 5.0
    other = tmp_path / "other"
    other.mkdir()
    undisturbed = small(other, **changes)
    run(undisturbed)
    assert decisions(undisturbed) == decisions(setup)
