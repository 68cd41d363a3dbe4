from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reexplore.chemistry.candidates import Group
from reexplore.energies.binding import (
    HARTREE_TO_KCAL_MOL,
    binding_energy_kcal_mol,
    binding_error_kcal_mol,
    exchange_energy_kcal_mol,
    exchange_error_kcal_mol,
    selectivity_error_kcal_mol,
    selectivity_kcal_mol,
    why_exchange_not_comparable,
    why_not_comparable,
)
from reexplore.energies.levels import QUICK
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


def test_programs_do_not_mix():
    imported = replace(energy(-1.0), program="ORCA 6.0")
    with pytest.raises(InputError, match=r"different programs cannot be combined: ORCA 6.0, PySCF"):
        exchange_energy_kcal_mol(imported, aqua_complex=ION, ligand=LIGAND, water=WATER, ligands=1, waters=6)


def spread(kcal_mol: float | None) -> EnergyTerms:
    return replace(energy(-1.0), spread_hartree=None if kcal_mol is None else kcal_mol / HARTREE_TO_KCAL_MOL)


def test_errors_add_in_quadrature_with_their_weights():
    nothing = spread(None)
    # A right triangle of 3 and 4 has a hypotenuse of 5; two ligands count twice.
    parts = {"ligand": spread(2.0), "water": nothing, "ligands": 2, "waters": 4}
    assert binding_error_kcal_mol(spread(3.0), ion=nothing, **parts) == pytest.approx(5.0)
    assert exchange_error_kcal_mol(spread(3.0), aqua_complex=nothing, **parts) == pytest.approx(5.0)
    assert selectivity_error_kcal_mol(spread(1.0), spread(1.0), spread(1.0), spread(1.0)) == pytest.approx(2.0)


def test_without_any_spread_there_is_no_error():
    nothing = spread(None)
    assert binding_error_kcal_mol(nothing, ion=nothing, ligand=nothing, water=nothing, ligands=1, waters=6) is None


def test_errors_are_those_of_energies_drawn_at_random():
    spreads = {"complex_": 1.5, "aqua_complex": 0.7, "ligand": 0.4, "water": 0.2}
    dice = np.random.default_rng(1)
    sampled = [
        exchange_energy_kcal_mol(
            **{part: energy(dice.normal(0.0, width) / HARTREE_TO_KCAL_MOL) for part, width in spreads.items()},
            ligands=2,
            waters=4,
        )
        for _ in range(4000)
    ]
    expected = exchange_error_kcal_mol(**{part: spread(width) for part, width in spreads.items()}, ligands=2, waters=4)
    assert np.std(sampled) == pytest.approx(expected, rel=0.05)


def test_what_may_be_ranked_on_the_exchange_scale():
    group = Group("Eu", 1, 6, -2)
    assert why_exchange_not_comparable(group, replace(group, metal="Lu"), level=QUICK) is None
    assert "different ways" in why_exchange_not_comparable(group, replace(group, metal="Y"), level=QUICK)
    assert "charge" in why_exchange_not_comparable(group, replace(group, ligand_charge=-1), level=QUICK)
    assert "released waters" in why_exchange_not_comparable(group, replace(group, ligands=2, waters=4), level=QUICK)


def test_what_may_be_ranked():
    group = Group("Eu", 1, 6, -2)
    assert why_not_comparable(group, group) is None
    assert "bare ion" in why_not_comparable(group, replace(group, metal="La"))
    assert "charge" in why_not_comparable(group, replace(group, ligand_charge=-1))
    assert "released waters" in why_not_comparable(group, replace(group, ligands=2, waters=4))
