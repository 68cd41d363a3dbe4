"""A campaign of magnets: the whole loop with the real model; bipyramids and their gaps are made up, or real for one."""

import csv
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace

import pytest

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.labelled_pool import campaign_pool
from reexplore.campaign.results.plan import plan_campaign
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.execution import child, guard, worker_functions
from reexplore.execution.recipes import BipyramidGeometry
from reexplore.structures.builders.placement import place_complexes
from tests.campaign.test_loop import small
from tests.energies.kramers.test_label import LABEL

MAGNETS = {
    "space": {
        "scaffolds": [{"name": "methoxide", "smiles": "[O-:11]C([*:1])([*:2])[*:3]", "charge": -1}],
        "substituents": ["H", "methyl", "fluoro"],
        "metals": ["Dy"],
        "coordinations": [{"ligands": 2, "waters": 5}],
    },
    "objective": [{"property": "kramers_gap", "metal": "Dy"}],
    "theory": {},
    "surrogate": {"members": 2, "model": "tabular"},
    "budget": {"seed_labels": 4, "batch": 2, "labels": 6},
}
COVERED = {"ligands": 2, "waters": 4, "co_ligands": {"nitrate": 1}}
#: One loses its axis.
BENT = "methyl-methyl-methyl"


def bipyramid(inputs, _context):
    recipe = BipyramidGeometry.from_json(inputs)
    start = place_complexes(recipe.candidate, count=1, seed=recipe.seed, axial=True)[0]
    if start.symbols.count("C") == 8:
        raise CalculationFailed(FailureCode.AXIS_BENT, "bipyramid", "the axial donors are 150° apart", degrees=150.0)
    return {"extxyz": start.to_extxyz(), "axis_degrees": 180.0}


def kramers_gap(inputs, _context):
    """Return doublets of which the second lies lower with every fluorine."""
    gap = 650.0 - 60.0 * inputs["extxyz"].count("\nF ")
    first, second, *others = LABEL.doublets
    return replace(LABEL, metal="Dy", doublets=(first, replace(second, energy_cm=gap), *others)).to_json()


def in_this_process(_task, folder, _scratch, store):
    (folder / child.LOG).write_text("computing\n")
    assert child.main(folder, store.root) != child.MACHINE_FAULT


class Here:
    """Computes in this process when a task is submitted."""

    workers = 2

    def __init__(self, setup):
        self._places = {"store": setup.store, "evidence": setup.folder / "evidence"}

    def submit(self, task):
        future = Future()
        future.set_result(guard.perform(task, **self._places))
        return future

    def check(self):
        """There is nothing that could be lost."""


def run(setup):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_functions, "bipyramid", bipyramid)
        patch.setattr(worker_functions, "kramers_gap", kramers_gap)
        patch.setattr(guard, "_run_child", in_this_process)
        with closing(open_campaign(setup)) as ledger:
            run_campaign(CampaignContext(setup, ledger, Here(setup), Narrator()))
    return setup


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    return run(small(tmp_path_factory.mktemp("magnets"), **MAGNETS))


@pytest.mark.engine
def test_gaps_are_labelled_learned_and_ranked_from_high_to_low(ended):
    with closing(open_ledger(ended)) as ledger:
        record = campaign_record(ended, ledger)
        assert len(ledger.labels()) == 6
        assert ledger.rounds()[-1].learned.model is not None
    rows = [row for row in record.by_goals if row.is_labelled]
    values = [row.labels[0].value for row in sorted(rows, key=lambda row: row.rank)]
    assert values == sorted(values, reverse=True)
    assert record.goals[0].unit == "cm⁻¹"
    assert all(row.predicted[0] is not None for row in record.by_goals if row.status == "predicted")
    assert "Hartree-Fock" in record.engines["energies"]
    # It stands with the goals only: there is no binding energy.
    assert all(row.dft_kcal_mol is None for row in record.rows)
    # The doublets stand with the candidates.
    told = {row.key: row.labels[0].value for row in rows}
    magnets = {row.key: row.magnet for row in record.rows if row.status == "labelled"}
    assert {key: magnet.doublets[1].energy_cm for key, magnet in magnets.items()} == told
    first = next(iter(magnets.values()))
    assert [each.g for each in first.doublets] == [each.g for each in LABEL.doublets]
    assert (first.axis, first.tilt_degrees) == (LABEL.doublets[0].axis, LABEL.tilt_degrees)


@pytest.mark.engine
def test_what_people_look_at_has_the_gaps(ended):
    report = ended.folder / "report"
    with (report / "objective.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert any("cm" in column for column in rows[0])
    assert "cm⁻¹" in (report / "top_candidates.html").read_text()


@pytest.mark.engine
def test_its_labels_are_no_pool_of_energies(ended):
    with closing(open_ledger(ended)) as ledger, pytest.raises(InputError, match="are Kramers gaps, and a pool holds"):
        campaign_pool([(ended, ledger)], positions="label")


@pytest.mark.engine
def test_enumerated_ligands_are_labelled_and_learned(tmp_path):
    space = {key: MAGNETS["space"][key] for key in ("metals", "coordinations")}
    space["ligands"] = {"enumerated": {"count": 8, "classes": ["carboxylate", "sulfoxide"], "seed": 2}}
    setup = run(small(tmp_path, **MAGNETS | {"space": space}))
    with closing(open_ledger(setup)) as ledger:
        assert len(ledger.labels()) == 6
        assert ledger.rounds()[-1].learned.model is not None
        names = {row.name for row in campaign_record(setup, ledger).rows}
    assert any("carboxylate-" in name for name in names)
    assert any("sulfoxide-" in name for name in names)


def test_the_plan_prices_bipyramids_and_gaps(tmp_path):
    plan = plan_campaign(small(tmp_path, **MAGNETS))
    assert [stage.name for stage in plan.stages] == ["bipyramids", "Kramers gaps"]
    assert 0 < plan.core_hours < 1


def test_the_shipped_campaigns_are_sound(tmp_path):
    setup = prepare("dy_quick", workspace=tmp_path)
    assert setup.goals.learns_gap
    assert setup.space.ligand_count == 56
    setup = prepare("dy_magnets", workspace=tmp_path)
    assert setup.goals.learns_gap
    assert setup.space.ligand_count == 80
    assert setup.file.space.propose.by == "decoded"
    coordinations = [{"ligands": 2, "waters": 0, "co_ligands": {"pyridine": 5}}]
    with_pyridine = small(tmp_path, **MAGNETS | {"space": MAGNETS["space"] | {"coordinations": coordinations}})
    assert next(iter(with_pyridine.space.candidates())).name.endswith("2(pyridine)5")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"surrogate": {"model": "allegro"}}, r"'surrogate\.model'.*take tabular"),
        ({"theory": {"level": "teacher", "builders": ["sketch"]}}, r"'theory\.builders'.*real geometry"),
        ({"theory": {"relax": "dft"}}, r"'theory\.relax'.*does not go with Kramers gaps"),
        (
            {"space": MAGNETS["space"] | {"coordinations": [{"ligands": 1, "waters": 6}]}},
            r"'space\.coordinations\.0'.*2 axial ligands and 5 donors around its axis, not 1 and 6",
        ),
        (
            {"space": MAGNETS["space"] | {"scaffolds": ["HOPO"]}},
            "holds the metal by one donor",
        ),
        (
            {
                "space": MAGNETS["space"]
                | {"coordinations": [{"ligands": 2, "waters": 4, "co_ligands": {"nitrate": 1}}]}
            },
            "not 2 and 6",
        ),
        (
            {
                "space": MAGNETS["space"]
                | {"coordinations": [{"ligands": 2, "waters": 3, "co_ligands": {"nitrate": 1}}]}
            },
            "each co-ligand has one donor, and nitrate has 2",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(tmp_path, changes, told):
    with pytest.raises(InputError, match=told):
        small(tmp_path, **MAGNETS | changes)
    assert not (tmp_path / "runs").exists()
