import json
from dataclasses import replace

import numpy as np
import pytest

from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.metals import METALS
from reexplore.errors import CalculationFailed, Failure, FailureCode
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.builders.polyhedra import vertices
from reexplore.structures.quality import check_complex
from reexplore.structures.search import label_geometry
from reexplore.structures.search.label_geometry import exchange_and_relax
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.relax import Relaxed, relax
from reexplore.structures.xtb.surfaces import SURFACES
from tests.structures.sample import XTB_ENERGIES_HARTREE, candidate, relaxed

NAME = "La_HOPO-H_1_6"
EU = candidate("Eu_HOPO-H_1_6")
LA = METALS["La"]


def without_a_water():
    positions = relaxed(NAME).positions_angstrom.copy()
    water = list(Layout.of(EU).water(0))
    positions[water] += positions[water[0]]
    return relaxed(NAME).moved_to(positions)


@pytest.fixture
def resting(monkeypatch):
    def stay(structure, *, surface):
        extent = float(np.linalg.norm(structure.positions_angstrom - structure.positions_angstrom[0]))
        return Relaxed(structure, extent, 0.0, 1, surface.name)

    monkeypatch.setattr(label_geometry, "relax", stay)


@pytest.mark.usefixtures("resting")
def test_damaged_label_geometry_is_refused():
    with pytest.raises(CalculationFailed) as caught:
        exchange_and_relax([without_a_water()], candidate=EU)
    assert caught.value.failure.code is FailureCode.WATER_LOST


@pytest.mark.usefixtures("resting")
def test_another_conformer_is_a_second_attempt():
    label = exchange_and_relax([without_a_water(), relaxed(NAME)], candidate=EU)
    assert label.quality.ok
    assert label.template == 1
    assert [f.code for f in label.rejected] == [FailureCode.WATER_LOST]


@pytest.mark.usefixtures("resting")
def test_lowest_of_the_templates_is_kept_for_this_metal():
    good = relaxed(NAME)
    wide = good.moved_to(good.positions_angstrom * 1.02)
    label = exchange_and_relax([wide, good], candidate=EU)
    assert label.template == 1
    assert label.energies_hartree[1] < label.energies_hartree[0]


@pytest.mark.usefixtures("resting")
def test_a_complex_that_another_atom_holds_stands_in_only_where_there_is_no_other(monkeypatch):
    good = relaxed(NAME)
    tight = good.moved_to(good.positions_angstrom * 0.98)
    exchanged = [
        label_geometry.exchange_metal(each, layout=Layout.of(EU), old=LA, new=EU.metal) for each in (tight, good)
    ]
    limit = np.mean([np.ptp(each.positions_angstrom) for each in exchanged])

    def judged(structure, **options):
        report = check_complex(structure, **options)
        other = Failure(FailureCode.OTHER_DONOR, "quality", "O 9 holds Eu as well", {"atoms": [9]})
        return replace(report, warnings=(other,)) if np.ptp(structure.positions_angstrom) < limit else report

    monkeypatch.setattr(label_geometry, "check_complex", judged)
    label = exchange_and_relax([tight, good], candidate=EU)
    assert (label.template, label.quality.warnings) == (1, ())
    alone = exchange_and_relax([tight], candidate=EU)
    assert alone.to_dict()["other_donors"][0]["code"] == "other_donor"


@pytest.mark.engine
def test_europium_label_geometry_is_the_one_the_xtb_program_found():
    label = exchange_and_relax([relaxed(NAME)], candidate=EU, surface=SURFACES["gfn2"])
    assert label.relaxed.energy_hartree < XTB_ENERGIES_HARTREE["Eu_HOPO-H_1_6"] + 0.1 / 627.51
    assert label.quality.inchikey == EU.ligand.inchikey
    written = json.loads(json.dumps(label.to_dict()))
    assert Structure.from_extxyz(written["extxyz"]).key == label.relaxed.structure.key
    assert written["donor_distances_angstrom"] == list(label.quality.donor_distances_angstrom)


@pytest.mark.parametrize(("waters", "shape"), [(8, "square antiprism"), (9, "tricapped trigonal prism")])
def test_an_aqua_ion_is_relaxed_to_its_polyhedron(waters, shape):
    lanthanum, lutetium = (aqua_ion(METALS[metal], waters=waters) for metal in ("La", "Lu"))
    starts = place_complexes(lanthanum, count=1, seed=2026)
    found = exchange_and_relax([relax(start).structure for start in starts], candidate=lutetium).relaxed.structure
    oxygens = found.positions_angstrom[1::3] - found.positions_angstrom[0]
    lengths = np.linalg.norm(oxygens, axis=1)
    if waters == 8:
        # 2.34 Å from X-ray scattering and EXAFS (P. Li et al., J. Phys. Chem. B 2015, 119, 883, table 1).
        assert lengths.mean() == pytest.approx(2.34, abs=0.03)
    assert _angles_degrees(oxygens) == pytest.approx(_angles_degrees(vertices(shape)), abs=6.0)


def _angles_degrees(vectors):
    """Return the angles between all pairs, sorted: they are those of the shape, however it lies."""
    units = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    cosines = (units @ units.T)[np.triu_indices(len(units), 1)]
    return np.sort(np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0))))
