"""The price of a campaign, said before the first task."""

import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.results.plan import plan_campaign
from reexplore.energies.levels import LEVELS


@pytest.fixture
def price(tmp_path):
    """Return a function that tells the core hours of the complexes' energies."""

    def of(level: str, metals: list[str], levels: list[dict] | None = None) -> float:
        data = {
            "name": "trial",
            "space": {
                "scaffolds": ["HOPO"],
                "substituents": ["H", "methyl"],
                "metals": metals,
                "coordinations": [{"ligands": 1}],
            },
            "theory": {"level": level, "levels": levels or []},
            "budget": {"seed_labels": 2, "labels": 2},
        }
        file = tmp_path / "trial.yaml"
        file.write_text(yaml.safe_dump(data))
        plan = plan_campaign(prepare(str(file), workspace=tmp_path))
        (stage,) = [stage for stage in plan.stages if stage.name == f"complexes at {level}"]
        return stage.core_hours

    return of


def test_every_level_has_a_price_and_better_ones_cost_more(price):
    prices = {name: price(name, ["La"]) for name in LEVELS if name != "teacher"}
    assert prices["gfn2"] < prices["quick"] < prices["workstation"] < prices["paper"]


def test_open_shells_cost_more_where_the_level_has_them(price):
    assert price("paper", ["La"]) < price("paper", ["La", "Eu"]) < price("paper", ["Gd", "Eu"])
    assert price("quick", ["La"]) == price("quick", ["Eu"])


def test_a_level_of_the_users_own_is_priced_like_its_base(price):
    own = {"name": "mine", "based_on": "quick", "grid_level": 2}
    assert price("mine", ["La"], [own]) == price("quick", ["La"])


def test_with_an_objective_a_ligand_s_template_serves_all_its_metals(tmp_path):
    data = {
        "name": "trial",
        "space": {
            "scaffolds": ["HOPO"],
            "substituents": ["H", "methyl", "fluoro", "chloro"],
            "coordinations": [{"ligands": 1}],
        },
        "objective": [{"property": "selectivity", "metals": ["Lu", "La"]}],
        "budget": {"seed_labels": 4, "batch": 2, "labels": 6},
    }
    (tmp_path / "trial.yaml").write_text(yaml.safe_dump(data))
    plan = plan_campaign(prepare(str(tmp_path / "trial.yaml"), workspace=tmp_path))
    assert (plan.labels, plan.templates) == (6, 1 + 3)
    tasks = {stage.name: stage.tasks for stage in plan.stages}
    assert tasks["complexes at quick"] == 6
    assert tasks["free ligands"] == 3
    assert tasks["aqua ions at quick"] == 2
