from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reexplore.energies import LEVELS, energy_terms
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL, binding
from reexplore.energies.teacher import teacher_energy
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from tests.energies.examples import LANTHANUM_TWO_WATERS, WATER, ion, turned


def binding_of_two_waters(metal: str, structure: Structure = LANTHANUM_TWO_WATERS) -> float:
    complex_ = replace(structure, symbols=(metal, *structure.symbols[1:]))
    return binding(
        teacher_energy(complex_),
        ion=teacher_energy(ion(metal)),
        ligand=teacher_energy(WATER),
        water=teacher_energy(WATER),
        ligands=0,
        waters=2,
    ).energy_kcal_mol


def test_it_says_that_it_is_invented():
    terms = energy_terms(WATER, level=LEVELS["teacher"])
    assert terms.is_fake
    assert terms.level == "teacher"


def test_energy_is_invariant_and_reproducible():
    energy = teacher_energy(LANTHANUM_TWO_WATERS).total_hartree
    assert teacher_energy(LANTHANUM_TWO_WATERS).total_hartree == energy
    assert teacher_energy(turned(LANTHANUM_TWO_WATERS)).total_hartree == pytest.approx(energy, abs=1e-9)
    order = [4, 0, 2, 1, 6, 5, 3]
    shuffled = Structure(
        tuple(LANTHANUM_TWO_WATERS.symbols[i] for i in order),
        LANTHANUM_TWO_WATERS.positions_angstrom[order],
        3,
    )
    assert teacher_energy(shuffled).total_hartree == pytest.approx(energy, abs=1e-9)


def test_energy_is_smooth():
    step = np.zeros((7, 3))
    step[1, 0] = 1e-3
    energies = [
        teacher_energy(LANTHANUM_TWO_WATERS.moved_to(LANTHANUM_TWO_WATERS.positions_angstrom + k * step)).total_hartree
        for k in range(-3, 4)
    ]
    assert np.abs(np.diff(energies, 3)).max() * HARTREE_TO_KCAL_MOL < 1e-4


def test_parts_far_apart_do_not_bind():
    apart = LANTHANUM_TWO_WATERS.positions_angstrom.copy()
    apart[1:4, 0] += 100.0
    apart[4:, 0] -= 100.0
    waters = [Structure(("O", "H", "H"), apart[start : start + 3], 0) for start in (1, 4)]
    parts = sum(teacher_energy(part).total_hartree for part in (ion("La"), *waters))
    energy = teacher_energy(LANTHANUM_TWO_WATERS.moved_to(apart)).total_hartree
    assert energy == pytest.approx(parts, abs=1e-10)


def test_metals_differ():
    values = {metal: binding_of_two_waters(metal) for metal in ("La", "Eu", "Lu", "Y")}
    assert all(value < -5.0 for value in values.values())
    assert len({round(value, 3) for value in values.values()}) == len(values)


def test_unknown_elements_are_refused():
    with pytest.raises(InputError, match="Xe"):
        teacher_energy(Structure(("Xe",), np.zeros((1, 3)), 0))
