"""Complexes of every coordination number are built and stay what they are."""

import pytest

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import SERIES, find_metal
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.builders.polyhedra import POLYHEDRA
from reexplore.structures.search.templates import Start, lowest_template
from reexplore.structures.structure import Layout

ACETOHYDROXAMATE = plain_ligand("CC(=O)N[O-]", donors=[2, 4]).ligand


def test_every_number_that_a_metal_is_held_in_has_polyhedra():
    assert {number for metal in SERIES for number in metal.coordination_numbers} == set(POLYHEDRA)


@pytest.mark.engine
@pytest.mark.parametrize(("metal", "number"), [("Lu", 6), ("Lu", 7), ("La", 10)])
def test_a_complex_of_an_unusual_number_is_found(metal, number):
    candidate = Candidate(ACETOHYDROXAMATE, find_metal(metal), 1, number - 2)
    starts = [Start(structure, "placement") for structure in place_complexes(candidate, count=6, seed=1)]
    found = lowest_template(candidate, starts=starts, refine=1)
    assert found.quality.ok
    assert found.quality.coordination_number == number == len(Layout.of(candidate).donors)
