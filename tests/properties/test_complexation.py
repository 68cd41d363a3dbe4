"""Free energies of complexation and separation factors, from labels whose parts have thermal terms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reexplore.energies.protons import KCAL_MOL_PER_LOG_UNIT
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.errors import InputError
from reexplore.properties import Goals, read_goals
from tests.campaign.ledger.test_labels import labelled

COMPLEXATION = {"property": "complexation_free_energy", "metal": "Lu"}
FACTOR = {"property": "separation_factor", "metals": ["Lu", "La"], "direction": "higher"}


def free(label, **thermal_kcal_mol):
    """Return a label with thermal terms by part, zero for those not named."""

    def of(part, terms):
        return replace(terms, thermal_hartree=thermal_kcal_mol.get(part, 0.0) / HARTREE_TO_KCAL_MOL)

    parts = {part: of(part, terms) for part, terms in label.parts.items()}
    return replace(label, parts=parts, aqua=of("aqua", label.aqua))


def test_every_part_brings_its_thermal_terms():
    # [M(H2O)8]3+ + L → [ML(H2O)6] + 2 H2O.
    label = free(labelled("Lu", -20.0), complex=100.0, aqua=80.0, ligand=30.0, water=3.0)
    (goal,) = read_goals([COMPLEXATION]).goals
    assert goal.quantity.value({"Lu": label}).value == pytest.approx(-20.0 + 100.0 - 80.0 - 30.0 + 2 * 3.0)


def test_a_separation_factor_is_the_difference_of_two_constants():
    labels = {"Lu": free(labelled("Lu", -20.0), complex=1.0), "La": free(labelled("La", -17.0))}
    (goal,) = read_goals([FACTOR]).goals
    found = goal.quantity.value(labels)
    assert found.value == pytest.approx(2.0 / KCAL_MOL_PER_LOG_UNIT)
    assert goal.sign * found.value < 0


def test_electronic_and_free_energies_do_not_mix():
    label = free(labelled("Lu", -20.0))
    with pytest.raises(InputError, match="electronic energies and free energies cannot be combined"):
        replace(label, aqua=replace(label.aqua, thermal_hartree=None)).exchange  # noqa: B018 - it is what raises
    with pytest.raises(InputError, match=r"made of free energies and .* is not: take properties of one kind"):
        read_goals([COMPLEXATION, {"property": "exchange_energy", "metal": "La"}])


def test_only_free_energies_ask_for_vibrations():
    assert read_goals([COMPLEXATION, FACTOR]).needs_thermal_terms
    assert not read_goals([{"property": "exchange_energy", "metal": "La"}]).needs_thermal_terms


def test_ligands_of_different_charge_stand_together_where_it_is_asked():
    alone, across = (read_goals([COMPLEXATION | more]) for more in ({}, {"across_charges": True}))
    assert (alone.needs_ph, across.needs_ph) == (False, True)
    assert alone.group("1 L, 6 H2O", ligand_charge=-1) != alone.group("1 L, 6 H2O", ligand_charge=-2)
    assert across.group("1 L, 6 H2O", ligand_charge=-1) == across.group("1 L, 6 H2O", ligand_charge=-2)
    # The worker that chooses reads it as it was said; campaigns that began without it go on.
    assert Goals.from_json(across.say()) == across
    assert alone.say() == [COMPLEXATION | {"direction": "lower"}]
    with pytest.raises(InputError, match="should be true or false, not 3"):
        read_goals([COMPLEXATION | {"across_charges": 3}])
