"""A relaxation by DFT ends at a minimum, and ends there as well when it was killed on its way."""

import numpy as np
import pytest

from reexplore.energies.dft import relaxation
from reexplore.energies.dft.gradient import Slope, energy_and_gradient
from reexplore.energies.dft.relaxation import CONVERGED_HARTREE_BOHR, frames_of, relax_by_dft
from reexplore.energies.levels import QUICK, find_level
from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.surfaces import GFN2_M

START = water()
KEPT = "gradients.extxyz"


class Flat:
    """A surface of one curvature everywhere, in hartree/bohr²."""

    def at(self, positions_angstrom):
        return 0.0, 0.1 * positions_angstrom / 0.529177


@pytest.fixture
def springs(monkeypatch):
    """Put springs of another stiffness than the surface's in the place of DFT; count the gradients."""
    rest, asked = START.positions_angstrom + 0.1, []

    def pulled(structure, **_options):
        asked.append(structure)
        apart = (structure.positions_angstrom - rest) / 0.529177
        return Slope(0.15 * float((apart**2).sum()), 0.3 * apart, np.zeros((1, 1)))

    monkeypatch.setattr(relaxation, "energy_and_gradient", pulled)
    return asked


@pytest.mark.usefixtures("springs")
def test_it_ends_where_the_gradient_is_small_and_below_where_it_began(tmp_path):
    found = relax_by_dft(START, level=QUICK, surface=Flat(), folder=tmp_path)
    assert found.gradient_max_hartree_bohr < CONVERGED_HARTREE_BOHR
    assert found.energy_hartree < found.start_hartree
    assert np.abs(found.structure.positions_angstrom - START.positions_angstrom - 0.1).max() < 0.005
    assert len(frames_of(tmp_path / KEPT)) == found.gradients


@pytest.mark.parametrize("left", [0, 1, 2, 2.5])
def test_killed_anywhere_it_goes_on_and_ends_in_the_same_place(springs, tmp_path, left):
    whole = relax_by_dft(START, level=QUICK, surface=Flat(), folder=tmp_path)
    size = len(START) + 2
    lines = (tmp_path / KEPT).read_text().splitlines(keepends=True)
    (tmp_path / KEPT).write_text("".join(lines[: int(left * size)]))
    springs.clear()
    again = relax_by_dft(START, level=QUICK, surface=Flat(), folder=tmp_path)
    assert np.abs(again.structure.positions_angstrom - whole.structure.positions_angstrom).max() < 1e-6
    assert (again.gradients, len(springs)) == (whole.gradients, whole.gradients - int(left))


def test_what_is_kept_of_another_structure_is_let_go(springs, tmp_path):
    elsewhere = START.moved_to(START.positions_angstrom + 0.5)
    relax_by_dft(elsewhere, level=QUICK, surface=Flat(), folder=tmp_path)
    (tmp_path / KEPT).write_text("".join((tmp_path / KEPT).read_text().splitlines(keepends=True)[: len(START) + 2]))
    springs.clear()
    found = relax_by_dft(START, level=QUICK, surface=Flat(), folder=tmp_path)
    assert len(springs) == found.gradients == len(frames_of(tmp_path / KEPT))


def test_without_a_minimum_it_is_a_failure(springs, monkeypatch):
    monkeypatch.setattr(relaxation, "MOST_GRADIENTS", 2)
    with pytest.raises(CalculationFailed, match="no minimum after 2 gradients") as failed:
        relax_by_dft(START, level=QUICK, surface=Flat())
    assert failed.value.failure.code is FailureCode.NOT_CONVERGED


@pytest.mark.parametrize(
    ("structure", "level", "told"),
    [
        (START, "gfn2", "has no gradient here: take one whose functional is a GGA or a hybrid of one"),
        (Structure(("Gd",), np.zeros((1, 3)), 3), "paper", "makes an open shell of this structure"),
    ],
)
def test_levels_without_gradients_are_refused(structure, level, told):
    with pytest.raises(InputError, match=told):
        relax_by_dft(structure, level=find_level(level), surface=Flat())


@pytest.mark.engine
def test_around_the_minimum_of_quick_every_energy_is_higher(tmp_path):
    found = relax_by_dft(START, level=QUICK, surface=GFN2_M.of(START), folder=tmp_path)
    assert found.energy_hartree < found.start_hartree
    for axis, atom in ((0, 1), (1, 2), (0, 0)):
        for sign in (-1, 1):
            positions = found.structure.positions_angstrom.copy()
            positions[atom, axis] += sign * 0.03
            moved = energy_and_gradient(found.structure.moved_to(positions), level=QUICK)
            assert moved.energy_hartree > found.energy_hartree
