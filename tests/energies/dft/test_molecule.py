from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pyscf import gto

from reexplore.chemistry.metals import METALS
from reexplore.energies.dft import molecule
from reexplore.energies.dft.molecule import build_molecule, oriented_positions
from reexplore.energies.levels import QUICK
from reexplore.errors import InputError, MissingEngineError
from reexplore.structures.structure import Structure
from tests.energies.examples import LANTHANUM_TWO_WATERS, WATER, ion, turned


@pytest.mark.parametrize("symbol", METALS)
def test_every_ion_has_its_declared_electrons(symbol):
    mol = build_molecule(ion(symbol), level=QUICK, memory_gb=1.0)
    assert mol.nelectron == (18 if symbol == "Sc" else 8)


def test_an_empty_core_potential_is_caught():
    # 'def2-tzvp' names a basis: PySCF returns an empty potential for europium and says nothing.
    assert not gto.basis.load_ecp("def2-tzvp", "Eu")
    lanthanides = replace(QUICK.treatment_of("Eu"), ecp="def2-tzvp")
    with pytest.raises(MissingEngineError, match="replaces 0 electrons where level 'quick' declares 52"):
        build_molecule(ion("Eu"), level=replace(QUICK, metals=(lanthanides,)), memory_gb=1.0)


def test_another_core_than_declared_is_caught():
    small_core = replace(QUICK.treatment_of("Eu"), basis="def2-tzvp", ecp="def2-ecp")
    with pytest.raises(MissingEngineError, match="replaces 28 electrons"):
        build_molecule(ion("Eu"), level=replace(QUICK, metals=(small_core,)), memory_gb=1.0)


def test_a_lost_core_potential_is_caught_by_the_electron_count(monkeypatch):
    monkeypatch.setattr(molecule, "_core_potential", lambda *_: None)
    with pytest.raises(MissingEngineError, match="54 electrons"):
        build_molecule(ion("La"), level=QUICK, memory_gb=1.0)


def test_an_unknown_basis_is_refused_and_not_guessed():
    with pytest.raises(MissingEngineError, match="no basis 'nonsense'"):
        build_molecule(WATER, level=replace(QUICK, ligand_basis="nonsense"), memory_gb=1.0)


def test_open_shells_are_refused():
    with pytest.raises(InputError, match="cannot all be paired"):
        build_molecule(Structure(WATER.symbols, WATER.positions_angstrom, 1), level=QUICK, memory_gb=1.0)


def test_orientation_forgets_rotation_and_translation():
    first, second = oriented_positions(LANTHANUM_TWO_WATERS), oriented_positions(turned(LANTHANUM_TWO_WATERS))
    np.testing.assert_allclose(np.abs(first), np.abs(second), atol=1e-6)
