from __future__ import annotations

import json

import pytest

from reexplore.energies.terms import EnergyTerms
from reexplore.errors import InputError

TERMS = EnergyTerms("quick", 1, -76.3, -0.0002, -0.0153, 0.0023, 6, 24, 10, 1, attempts=({"method": "diis"},))


def test_terms_survive_json():
    assert EnergyTerms.from_dict(json.loads(json.dumps(TERMS.to_dict()))) == TERMS


def test_parts_add_up():
    parts = TERMS.electronic_hartree + TERMS.dispersion_hartree
    parts += TERMS.solvent_electrostatic_hartree + TERMS.solvent_cds_hartree
    assert parts == pytest.approx(TERMS.total_hartree, abs=1e-12)


def test_terms_of_a_later_version_are_refused():
    with pytest.raises(InputError, match="does not know \\(enthalpy_hartree\\)"):
        EnergyTerms.from_dict(TERMS.to_dict() | {"enthalpy_hartree": -1.0})
