"""The price of a campaign, said before the first task."""

import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.results.plan import plan_campaign, plan_record
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
    assert tasks["complexes at standard"] == 6
    assert tasks["free ligands"] == 3
    assert tasks["aqua ions at standard"] == 2
    assert "vibrations" not in tasks
    # Free energies take the vibrations of every complex, and of the aqua ions of eight and nine waters.
    data["objective"] = [{"property": "separation_factor", "metals": ["Lu", "La"], "direction": "higher"}]
    (tmp_path / "trial.yaml").write_text(yaml.safe_dump(data))
    plan = plan_campaign(prepare(str(tmp_path / "trial.yaml"), workspace=tmp_path))
    tasks = {stage.name: stage.tasks for stage in plan.stages}
    assert tasks["aqua ions at standard"] == 4
    assert tasks["vibrations"] == 6 + 4


@pytest.fixture
def planned(tmp_path):
    def of(level="paper", metals=("La",), execution=None, **more):
        data = {
            "name": "trial",
            "space": {
                "scaffolds": ["HOPO"],
                "substituents": ["H", "methyl"],
                "metals": list(metals),
                "coordinations": [{"ligands": 1}],
            },
            "theory": {"level": level} | more,
            "budget": {"seed_labels": 2, "labels": 2},
            "execution": execution or {},
        }
        file = tmp_path / "trial.yaml"
        file.write_text(yaml.safe_dump(data))
        return plan_campaign(prepare(str(file), workspace=tmp_path))

    return of


_POLARIS = {"account": "a", "gpu_blocks": 1}


def _gpu(plan):
    return {stage.name: stage.gpu_hours for stage in plan.stages if stage.gpu_hours}


@pytest.mark.parametrize(
    ("execution", "on_cards"),
    [
        ({}, set()),
        ({"device": "cuda"}, {"labels", "training", "prediction"}),
        ({"options": {"cards": 1}}, {"labels", "prediction"}),
        ({"options": {"cards": 1}, "device": "cpu"}, set()),
        # There labels go to the nodes without cards.
        ({"parsl": "perlmutter", "options": {"account": "a", "gpu_blocks": 1}}, {"prediction"}),
        (
            {"parsl": "perlmutter", "options": {"account": "a", "gpu_blocks": 1, "max_blocks": 0}},
            {"labels", "prediction"},
        ),
    ],
)
def test_gpu_hours_are_counted_where_tasks_find_a_card(planned, execution, on_cards):
    found = _gpu(planned(execution=execution))
    assert {"labels" for name in found if name.endswith("at paper")} <= on_cards
    assert {"training", "prediction, choice"} & found.keys() == {
        {"training": "training", "prediction": "prediction, choice"}[each] for each in on_cards - {"labels"}
    }
    assert bool(found) == bool(on_cards)


def test_on_a_card_a_label_takes_a_core_no_longer_and_open_shells_stay_on_it(planned):
    execution = {"device": "cuda"}
    before, after = planned(), planned(execution=execution)
    assert after.core_hours < before.core_hours
    assert _gpu(planned(metals=("Gd",), execution=execution)).get("complexes at paper") is None
    half = _gpu(planned(metals=("La", "Gd"), execution=execution))["complexes at paper"]
    assert half == pytest.approx(_gpu(after)["complexes at paper"] / 2)
    record = plan_record(after)
    assert record["gpu_hours"] == pytest.approx(after.gpu_hours)
    assert "not measured on a card" in record["gpu_basis"]


def test_finalists_are_in_the_plan(planned):
    plan = planned("quick", relax="dft", finalists=1)
    tasks = {stage.name: stage.tasks for stage in plan.stages}
    assert tasks["finalists, relaxed"] == 1
    # The aqua ion, the ligand, water.
    assert tasks["their fragments, relaxed"] == 3
    assert plan.core_hours > planned("quick").core_hours


def test_a_label_with_open_waters_is_two_complexes(tmp_path):
    data = {
        "name": "trial",
        "objective": [{"property": "complexation_free_energy", "metal": "La"}],
        "budget": {"seed_labels": 2, "labels": 2},
    }

    def tasks(**coordination):
        parts = {"scaffolds": ["HOPO"], "substituents": ["H", "methyl"]}
        file = tmp_path / "trial.yaml"
        file.write_text(yaml.safe_dump(data | {"space": parts | {"coordinations": [{"ligands": 1} | coordination]}}))
        plan = plan_campaign(prepare(str(file), workspace=tmp_path))
        return {stage.name: stage.tasks for stage in plan.stages}

    one, several = tasks(), tasks(waters="auto")
    assert several["complexes at standard"] == 2 * one["complexes at standard"] == 4
    # The bare scaffold has one template, that of the lower number.
    assert several["templates"] == one["templates"] + 2
    assert several["training"] == one["training"]


def test_a_series_has_the_templates_of_bare_scaffolds_only_and_its_best_are_searched_for(tmp_path):
    def plan(**theory):
        data = {
            "name": "trial",
            "space": {
                "scaffolds": ["HOPO"],
                "substituents": ["H", "methyl", "fluoro", "chloro"],
                "metals": ["La", "Lu"],
                "coordinations": [{"ligands": 1}],
            },
            "theory": theory,
            "budget": {"seed_labels": 4, "labels": 8},
        }
        file = tmp_path / "trial.yaml"
        file.write_text(yaml.safe_dump(data))
        return plan_campaign(prepare(str(file), workspace=tmp_path))

    searched, series, confirmed = plan(), plan(geometry="series"), plan(geometry="series", confirm=1)
    assert (searched.templates, series.templates) == (5, 1)
    assert series.core_hours < searched.core_hours
    of_templates = {stage.name: stage for stage in series.stages}["templates"]
    assert "series: of bare scaffolds only" in of_templates.basis
    (finalists,) = [stage for stage in confirmed.stages if stage.name == "finalists, searched"]
    # The best of lanthanum and the best of lutetium.
    assert finalists.tasks == 2
    assert confirmed.core_hours > series.core_hours


@pytest.mark.parametrize(("surrogate", "energies"), [({"model": "tabular"}, [4]), ({}, []), ({"gfn2_labels": 9}, [])])
def test_energies_that_models_lean_on_are_counted_where_they_do(tmp_path, surrogate, energies):
    data = {
        "name": "trial",
        "space": {
            "scaffolds": ["HOPO"],
            "substituents": ["H", "methyl"],
            "metals": ["La", "Lu"],
            "coordinations": [{"ligands": 1}],
        },
        "surrogate": surrogate,
        "budget": {"seed_labels": 2, "labels": 2},
    }
    file = tmp_path / "trial.yaml"
    file.write_text(yaml.safe_dump(data))
    plan = plan_campaign(prepare(str(file), workspace=tmp_path))
    assert [stage.tasks for stage in plan.stages if stage.name == "groundwork"] == energies


def test_a_model_without_geometries_pays_for_none(tmp_path):
    def stages(**surrogate):
        data = {
            "name": "trial",
            "space": {
                "scaffolds": ["HOPO", "CAM"],
                "substituents": ["H", "methyl", "fluoro", "chloro"],
                "metals": ["La"],
                "coordinations": [{"ligands": 1}],
            },
            "surrogate": surrogate,
            "budget": {"seed_labels": 2, "batch": 1, "labels": 2},
        }
        file = tmp_path / "trial.yaml"
        file.write_text(yaml.safe_dump(data))
        found = {s.name.split(" (")[0]: s for s in plan_campaign(prepare(str(file), workspace=tmp_path)).stages}
        return found["templates"].tasks, found["prediction, choice"].core_hours

    # Two ligands that are labelled and lanthanum's aqua ion; with geometries the two bare scaffolds as well.
    assert stages(model="tabular", gfn2_labels=0)[0] == 3
    assert stages(model="tabular")[0] == stages(model="stack")[0] == 5
    assert stages(model="tabular")[1] < stages(model="stack")[1] == stages(model="allegro")[1]
