"""Errors of goals: of differences, on ligands with all their metals."""

import numpy as np
import pytest

from reexplore.campaign.steps.goal_errors import goal_errors
from reexplore.properties import Goals, read_goals
from reexplore.tracking.records import RoundRecord
from tests.surrogate.sample import make_samples

GOALS = read_goals([{"property": "selectivity", "metals": ["Lu", "La"]}, {"property": "binding_energy", "metal": "Lu"}])
HYDRATION = {"La": -90.0, "Lu": -170.0}


def errors(samples, shift, goals=GOALS, hydration=HYDRATION):
    target = np.array([sample.target_kcal_mol for sample in samples])
    return goal_errors(
        goals,
        samples,
        target_kcal_mol=target,
        predicted_kcal_mol={"ensemble": target + shift(samples), "mean": np.full(len(target), target.mean())},
        hydration_kcal_mol=hydration,
    )


@pytest.fixture(scope="module")
def samples():
    return make_samples(64)


def test_what_is_off_by_the_same_for_all_metals_of_a_ligand_is_no_error_of_a_difference(samples):
    ligands = {ligand: 3.0 * number for number, ligand in enumerate(sorted({s.ligand for s in samples}))}
    found = errors(samples, lambda some: np.array([ligands[s.ligand] for s in some]))
    assert found["mae/selectivity Lu over La, kcal/mol/ensemble"] == pytest.approx(0, abs=1e-9)
    assert found["mae/binding energy Lu, kcal/mol/ensemble"] == pytest.approx(np.mean(list(ligands.values())))


def test_what_is_off_for_one_metal_is(samples):
    found = errors(samples, lambda some: np.array([2.0 * (s.group.metal == "Lu") for s in some]))
    assert found["mae/selectivity Lu over La, kcal/mol/ensemble"] == pytest.approx(2)
    record = RoundRecord(0, "seed", 0, 1, 64, metrics=found | {"labels": 64.0})
    assert list(record.goal_errors) == ["selectivity Lu over La, kcal/mol", "binding energy Lu, kcal/mol"]
    assert list(record.goal_errors["selectivity Lu over La, kcal/mol"]) == ["ensemble", "mean"]


def test_without_goals_aqua_ions_or_whole_ligands_there_is_none(samples):
    def nothing(some):
        return np.zeros(len(some))

    assert errors(samples, nothing, goals=Goals()) == {}
    assert errors(samples, nothing, hydration={"La": -90.0}) == {}
    assert errors([s for s in samples if s.group.metal != "Lu"], nothing) == {}
