import sys
from importlib.util import find_spec

import numpy as np
import pytest
from ase.units import Bohr

from reexplore.errors import CalculationFailed, MissingEngineError
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.quality import check_complex
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.gfnff import force_field_surface, settle
from tests.structures.sample import candidate, relaxed

NAME = "La_HOPO-H_1_6"


#: Every version there is on this Python: xtb-python ends with 3.11.
VERSIONS = (1, 2) if find_spec("xtb") else (2,)


@pytest.mark.engine
@pytest.mark.parametrize("version", VERSIONS)
def test_force_field_lowers_a_start_and_keeps_it_the_same_complex(tmp_path, monkeypatch, capfd, version):
    monkeypatch.chdir(tmp_path)
    start = place_complexes(candidate(NAME), count=1, seed=1)[0]
    settled = settle(start, candidate=candidate(NAME), force_field=version)
    again = settle(settled.structure, candidate=candidate(NAME), force_field=version)
    assert again.energy_hartree == pytest.approx(settled.energy_hartree, abs=2e-4)
    assert check_complex(settled.structure, candidate=candidate(NAME)).ok
    # GFN-FF would leave its topology here and print pages.
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().out == ""


@pytest.mark.engine
@pytest.mark.parametrize("version", VERSIONS)
def test_force_field_energy_does_not_depend_on_the_orientation(version):
    structure = relaxed(NAME)
    turned = structure.moved_to(structure.positions_angstrom @ np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]]).T)
    first, second = (settle(each, candidate=candidate(NAME), force_field=version) for each in (structure, turned))
    assert second.energy_hartree == pytest.approx(first.energy_hartree, abs=2e-4)


@pytest.mark.engine
def test_both_are_the_same_force_field_of_an_organic_molecule(monkeypatch, tmp_path):
    # One of them writes its topology into the working folder.
    monkeypatch.chdir(tmp_path)
    # Of complexes they are not: one finds the metal's bonds, the other is told them.
    structure = Structure(
        ("C", "O", "H", "H"), np.array([[0, 0, 0], [0, 0, 1.21], [0.94, 0, -0.59], [-0.94, 0, -0.59]]), 0
    )
    with force_field_surface(structure) as surface:
        energy, gradient = surface(structure.positions_angstrom / Bohr)
    steps = np.zeros((4, 3))
    steps[1, 2] = 1e-3
    with force_field_surface(structure) as surface:
        ahead, behind = (surface(structure.positions_angstrom / Bohr + sign * steps)[0] for sign in (1, -1))
    assert gradient[1, 2] == pytest.approx((ahead - behind) / 2e-3, abs=1e-6)
    if find_spec("xtb"):
        from xtb.interface import Calculator, Param

        numbers = np.array([6, 8, 1, 1])
        other = Calculator(Param.GFNFF, numbers, structure.positions_angstrom / Bohr)
        other.set_verbosity(0)
        assert energy == pytest.approx(other.singlepoint().get_energy(), abs=1e-6)


def test_without_its_package_the_first_version_says_where_it_can_be_had(monkeypatch):
    monkeypatch.setitem(sys.modules, "xtb", None)
    with pytest.raises(MissingEngineError, match=r"needs xtb-python, which is built for Python 3.11 at the latest"):
        settle(relaxed(NAME), candidate=candidate(NAME), force_field=1)


def test_what_it_cannot_set_up_is_a_failure_of_the_structure():
    on_top = relaxed(NAME).moved_to(np.zeros_like(relaxed(NAME).positions_angstrom))
    with pytest.raises(CalculationFailed):
        settle(on_top, candidate=candidate(NAME))


@pytest.mark.engine
@pytest.mark.parametrize("name", [NAME, "La_HOPO-H_4_0"])
def test_bonds_that_are_told_hold_every_donor_and_no_other_atom(name):
    who = candidate(name)
    start = place_complexes(who, count=1, seed=1)[0]
    report = check_complex(settle(start, candidate=who).structure, candidate=who)
    assert report.ok
    assert 2.2 < min(report.donor_distances_angstrom) < max(report.donor_distances_angstrom) < 2.75
