import numpy as np
import pytest

from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.quality import check_complex
from reexplore.structures.xtb.gfnff import settle
from tests.structures.sample import candidate, relaxed

NAME = "La_HOPO-H_1_6"


@pytest.mark.engine
def test_force_field_lowers_a_start_and_keeps_it_the_same_complex(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    start = place_complexes(candidate(NAME), count=1, seed=1)[0]
    settled = settle(start)
    again = settle(settled.structure)
    assert again.energy_hartree == pytest.approx(settled.energy_hartree, abs=2e-4)
    assert check_complex(settled.structure, candidate=candidate(NAME)).ok
    # GFN-FF would leave its topology here and print pages.
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().out == ""


@pytest.mark.engine
def test_force_field_energy_does_not_depend_on_the_orientation():
    structure = relaxed(NAME)
    turned = structure.moved_to(structure.positions_angstrom @ np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]]).T)
    first, second = settle(structure), settle(turned)
    assert second.energy_hartree == pytest.approx(first.energy_hartree, abs=2e-4)
