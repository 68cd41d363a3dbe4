"""Selectivities and the reasons why some numbers are never compared."""

import pytest

from reexplore.campaign.ledger.labels import selectivities
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import find_scaffold, find_substituent
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import METALS
from reexplore.energies.levels import QUICK
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.terms import EnergyTerms
from reexplore.properties.label import Label


def energy(kcal_mol: float, spread_kcal_mol: float | None = None, program: str = "PySCF") -> EnergyTerms:
    spread = None if spread_kcal_mol is None else spread_kcal_mol / HARTREE_TO_KCAL_MOL
    total = kcal_mol / HARTREE_TO_KCAL_MOL
    return EnergyTerms("quick", 1, total, 0.0, 0.0, 0.0, 1, 1, 2, 1, program=program, spread_hartree=spread)


def labelled(metal, exchange_kcal_mol, *, scaffold="HOPO", ligands=1, aqua=True, spread_kcal_mol=None):
    """Return a label whose every other part has no energy, so that its complex has the exchange energy."""
    ligand = assemble(find_scaffold(scaffold), (find_substituent("H"),))
    candidate = Candidate(ligand, METALS[metal], ligands, 8 - 2 * ligands)
    nothing = energy(0.0)
    parts = {"complex": energy(exchange_kcal_mol, spread_kcal_mol), "ion": nothing, "ligand": nothing, "water": nothing}
    return Label(candidate, parts, nothing if aqua else None, 8)


def pairs(*labels):
    return {(row.first_metal, row.second_metal): row.selectivity_kcal_mol for row in selectivities(labels, level=QUICK)}


def test_every_two_metals_of_a_ligand_are_compared():
    found = pairs(labelled("Lu", -70.0), labelled("La", -60.0), labelled("Eu", -64.0))
    assert found == pytest.approx({("La", "Eu"): -4.0, ("La", "Lu"): -10.0, ("Eu", "Lu"): -6.0})
    # What a ligand prefers to La over Eu and to Eu over Lu, it prefers to La over Lu.
    assert found["La", "Lu"] == pytest.approx(found["La", "Eu"] + found["Eu", "Lu"])


def test_what_is_not_alike_is_not_paired():
    assert pairs(labelled("La", -60.0), labelled("Lu", -70.0, scaffold="CAM")) == {}
    assert pairs(labelled("La", -60.0), labelled("Lu", -70.0, ligands=2)) == {}
    # Yttrium has another core potential at this level.
    assert pairs(labelled("La", -60.0), labelled("Y", -70.0)) == {}
    assert pairs(labelled("La", -60.0), labelled("Lu", -70.0, aqua=False)) == {}


def test_the_error_of_a_pair_is_that_of_its_complexes():
    first, second = labelled("La", -60.0, spread_kcal_mol=0.3), labelled("Lu", -70.0, spread_kcal_mol=0.4)
    (row,) = selectivities([first, second], level=QUICK)
    assert row.error_kcal_mol == pytest.approx(0.5)


def test_without_an_aqua_ion_there_is_no_exchange_energy():
    one = labelled("La", -60.0, aqua=False)
    assert one.exchange is None
    assert one.binding.energy_kcal_mol == pytest.approx(-60.0)
