import json

import numpy as np
import pytest

from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures import template
from reexplore.structures.geometry import Layout, Structure
from reexplore.structures.relax import Relaxed
from reexplore.structures.template import exchange_and_relax, lowest_template
from tests.structures.sample import XTB_ENERGIES_HARTREE, candidate, relaxed

NAME = "La_HOPO-H_1_6"


@pytest.fixture
def resting(monkeypatch):
    """Let a relaxation leave every atom where it is, with an energy that rises with the extent."""

    def stay(structure):
        extent = float(np.linalg.norm(structure.positions_angstrom - structure.positions_angstrom[0]))
        return Relaxed(structure, extent, 0.0, 1)

    monkeypatch.setattr(template, "relax", stay)


def _without_a_water(structure):
    positions = structure.positions_angstrom.copy()
    water = list(Layout.of(candidate(NAME)).water(0))
    positions[water] += positions[water[0]]
    return structure.moved_to(positions)


def _without_a_bond(structure):
    positions = structure.positions_angstrom.copy()
    positions[Layout.of(candidate(NAME)).ligand(0)[0]] += 6.0
    return structure.moved_to(positions)


@pytest.mark.usefixtures("resting")
def test_next_start_is_taken_when_the_first_is_damaged():
    good = relaxed(NAME)
    starts = [_without_a_bond(good), _without_a_water(good), good]
    built = lowest_template(candidate(NAME), starts=starts, refine=1, builder="test")
    assert built.quality.ok
    assert [(r.stage, r.code) for r in built.rejected[:2]] == [
        ("built", "ligand_broken"),
        ("built", "water_lost"),
    ]
    assert built.rejected[0].energy_hartree is None
    assert built.rejected[1].energy_hartree > 0
    assert built.candidates_built == 3


@pytest.mark.usefixtures("resting")
def test_lowest_of_those_refined_is_kept_and_no_more_are_refined():
    good = relaxed(NAME)
    wide = good.moved_to(good.positions_angstrom * 1.02)
    narrow = good.moved_to(good.positions_angstrom * 0.99)
    built = lowest_template(candidate(NAME), starts=[wide, good, narrow], refine=2, builder="test")
    extents = sorted(np.linalg.norm(s.positions_angstrom - s.positions_angstrom[0]) for s in (wide, good))
    assert sorted(built.energies_hartree)[-2:] == pytest.approx(extents)
    assert built.energy_hartree == min(built.energies_hartree)


@pytest.mark.usefixtures("resting")
def test_no_sound_structure_ends_in_the_last_reason_with_all_of_them():
    good = relaxed(NAME)
    with pytest.raises(CalculationFailed) as caught:
        lowest_template(candidate(NAME), starts=[_without_a_bond(good), _without_a_water(good)], refine=1, builder="t")
    failure = caught.value.failure
    assert failure.code is FailureCode.WATER_LOST
    assert [r["code"] for r in failure.evidence["rejected"]] == ["ligand_broken", "water_lost"]
    json.dumps(failure.to_dict())


@pytest.mark.usefixtures("resting")
def test_damaged_label_geometry_is_refused():
    with pytest.raises(CalculationFailed) as caught:
        exchange_and_relax(_without_a_water(relaxed(NAME)), candidate=candidate("Eu_HOPO-H_1_6"))
    assert caught.value.failure.code is FailureCode.WATER_LOST


@pytest.mark.engine
def test_europium_label_geometry_is_the_one_the_xtb_program_found():
    who = candidate("Eu_HOPO-H_1_6")
    label = exchange_and_relax(relaxed(NAME), candidate=who)
    assert label.relaxed.energy_hartree < XTB_ENERGIES_HARTREE["Eu_HOPO-H_1_6"] + 0.1 / 627.51
    assert label.quality.inchikey == who.ligand.inchikey
    written = json.loads(json.dumps(label.to_dict()))
    assert Structure.from_extxyz(written["extxyz"]).key == label.relaxed.structure.key
    assert written["donor_distances_angstrom"] == list(label.quality.donor_distances_angstrom)
