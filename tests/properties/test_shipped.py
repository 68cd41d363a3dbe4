"""The properties that are here keep what every property has to keep."""

import pytest

from reexplore.properties.binding_energy import BindingEnergy
from reexplore.properties.complexation import ComplexationFreeEnergy
from reexplore.properties.exchange_energy import ExchangeEnergy
from reexplore.properties.selectivity import Selectivity
from reexplore.properties.separation_factor import SeparationFactor
from tests.campaign.ledger.test_labels import labelled
from tests.properties.suite import PropertySuite


class TestBindingEnergy(PropertySuite):
    one = BindingEnergy("Lu")
    refused = ({}, {"metal": "Fe"})


class TestExchangeEnergy(PropertySuite):
    one = ExchangeEnergy("Eu")
    refused = ({}, {"metal": ["Lu"]})


class TestSelectivity(PropertySuite):
    one = Selectivity(("Lu",), ("La",))
    refused = ({"metals": ["Lu", "Lu"]}, {"metals": [["Lu"], []]}, {"metals": {"first": "Lu"}})

    def test_the_ligand_and_its_charge_cancel(self):
        both = [{m: labelled(m, e, scaffold=s) for m, e in (("Lu", -9), ("La", -4))} for s in ("HOPO", "CAM")]
        assert [self.one.value(labels).value for labels in both] == pytest.approx([-5, -5])
        assert self.one.ranks_across_charges


class TestComplexationFreeEnergy(PropertySuite):
    one = ComplexationFreeEnergy("Eu")
    refused = ({}, {"metal": ["Lu"]})


class TestSeparationFactor(PropertySuite):
    one = SeparationFactor(("Lu",), ("La",))
    refused = ({"metals": ["Lu", "Lu"]},)


class TestSelectivityOfGroups(PropertySuite):
    one = Selectivity(("Pr", "Sm"), ("Dy", "Tb", "Ho"))
