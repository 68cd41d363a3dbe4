"""Complexes as arrays are the structures that metal exchange makes one by one."""

import numpy as np

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import find_scaffold, find_substituent
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import METALS, TEMPLATE_METAL
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.metal_exchange import exchange_metal
from reexplore.structures.screening.arrays import Complexes
from reexplore.structures.structure import Layout


def test_a_template_with_every_metal_is_what_metal_exchange_makes():
    ligand = assemble(find_scaffold("HOPO"), (find_substituent("methyl"),))
    candidate = Candidate(ligand, TEMPLATE_METAL, 2, 4)
    template = place_complexes(candidate, count=1, seed=1)[0]
    layout, metals = Layout.of(candidate), (METALS["La"], METALS["Y"], METALS["Lu"])
    found = Complexes.of_template(template, layout=layout, metals=metals, contraction=2)
    assert found.shape == (1, 3)
    for structure, metal in zip(found.structures(), metals, strict=True):
        expected = exchange_metal(template, layout=layout, old=TEMPLATE_METAL, new=metal, contraction=2)
        assert structure.symbols == expected.symbols
        assert structure.charge == expected.charge == 1
        centred = expected.positions_angstrom - expected.positions_angstrom[0]
        np.testing.assert_allclose(structure.positions_angstrom, centred, atol=1e-9)
