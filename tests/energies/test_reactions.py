from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL, Reaction, binding, exchange
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
    bound = binding(apart, ion=ION, ligand=LIGAND, water=WATER, ligands=2, waters=4)
    assert bound.energy_kcal_mol == pytest.approx(0.0)


def test_exchange_is_the_difference_of_two_bindings():
    complex_, aqua = energy(-31.0 - 605.0 - 6 * 76.0 - 0.3), energy(-31.0 - 8 * 76.0 - 0.2)
    bound = binding(complex_, ion=ION, ligand=LIGAND, water=WATER, ligands=1, waters=6)
    hydrated = binding(aqua, ion=ION, ligand=LIGAND, water=WATER, ligands=0, waters=8)
    exchanged = exchange(complex_, aqua_complex=aqua, ligand=LIGAND, water=WATER, ligands=1, waters=6)
    difference = bound - hydrated
    assert difference.energy_kcal_mol == pytest.approx(exchanged.energy_kcal_mol, abs=1e-6)
    assert exchanged.energy_kcal_mol == pytest.approx(-0.1 * HARTREE_TO_KCAL_MOL, abs=1e-6)
    # The bare ion is on both sides.
    assert ION not in [term for _, term in difference.parts]
    assert [(count, term) for count, term in difference.parts if term == WATER] == [(2, WATER)]


def test_a_selectivity_is_that_of_the_complexes_and_aqua_ions():
    def exchanged(metal):
        return exchange(
            spread(1.0, -metal), aqua_complex=spread(1.0, metal), ligand=LIGAND, water=WATER, ligands=1, waters=6
        )

    difference = exchanged(5.0) - exchanged(3.0)
    assert sorted((count, term.total_hartree) for count, term in difference.parts) == [
        (-1, -3.0),
        (-1, 5.0),
        (1, -5.0),
        (1, 3.0),
    ]
    assert difference.error_kcal_mol == pytest.approx(2.0)


def test_levels_do_not_mix():
    with pytest.raises(InputError, match="different levels"):
        binding(energy(-1.0, "paper"), ion=ION, ligand=LIGAND, water=WATER, ligands=1, waters=6)


def test_programs_do_not_mix():
    imported = replace(energy(-1.0), program="ORCA 6.0")
    with pytest.raises(InputError, match=r"different programs cannot be combined: ORCA 6.0, PySCF"):
        exchange(imported, aqua_complex=ION, ligand=LIGAND, water=WATER, ligands=1, waters=6)


def spread(kcal_mol: float | None, hartree: float = -1.0) -> EnergyTerms:
    return replace(energy(hartree), spread_hartree=None if kcal_mol is None else kcal_mol / HARTREE_TO_KCAL_MOL)


def test_errors_add_in_quadrature_with_their_weights():
    nothing = spread(None)
    # A right triangle of 3 and 4 has a hypotenuse of 5; two ligands count twice.
    parts = {"ligand": spread(2.0), "water": nothing, "ligands": 2, "waters": 4}
    assert binding(spread(3.0), ion=nothing, **parts).error_kcal_mol == pytest.approx(5.0)
    assert exchange(spread(3.0), aqua_complex=nothing, **parts).error_kcal_mol == pytest.approx(5.0)


def test_without_any_spread_there_is_no_error():
    nothing = spread(None)
    assert Reaction(((1, nothing), (-1, nothing))).error_kcal_mol is None


def test_errors_are_those_of_energies_drawn_at_random():
    spreads = {"complex_": 1.5, "aqua_complex": 0.7, "ligand": 0.4, "water": 0.2}
    dice = np.random.default_rng(1)
    sampled = [
        exchange(
            **{part: energy(dice.normal(0.0, width) / HARTREE_TO_KCAL_MOL) for part, width in spreads.items()},
            ligands=2,
            waters=4,
        ).energy_kcal_mol
        for _ in range(4000)
    ]
    expected = exchange(**{part: spread(width) for part, width in spreads.items()}, ligands=2, waters=4).error_kcal_mol
    assert np.std(sampled) == pytest.approx(expected, rel=0.05)


def test_co_ligands_are_used_up_with_the_ligands():
    anion = energy(-280.0)
    apart = energy(-31.0 - 605.0 - 3 * 280.0 - 76.0)
    common = {"ligand": LIGAND, "water": WATER, "ligands": 1, "waters": 1, "co_ligands": [(3, anion)]}
    assert binding(apart, ion=ION, **common).energy_kcal_mol == pytest.approx(0.0, abs=1e-6)
    aqua = energy(-31.0 - 8 * 76.0 - 0.2)
    exchanged = exchange(apart, aqua_complex=aqua, **common)
    assert exchanged.energy_kcal_mol == pytest.approx(0.2 * HARTREE_TO_KCAL_MOL, abs=1e-6)
    assert (-3, anion) in exchanged.parts
