"""What every property has to keep: inherit `PropertySuite` and name an instance, with what refuses and what reads."""

import json

import numpy as np
import pytest

from reexplore.properties import Measured, Property
from tests.campaign.ledger.test_labels import labelled


class PropertySuite:
    """Set `one` to a property, `refused` to what `read` has to refuse, and `rank_across_charges` to what it claims."""

    one: Property
    refused: tuple[dict, ...] = ()

    @staticmethod
    def label(metal, energy, **more):
        """Return a label whose learned energy this is."""
        return labelled(metal, energy, **more)

    @staticmethod
    def learned_kcal_mol(label):
        """Return the energy of a label that models learn."""
        return label.binding.energy_kcal_mol

    def test_it_keeps_the_protocol(self):
        assert isinstance(self.one, Property)
        assert self.one.name.isidentifier()
        assert self.one.unit
        assert self.one.title
        assert self.one.meaning
        assert len(set(self.one.metals)) == len(self.one.metals) > 0

    def test_what_it_says_is_read_back(self):
        assert type(self.one).read(json.loads(json.dumps(self.one.say()))) == self.one

    def test_it_refuses_nonsense_in_a_sentence(self):
        for said in ({"nonsense": 1}, {"metal": 3}, {"metal": None}, {"metals": "Lu"}, *self.refused):
            with pytest.raises(ValueError, match=r".{10}") as refused:
                type(self.one).read(said)
            assert "\n" not in str(refused.value)

    def test_labels_and_samples_are_one_number(self):
        random = np.random.default_rng(5)
        energies = {metal: float(random.normal(-60, 10)) for metal in self.one.metals}
        labels = {metal: self.label(metal, energy) for metal, energy in energies.items()}
        value = self.one.value(labels)
        assert isinstance(value, Measured)
        binding = {metal: np.array([self.learned_kcal_mol(label)]) for metal, label in labels.items()}
        hydration = {metal: label.hydration.energy_kcal_mol for metal, label in labels.items()}
        assert self.one.samples(binding, hydration) == pytest.approx([value.value])

    def test_samples_keep_their_shape(self):
        binding = {metal: np.zeros((3, 5)) for metal in self.one.metals}
        assert self.one.samples(binding, dict.fromkeys(self.one.metals, 1.0)).shape == (3, 5)

    def test_without_aqua_ions_it_has_a_value_only_where_it_needs_none(self):
        labels = {metal: self.label(metal, -60.0, aqua=False) for metal in self.one.metals}
        assert (self.one.value(labels) is None) is self.one.needs_aqua_ions
