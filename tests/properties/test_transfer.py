"""The transfer free energy of a complex."""

from dataclasses import replace

import pytest

from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.errors import InputError
from reexplore.properties import read_goals
from reexplore.properties.transfer import TransferFreeEnergy
from tests.campaign.ledger.test_labels import labelled
from tests.properties.suite import PropertySuite

MOVED = {"property": "transfer_free_energy", "metal": "La"}


def taken_over(metal, transfer_kcal_mol, **more):
    """Return a label whose complex and ligand cost this to be taken into toluene."""
    label = labelled(metal, -60.0, **more)

    def there(part):
        term = label.parts[part]
        total = term.total_hartree + transfer_kcal_mol / HARTREE_TO_KCAL_MOL
        return replace(term, total_hartree=total, level=f"{term.level} in toluene")

    return replace(label, organic={part: there(part) for part in ("complex", "ligand")})


class TestTransferFreeEnergy(PropertySuite):
    one = TransferFreeEnergy("La")
    refused = ({}, {"metal": "Fe"}, {"metal": "La", "solvent": "toluene"})
    label = staticmethod(taken_over)

    @staticmethod
    def learned_kcal_mol(label):
        return label.transfer.energy_kcal_mol


def test_it_is_what_it_costs_to_leave_water():
    label = taken_over("La", -3.2)
    goals = read_goals([MOVED])
    assert goals.values({"La": label})[0].value == pytest.approx(-3.2)
    assert goals.learned_kcal_mol(label) == pytest.approx(-3.2)
    assert label.ligand_transfer.energy_kcal_mol == pytest.approx(-3.2)
    # At one geometry vibrations stay what they are.
    parts = {part: replace(term, thermal_hartree=0.1) for part, term in label.parts.items()}
    assert replace(label, parts=parts).transfer.energy_kcal_mol == pytest.approx(-3.2)


def test_without_a_second_solvent_it_has_no_value():
    assert TransferFreeEnergy("La").value({"La": labelled("La", -60.0)}) is None
    with pytest.raises(ValueError, match="no energy in a second solvent"):
        read_goals([MOVED]).learned_kcal_mol(labelled("La", -60.0))


def test_it_stands_beside_its_like_only():
    assert len(read_goals([MOVED, MOVED | {"metal": "Lu", "direction": "higher"}]).goals) == 2
    for other in ("exchange_energy", "complexation_free_energy"):
        with pytest.raises(InputError, match=r"'transfer free energy La' does not stand beside .*theory\.organic"):
            read_goals([{"property": other, "metal": "La"}, MOVED])
