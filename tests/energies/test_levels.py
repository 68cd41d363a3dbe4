from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from reexplore.chemistry.metals import METALS
from reexplore.energies.levels import (
    LEVELS,
    PAPER,
    QUICK,
    WORKSTATION,
    Level,
    comparison_warning,
    declared_level,
    find_level,
    unsupported_elements,
)
from reexplore.energies.own_levels import own_level
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
    assert unsupported_elements(QUICK, ["U", "O", "I", "Xe"]) == ("U", "Xe")


def test_metals_described_in_different_ways_are_flagged():
    assert comparison_warning(QUICK, ["La", "Eu", "Lu"]) is None
    assert comparison_warning(QUICK, ["Y"]) is None
    sentence = comparison_warning(QUICK, ["Eu", "Y"])
    assert sentence is not None
    assert "Y: 28-electron core" in sentence
    assert "Eu: 4f electrons in the core" in sentence


@pytest.mark.parametrize("level", [QUICK, WORKSTATION, PAPER])
def test_neodymium_may_be_compared_with_the_others(level):
    assert comparison_warning(level, ["Pr", "Nd", "Sm"]) is None


def test_neodymium_is_set_apart_where_it_has_the_potential_of_its_divalent_ion():
    distributed = QUICK.as_distributed()
    assert comparison_warning(distributed, ["Nd"]) is None
    sentence = comparison_warning(distributed, ["Pr", "Nd", "Sm"])
    assert sentence is not None
    assert "Nd: 4f electrons in the core, by the potential of its divalent ion" in sentence


def test_neodymium_has_its_own_potential_in_a_core_of_49():
    assert (QUICK.treatment_of("Nd").ecp, QUICK.treatment_of("Nd").core_of("Nd")) == ("ecp49mwb", 49)
    assert QUICK.treatment_of("Nd").basis == QUICK.treatment_of("Pr").basis
    assert QUICK.as_distributed().treatment_of("Nd").ecp == "lcecp-1-tzvp"


@pytest.mark.parametrize(
    ("name", "start"),
    [("gfn2", "15ebb4f6"), ("quick", "e2609a12"), ("workstation", "1c17171f"), ("paper", "1d62b940")],
)
def test_a_correction_leaves_the_keys_of_all_other_structures(name, start):
    """The declarations of the version before there were corrections."""
    declared = LEVELS[name].applied_to(["La", "Pr", "O", "H"]).declaration()
    assert hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest().startswith(start)


def test_a_structure_with_neodymium_declares_its_potential():
    here = QUICK.applied_to(["Nd", "O", "H"])
    assert here.declaration() == QUICK.declaration()
    assert here.declaration() != QUICK.as_distributed().declaration()
    assert [entry["ecp"] for entry in here.declaration()["corrections"]] == ["ecp49mwb"]


@pytest.mark.parametrize("level", [QUICK, QUICK.as_distributed(), PAPER], ids=["today", "before", "none"])
def test_a_level_is_computed_with_the_corrections_it_declares(level):
    assert declared_level(json.loads(json.dumps(level.declaration()))) == level


def test_a_correction_that_the_level_has_not_is_refused():
    other = replace(QUICK.corrections[0], ecp="lcecp-0-tzvp")
    for level in (replace(QUICK, corrections=(other,)), own_level("mine", based_on="paper", corrections=(other,))):
        with pytest.raises(InputError, match="otherwise"):
            declared_level(level.declaration())


def test_every_metal_is_told_once():
    told = [symbol for treatment in QUICK.treatments for symbol in treatment.metals]
    assert sorted(told) == sorted(METALS)
    for treatment in QUICK.treatments:
        assert all(
            QUICK.treatment_of(symbol).core_of(symbol) == treatment.core_of(symbol) for symbol in treatment.metals
        )
    assert QUICK.corrections[0].without(("Nd",)) is None
