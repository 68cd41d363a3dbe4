from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reexplore.energies.levels import (
    LEVELS,
    PAPER,
    QUICK,
    Level,
    comparison_warning,
    declared_level,
    find_level,
    unsupported_elements,
)
from reexplore.errors import InputError


def test_declarations_are_json_and_tell_levels_apart():
    texts = {json.dumps(level.declaration(), sort_keys=True) for level in LEVELS.values()}
    assert len(texts) == len(LEVELS)
    assert json.loads(json.dumps(QUICK.declaration())) == QUICK.declaration()


@pytest.mark.parametrize("change", [{"grid_level": 2}, {"cavity_points_per_sphere": 302}, {"version": 99}])
def test_every_choice_changes_the_declaration(change):
    assert replace(QUICK, **change).declaration() != QUICK.declaration()


def test_words_about_a_level_do_not_change_its_declaration():
    assert replace(QUICK, summary="other words").declaration() == QUICK.declaration()


@pytest.mark.parametrize("name", list(LEVELS))
def test_a_level_comes_back_from_its_declaration(name):
    level = LEVELS[name]
    travelled = json.loads(json.dumps(level.declaration()))
    assert Level.from_declaration(travelled).declaration() == level.declaration()
    assert declared_level(travelled) == level


def test_a_level_of_the_users_own_is_rebuilt_where_its_base_is_the_same():
    own = replace(QUICK, name="mine", based_on="quick", grid_level=2, summary="")
    assert declared_level(own.declaration()) == own
    with pytest.raises(InputError, match="declares level 'quick' otherwise"):
        declared_level(replace(own, version=QUICK.version + 1).declaration())
    # Under a shipped name only the shipped level is meant.
    with pytest.raises(InputError, match="declares level 'quick' otherwise"):
        declared_level(replace(own, name="paper").declaration())


def test_a_shipped_level_that_is_declared_otherwise_elsewhere_is_refused():
    with pytest.raises(InputError, match="declares level 'quick' otherwise"):
        declared_level(replace(QUICK, grid_level=2).declaration())
    with pytest.raises(InputError, match="no declaration of a level"):
        declared_level(QUICK.declaration() | {"temperature": 300})


def test_f_in_core_potentials_leave_eight_electrons_to_every_ion():
    # 5s2 5p6 (Lukanowski and Weigend): lanthanum keeps 46 electrons in the core, lutetium 60.
    treatment = QUICK.treatment_of("La")
    assert treatment.core_of("La") == 46
    assert treatment.core_of("Eu") == 52
    assert treatment.core_of("Lu") == 60


def test_unknown_level_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'quick'"):
        find_level("quik")
    with pytest.raises(InputError, match=", ".join(LEVELS)):
        find_level("ccsdt")


def test_elements():
    assert unsupported_elements(QUICK, ["La", "H", "C", "N", "O", "F", "P", "S", "Cl"]) == ()
    assert unsupported_elements(QUICK, ["U", "O", "I"]) == ("I", "U")


def test_metals_described_in_different_ways_are_flagged():
    assert comparison_warning(QUICK, ["La", "Eu", "Lu"]) is None
    assert comparison_warning(QUICK, ["Y"]) is None
    sentence = comparison_warning(QUICK, ["Eu", "Y"])
    assert sentence is not None
    assert "Y: 28-electron core" in sentence
    assert "Eu: 4f electrons in the core" in sentence


def test_neodymium_is_set_apart_where_its_core_potential_is_off_the_line():
    assert comparison_warning(QUICK, ["Nd"]) is None
    sentence = comparison_warning(QUICK, ["Pr", "Nd", "Sm"])
    assert sentence is not None
    assert "Nd: 4f electrons in the core, by a potential off the line" in sentence
    assert comparison_warning(PAPER, ["Pr", "Nd", "Sm"]) is None
