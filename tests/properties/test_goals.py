"""What a campaign is to find: read, refused, combined."""

import json
import re

import numpy as np
import pytest

from reexplore.energies.levels import PAPER, QUICK
from reexplore.errors import ExecutionError, InputError
from reexplore.properties import Goals, read_goals
from tests.campaign.ledger.test_labels import labelled

LU_LA = {"property": "selectivity", "metals": ["Lu", "La"]}
LU = {"property": "exchange_energy", "metal": "Lu"}


def test_without_an_objective_there_are_no_goals_and_one_complex_is_chosen_at_a_time():
    goals = read_goals([])
    assert not goals
    assert (goals.unit_size, goals.metals, goals.say()) == (1, (), [])


def test_the_metals_of_all_goals_are_labelled_in_the_order_of_the_series():
    goals = read_goals([LU_LA, {"property": "exchange_energy", "metal": "Eu"}])
    assert goals.metals == ("La", "Eu", "Lu")
    assert goals.unit_size == 3


def test_goals_come_back_as_they_were_said():
    goals = read_goals([LU_LA | {"direction": "higher"}, LU])
    assert Goals.from_json(json.loads(json.dumps(goals.say()))) == goals


def test_another_version_of_a_property_is_not_taken_for_the_same():
    with pytest.raises(ExecutionError, match="its property 'selectivity' is version , not 2"):
        Goals.from_json([LU_LA | {"direction": "lower", "version": "2"}])


def test_selectivities_rank_ligands_of_all_charges_and_energies_do_not():
    place = "1 L, 6 H2O"
    assert read_goals([LU_LA]).group(place, ligand_charge=-1) == read_goals([LU_LA]).group(place, ligand_charge=-2)
    assert read_goals([LU_LA, LU]).group(place, ligand_charge=-2) == "1 L, 6 H2O, L charge -2"


@pytest.mark.parametrize(
    ("objective", "sentence"),
    [
        ([{"metals": ["Lu", "La"]}], "name its property, one of binding_energy, exchange_energy, selectivity"),
        (
            [{"property": "selectivty", "metals": ["Lu", "La"]}],
            "unknown property 'selectivty': did you mean 'selectivity'",
        ),
        ([{"property": "selectivity", "metals": ["Lu", "Lu"]}], "Lu stands on both sides"),
        ([{"property": "selectivity", "metals": [["Lu", "La"], "La"]}], "La stands on both sides"),
        ([{"property": "selectivity", "metals": ["Lu"]}], "give two metals, such as"),
        ([{"property": "selectivity", "metals": ["Lu", []]}], "a group is empty"),
        ([{"property": "selectivity", "metals": ["Lu", "Fe"]}], "'Fe' is no rare earth"),
        ([{"property": "selectivity", "metals": [["Lu", "Lu"], "La"]}], "a metal stands twice"),
        ([LU | {"metals": ["Lu"]}], "unknown key 'metals'; known here: property, direction, metal"),
        ([{"property": "binding_energy"}], "name its metal, such as metal: Lu"),
        ([LU | {"direction": "up"}], "'up' is neither lower nor higher"),
        ([LU_LA, LU_LA], "order every two ligands alike"),
        ([LU_LA, LU_LA | {"direction": "higher"}], "contradict each other"),
        ([LU_LA, {"property": "selectivity", "metals": ["La", "Lu"]}], "contradict each other"),
        # With one metal they differ by a constant.
        ([LU, {"property": "binding_energy", "metal": "Lu"}], "order every two ligands alike"),
    ],
)
def test_what_makes_no_objective_is_refused_in_a_sentence(objective, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        read_goals(objective)


def test_metals_that_a_level_describes_in_different_ways_are_not_compared():
    read_goals([LU_LA]).require_comparable(QUICK)
    with pytest.raises(
        InputError, match="selectivity Y over La: level 'quick' describes these metals in different ways"
    ):
        read_goals([{"property": "selectivity", "metals": ["Y", "La"]}]).require_comparable(QUICK)
    with pytest.raises(InputError, match="different ways"):
        read_goals([LU_LA]).require_comparable(PAPER)


def test_a_selectivity_is_the_difference_of_exchange_energies_and_of_groups_their_means():
    labels = {
        m: labelled(m, e, spread_kcal_mol=s) for m, e, s in (("La", -60, 0.3), ("Eu", -64, 0.4), ("Lu", -70, 1.2))
    }
    (lu_la,) = read_goals([LU_LA]).values(labels)
    assert lu_la.value == pytest.approx(-10)
    assert lu_la.error == pytest.approx(np.hypot(0.3, 1.2))
    (group,) = read_goals([{"property": "selectivity", "metals": ["Lu", ["La", "Eu"]]}]).values(labels)
    assert group.value == pytest.approx(-8)
    assert group.error == pytest.approx(np.sqrt(1.2**2 + 0.15**2 + 0.2**2))


def test_without_an_aqua_ion_only_the_binding_energy_has_a_value():
    labels = {"La": labelled("La", -60, aqua=False), "Lu": labelled("Lu", -70)}
    assert read_goals([LU_LA]).values(labels) == (None,)
    assert read_goals([{"property": "binding_energy", "metal": "La"}]).values(labels)[0].value == pytest.approx(-60)


def test_labels_and_samples_agree_and_what_metals_share_cancels():
    goals = read_goals([LU_LA | {"direction": "higher"}, LU])
    binding = {"La": np.array([-160.0, -150.0]), "Lu": np.array([-250.0, -249.0])}
    hydration = {"La": -90.0, "Lu": -170.0}
    lowered = goals.to_lower(binding, hydration)
    assert lowered.tolist() == [[10.0, 19.0], [-80.0, -79.0]]
    shared = np.random.default_rng(1).normal(0, 50, 2)
    moved = goals.to_lower({metal: values + shared for metal, values in binding.items()}, hydration)
    assert moved[0] == pytest.approx(lowered[0])
    assert moved[1] == pytest.approx(lowered[1] + shared)


def test_an_objective_is_told_in_a_sentence():
    told = "selectivity Lu over La: higher, exchange energy Lu: lower; each ligand is labelled with La and Lu"
    assert str(read_goals([LU_LA | {"direction": "higher"}, LU])) == told
