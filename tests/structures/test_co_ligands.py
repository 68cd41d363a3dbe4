"""Complexes with co-ligands: placed, read back in any order of atoms, relaxed and judged part by part."""

import numpy as np
import pytest

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.co_ligands import CO_LIGANDS, co_ligand, read_co_ligands
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.errors import FailureCode
from reexplore.structures.bonds import bonds_from_distances, complex_bonds
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.conformers.free_ligand import lowest_conformer
from reexplore.structures.matching import arrange
from reexplore.structures.metal_exchange import exchange_metal
from reexplore.structures.quality import check_complex
from reexplore.structures.search.templates import Start, lowest_template
from reexplore.structures.structure import Layout, Structure, by_kind, expected_symbols

TMDGA = plain_ligand("CN(C)C(=[O:11])C[O:12]CC(=[O:13])N(C)C").ligand
LA = METALS["La"]
BESIDE = [
    ({"nitrate": 3}, 1),
    ({"chloride": 3}, 2),
    ({"thiocyanate": 2, "acetate": 1}, 1),
    ({"phenanthroline": 1, "nitrate": 2}, 0),
    ({"c1cc[n:11]cc1": 2}, 3),
]


def _candidate(beside, waters):
    return Candidate(TMDGA, LA, 1, waters, read_co_ligands(beside))


@pytest.mark.parametrize(("beside", "waters"), BESIDE)
def test_co_ligands_are_placed_with_their_bonds_and_donors(beside, waters):
    candidate = _candidate(beside, waters)
    layout = Layout.of(candidate)
    assert len(layout) == len(expected_symbols(candidate))
    for structure in place_complexes(candidate, count=4, seed=1):
        assert structure.symbols == expected_symbols(candidate)
        assert (bonds_from_distances(structure) == complex_bonds(candidate)).all()
        report = check_complex(structure, candidate=candidate)
        assert not [p for p in report.problems if p.code is not FailureCode.CLASH]
        assert len(report.donor_distances_angstrom) == candidate.coordination_number == len(layout.donors)


@pytest.mark.parametrize(("beside", "waters"), BESIDE)
def test_parts_cover_every_atom_once(beside, waters):
    candidate = _candidate(beside, waters)
    layout = Layout.of(candidate)
    parts = [place for _, places in by_kind(candidate) for place in places]
    parts += [layout.water(k) for k in range(waters)]
    assert [atom for part in parts for atom in part] == list(range(1, len(layout)))
    for ligand, places in by_kind(candidate):
        for place in places:
            number = layout.holder(place[0])
            assert layout.ligand(number) == place
            assert layout.ligand_donors(number) == tuple(place[donor] for donor in ligand.donors)


@pytest.mark.parametrize(("beside", "waters"), BESIDE)
def test_any_order_of_atoms_ends_in_the_layout(beside, waters):
    candidate = _candidate(beside, waters)
    structure = place_complexes(candidate, count=1, seed=2)[0]
    mixed = np.random.default_rng(3).permutation(len(structure))
    shuffled = Structure(
        tuple(structure.symbols[k] for k in mixed), structure.positions_angstrom[mixed], structure.charge
    )
    arranged = arrange(shuffled, candidate=candidate)
    assert arranged.structure.symbols == structure.symbols
    expected = check_complex(structure, candidate=candidate)
    found = check_complex(arranged.structure, candidate=candidate)
    assert sorted(found.donor_distances_angstrom) == sorted(expected.donor_distances_angstrom)
    assert [p.code for p in found.problems] == [p.code for p in expected.problems]


def test_a_nitrate_that_left_is_named_by_its_own_atoms():
    candidate = _candidate({"nitrate": 3}, 1)
    structure = place_complexes(candidate, count=1, seed=1)[0]
    away = list(Layout.of(candidate).ligand(2))
    positions = structure.positions_angstrom.copy()
    positions[away] *= 2.5
    codes = [
        (p.code, p.evidence["atoms"][0] in away)
        for p in check_complex(structure.moved_to(positions), candidate=candidate).problems
    ]
    assert codes.count((FailureCode.DONOR_LOST, True)) == 2
    assert all(own for code, own in codes if code is FailureCode.DONOR_LOST)


def test_every_part_moves_as_one_with_the_metal():
    candidate = _candidate({"nitrate": 2, "chloride": 1}, 1)
    structure = place_complexes(candidate, count=1, seed=1)[0]
    moved = exchange_metal(structure, layout=Layout.of(candidate), old=LA, new=METALS["Lu"])
    for _, places in by_kind(candidate):
        for place in places:
            shifts = (moved.positions_angstrom - structure.positions_angstrom)[list(place)]
            assert np.ptp(shifts, axis=0) == pytest.approx(0.0, abs=1e-6)
    before, after = (
        np.linalg.norm(s.positions_angstrom[list(Layout.of(candidate).donors)], axis=1) for s in (structure, moved)
    )
    assert (after < before).all()


@pytest.mark.engine
def test_a_nitrate_complex_relaxes_to_crystal_distances():
    # La-O(nitrate) in crystals of ten- and eleven-coordinate lanthanum nitrates 2.55-2.75 Å.
    candidate = Candidate(co_ligand("nitrate"), LA, 3, 4)
    starts = [Start(structure, "placement") for structure in place_complexes(candidate, count=6, seed=1)]
    found = lowest_template(candidate, starts=starts, refine=1)
    assert found.quality.ok
    nitrate = found.quality.donor_distances_angstrom[:6]
    assert np.mean(nitrate) == pytest.approx(2.63, abs=0.08)


@pytest.mark.engine
@pytest.mark.parametrize("name", CO_LIGANDS)
def test_every_free_co_ligand_is_relaxed(name):
    found = lowest_conformer(co_ligand(name), count=10, seed=1)
    assert found.relaxed.structure.charge == co_ligand(name).charge


@pytest.mark.engine
@pytest.mark.parametrize("beside", [{"chloride": 3}, {"thiocyanate": 3}])
def test_monodentate_anions_stay(beside):
    candidate = _candidate(beside, 2)
    starts = [Start(structure, "placement") for structure in place_complexes(candidate, count=2, seed=1)]
    assert lowest_template(candidate, starts=starts, refine=1).quality.ok
