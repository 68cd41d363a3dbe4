from __future__ import annotations

from dataclasses import replace

import pytest

from reexplore.chemistry.candidates import Group
from reexplore.energies.binding import (
    HARTREE_TO_KCAL_MOL,
    binding_energy_kcal_mol,
    exchange_energy_kcal_mol,
    selectivity_kcal_mol,
    why_not_comparable,
)
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import InputError


def energy(hartree: float, level: str = "quick") -> EnergyTerms:
    return EnergyTerms(level, 1, hartree, 0.0, 0.0, 0.0, 1, 1, 2, 1)


ION, LIGAND, WATER = energy(-31.0), energy(-605.0), energy(-76.0)


def test_conversion_factor_is_codata():
    # One Hartree is 4.3597447222071e-18 J, one mole 6.02214076e23, one calorie 4.184 J.
    assert pytest.approx(4.3597447222071e-18 * 6.02214076e23 / 4184.0, rel=1e-12) == HARTREE_TO_KCAL_MOL


def test_parts_far_apart_do_not_bind():
    apart = energy(-31.0 - 2 * 605.0 - 4 * 76.0)
    assert binding_energy_kcal_mol(apart, ion=ION, ligand=LIGAND, water=WATER, ligands=2, waters=4) == pytest.approx(
        0.0
    )


def test_exchange_is_the_difference_of_two_bindings():
    complex_, aqua = energy(-31.0 - 605.0 - 6 * 76.0 - 0.3), energy(-31.0 - 8 * 76.0 - 0.2)
    bound = binding_energy_kcal_mol(complex_, ion=ION, ligand=LIGAND, water=WATER, ligands=1, waters=6)
    hydrated = binding_energy_kcal_mol(aqua, ion=ION, ligand=LIGAND, water=WATER, ligands=0, waters=8)
    exchanged = exchange_energy_kcal_mol(complex_, aqua_complex=aqua, ligand=LIGAND, water=WATER, ligands=1, waters=6)
    assert exchanged == pytest.approx(bound - hydrated, abs=1e-6)
    assert exchanged == pytest.approx(-0.1 * HARTREE_TO_KCAL_MOL, abs=1e-6)


def test_selectivity_is_positive_for_the_preferred_metal():
    assert selectivity_kcal_mol(-60.0, -50.0) == 10.0


def test_levels_do_not_mix():
    with pytest.raises(InputError, match="different levels"):
        binding_energy_kcal_mol(energy(-1.0, "paper"), ion=ION, ligand=LIGAND, water=WATER, ligands=1, waters=6)


def test_what_may_be_ranked():
    group = Group("Eu", 1, 6, -2)
    assert why_not_comparable(group, group) is None
    assert "bare ion" in why_not_comparable(group, replace(group, metal="La"))
    assert "charge" in why_not_comparable(group, replace(group, ligand_charge=-1))
    assert "released waters" in why_not_comparable(group, replace(group, ligands=2, waters=4))
