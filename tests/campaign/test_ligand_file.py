"""A campaign on ligands of a file: the whole loop, with invented energies, sketches and everything else real."""

import csv

import numpy as np
import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.plan import plan_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.screening import recall_screening
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.kinds import FORECAST_FILE
from reexplore.execution.recipes import Prediction
from reexplore.execution.store import Store
from reexplore.execution.worker_functions import Context, predict
from reexplore.surrogate.forecast import Forecast

ROWS = """name,smiles,charge,cost,shelf
acetate,CC(=O)[O-],-1,1,A
picolinate,[O-]C(=O)c1ccccn1,-1,2,B
"acetylacetonate, Z",CC(=O)/C=C(/C)[O-],-1,3,=A1
methoxyacetate,COCC(=O)[O-],-1,4,
triflate,[O-]S(=O)(=O)C(F)(F)F,-1,90,C
benzene,c1ccccc1,0,1,D
again,[O-]C(C)=O,,1,E
"""


class Noting(SerialExecutor):
    """Notes of what kinds its tasks are."""

    def __init__(self, setup):
        super().__init__(store=setup.store, evidence=setup.folder / "evidence")
        self.kinds = []

    def submit(self, task):
        self.kinds.append(task.kind)
        return super().submit(task)


def campaign(workspace, rows=ROWS):
    (workspace / "mine.csv").write_text(rows)
    file = workspace / "listed.yaml"
    declared = {
        "name": "listed",
        "space": {
            "ligands": "mine.csv",
            "scaffolds": ["HOPO"],
            "substituents": ["H", "methyl"],
            "metals": ["La", "Lu"],
            "coordinations": [{"ligands": 1}],
        },
        "constraints": [{"without": ["S"]}],
        "theory": {"level": "teacher", "builders": ["sketch"]},
        "surrogate": {"members": 2},
        "budget": {"seed_labels": 3, "batch": 2, "labels": 5},
    }
    file.write_text(yaml.safe_dump(declared))
    return prepare(str(file), workspace=workspace)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """Return the context of a campaign that ran to its end, and the kinds of what was computed."""
    setup = campaign(tmp_path_factory.mktemp("listed"))
    executor = Noting(setup)
    context = CampaignContext(setup, open_campaign(setup), executor, Narrator())
    run_campaign(context)
    return context, executor.kinds


@pytest.mark.engine
def test_the_loop_ends_and_a_round_pays_once_for_all_listed_ligands(ended):
    context, kinds = ended
    assert len(context.ledger.labels()) == 5
    learned = [r for r in context.ledger.rounds() if r.model]
    # One for HOPO, one for everything that is listed.
    assert kinds.count("predict") == 2 * len(learned)
    assert (kinds.count("screen"), kinds.count("constrain")) == (1, 2)


@pytest.mark.engine
def test_every_listed_ligand_is_predicted_as_it_would_be_alone(ended, tmp_path):
    context, _ = ended
    model = context.ledger.rounds()[-1].model
    store = Store(context.setup.store)
    table = Forecast.load(store.folder(model.forecast) / FORECAST_FILE)
    whole = dict(zip(table.keys, table.of_members, strict=True))
    screening = recall_screening(context.setup, context.ledger)
    assert set(whole) == set(screening.available())
    assert len(whole) == 2 * (4 + 2)
    part = next(p for p in screening.parts if p.family.scaffold.name == "picolinate")
    alone = Prediction(part.grafts, model.members)
    predict(alone.to_json(), Context(tmp_path, tmp_path, tmp_path, store, 1, 8.0))
    said = Forecast.load(tmp_path / FORECAST_FILE)
    assert len(said.keys) == 2
    for key, members in zip(said.keys, said.of_members, strict=True):
        np.testing.assert_array_equal(whole[key], members)


@pytest.mark.engine
def test_the_report_keeps_all_columns_and_says_what_became_of_each_row(ended):
    context, _ = ended
    text = (context.setup.folder / "report" / "ligands.csv").read_text().splitlines()
    rows = {row["name"]: row for row in csv.DictReader(text)}
    assert list(rows["acetate"]) == [
        *("name", "smiles", "charge", "cost", "shelf", "line", "status", "reason", "donors", "donors from")
    ]
    assert (rows["acetate"]["donors"], rows["acetate"]["donors from"], rows["acetate"]["shelf"]) == (
        *("O2 O3", "proposed", "A"),
    )
    assert (rows["benzene"]["status"], rows["again"]["status"], rows["triflate"]["status"]) == (
        *("refused", "repeated", "accepted"),
    )
    assert rows["again"]["reason"] == "the same ligand as acetate in line 2: counted once"
    # Spreadsheets would compute it.
    assert rows["acetylacetonate, Z"]["shelf"] == "'=A1"
    candidates = csv.DictReader((context.setup.folder / "report" / "candidates.csv").read_text().splitlines())
    named = {row["name"]: row["verdict"] for row in candidates}
    assert "La(acetylacetonate,-Z)(H2O)6" in named
    assert named["La(triflate)(H2O)6"] == "excluded: without"


@pytest.mark.engine
def test_the_order_of_rows_changes_no_calculation(ended, tmp_path):
    first, *rest = ROWS.splitlines()
    context, _ = ended
    turned = campaign(tmp_path, "\n".join((first, *rest[4::-1], *rest[5:])))
    assert {c.key for c in turned.space.candidates()} == {c.key for c in context.setup.space.candidates()}
    assert turned.resolved() == context.setup.resolved()


def test_a_listed_ligand_has_one_template_and_not_two(tmp_path):
    setup = campaign(tmp_path)
    # HOPO bare, five listed, and the labels that may all be HOPO's.
    plan = plan_campaign(setup)
    assert plan.templates == 1 + 5 + 2
    assert plan.stages[0].basis == "sketch; one for each of 5 listed ligands"
