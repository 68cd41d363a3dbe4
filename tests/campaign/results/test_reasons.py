"""Why a candidate stands where it does: by hand, from labels and a forecast that were put there."""

import json
from itertools import islice

import numpy as np
import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.ledger.ended import note_end
from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.rows import Learned, Model, Pick
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.kinds import FORECAST_FILE
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast
from tests.campaign.answers import Remembering, labelled
from tests.campaign.test_loop import SMALL

SPACE = SMALL["space"] | {"substituents": ["H", "methyl", "amino"], "metals": ["La", "Lu"]}
CAMPAIGN = SMALL | {"space": SPACE, "constraints": [{"molecular_weight": {"at_most": 400}}]}
CALIBRATION = Calibration(0, 3.0, 3.0, "declared")


def forecast(context, key, shift):
    """Put a forecast of two members into the store: the candidate at position p is at -p - 100 and -p - 102."""
    mean = -np.arange(len(context.pool), dtype=float) - 101 + shift
    folder = context.store.folder(key)
    folder.mkdir(parents=True)
    Forecast(tuple(context.pool), np.column_stack((mean + 1, mean - 1))).save(folder / FORECAST_FILE)
    return Learned(4, {}, (), Model(("m0", "m1"), (), key, CALIBRATION))


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    workspace = tmp_path_factory.mktemp("why")
    (workspace / "small.yaml").write_text(yaml.safe_dump(CAMPAIGN))
    setup = prepare(str(workspace / "small.yaml"), workspace=workspace)
    ledger = open_campaign(setup)
    made = CampaignContext(setup, ledger, SerialExecutor(store=setup.store, evidence=setup.folder), Narrator())
    made.__dict__["dispatcher"] = Remembering(ledger, {})
    first, second, third = batch = list(islice(made.pool.values(), 3))
    ledger.open_round(0, "seed", [Pick(c.key, 0, i, "seed", None, None, None) for i, c in enumerate((first, second))])
    labelled(made, [first, second])
    ledger.close_round(0, forecast(made, "f0" * 16, 0.0))
    known = {key: label.binding.energy_kcal_mol for key, label in labels(made.pool, ledger).items()}
    inputs = {"forecast": "f0" * 16, "labelled": known, "policy": {"name": "balanced", "acquisition": "qX"}, "q": 1}
    pick = Pick(third.key, 1, 0, "acquisition", 0.5, -103.0, 3.2)
    ledger.open_round(1, "acquisition", [pick], inputs=made.store.put_text(json.dumps(inputs)))
    labelled(made, batch[2:])
    ledger.close_round(1, forecast(made, "f1" * 16, 5.0))
    return made


@pytest.fixture(scope="module")
def rows(context):
    return {row.key: row for row in campaign_record(context.setup, context.ledger, pool=context.pool).rows}


def test_a_choice_is_told_with_what_was_known_then(context, rows):
    third = context.pool.at(2)
    chosen = rows[third.key].reasons.chosen
    assert (chosen.policy, chosen.acquisition, chosen.place, chosen.among) == ("balanced", "qX", 1, 1)
    known = labels(context.pool, context.ledger)
    same = [known[context.pool.at(n).key] for n in (0, 1) if context.pool.at(n).group == third.group]
    assert chosen.reference_kcal_mol == min(label.binding.energy_kcal_mol for label in same)
    assert chosen.reference_is_label
    assert (chosen.predicted_kcal_mol, chosen.sigma_kcal_mol) == (-103.0, 3.2)
    # The seed was chosen when nothing was known, and by no recorded choice here.
    assert rows[context.pool.at(0).key].reasons.chosen is None


def test_members_and_siblings_are_the_forecasts_and_labels_take_their_place(context, rows):
    last = context.pool.at(len(context.pool) - 1)
    reasons = rows[last.key].reasons
    mean = -(len(context.pool) - 1) - 101 + 5.0
    assert reasons.members_kcal_mol == pytest.approx((mean + 1, mean - 1))
    by_metal = {each.name: each for each in reasons.metals}
    assert set(by_metal) == {"La", "Lu"}
    assert not by_metal[last.metal.symbol].is_label
    # Both aqua ions are known: the series stands on the exchange scale.
    assert reasons.metals_scale == "exchange"
    known = labels(context.pool, context.ledger)
    hydration = next(x.hydration for x in known.values() if x.candidate.metal == last.metal).energy_kcal_mol
    assert by_metal[last.metal.symbol].value_kcal_mol == pytest.approx(mean - hydration)
    assert {each.name for each in reasons.substituents} == {"H", "methyl", "amino"}
    found = {each.key: each for each in reasons.substituents}
    for key in known.keys() & found.keys():
        assert found[key].is_label
        assert found[key].value_kcal_mol == known[key].binding.energy_kcal_mol


def test_relatives_are_labelled_and_never_the_ligand_itself(context, rows):
    names = {label.candidate.ligand.name for label in labels(context.pool, context.ledger).values()}
    for row in rows.values():
        assert {each.ligand for each in row.reasons.relatives} == names - {row.ligand}
        assert all(0 < each.similarity < 1 for each in row.reasons.relatives)


def test_ranks_before_are_those_that_were_known_then(context, rows):
    third = rows[context.pool.at(2).key]
    mine = [n for n in range(len(context.pool)) if context.pool.at(n).group == context.pool.at(2).group]
    known = labels(context.pool, context.ledger)
    then = {n: -n - 101.0 for n in mine} | {
        n: known[context.pool.at(n).key].binding.energy_kcal_mol for n in mine if n < 2
    }
    assert third.reasons.rank_before == sorted(mine, key=then.__getitem__).index(2) + 1


def test_numbers_of_the_ligand_stand_with_their_limits(context, rows):
    row = rows[context.pool.at(0).key]
    (limit,) = row.reasons.limits
    assert (limit.at_least, limit.at_most) == (None, 400)
    # CNC(=O)c1cccc(=O)n1[O-]: C7 H7 N2 O3.
    assert row.smiles == "CNC(=O)c1cccc(=O)n1[O-]"
    assert limit.value == pytest.approx(167.144, abs=0.01)
    assert 1 < row.reasons.sa_score < 10


def test_a_campaign_is_finished_when_its_end_was_noted_and_not_between_rounds(context):
    def finished():
        return campaign_record(context.setup, context.ledger, pool=context.pool).finished_at_ms

    assert finished() is None
    note_end(context.ledger)
    assert finished() == round(1000 * context.ledger.rounds()[-1].finished_at)
    context.ledger.reopen_last_round()
    assert finished() is None
