"""Partition between octanol and water beside measured log P."""

import pytest

from reexplore.chemistry.ligands import Ligand
from reexplore.energies import energy_terms, find_level
from reexplore.energies.own_levels import in_solvent
from reexplore.energies.protons import log_p
from reexplore.energies.reactions import transfer
from reexplore.errors import InputError
from reexplore.structures.conformers.free_ligand import lowest_conformer, water

QUICK = find_level("quick")


def transferred(structure, solvent):
    return transfer(*(energy_terms(structure, level=level) for level in (QUICK, in_solvent(QUICK, solvent))))


@pytest.mark.engine
@pytest.mark.parametrize(
    ("smiles", "measured"),
    # C. Hansch, A. Leo, D. Hoekman, Exploring QSAR, 1995.
    [("c1ccccc1", 2.13), ("Oc1ccccc1", 1.46), ("CC(=O)O", -0.17)],
)
def test_neutral_molecules_part_between_octanol_and_water_as_measured(smiles, measured):
    molecule = Ligand(smiles, 0, scaffold=smiles, substituents=())
    found = lowest_conformer(molecule, count=3, seed=1).relaxed.structure
    # SMD's own mean error for neutral solutes is 0.6 to 0.9 kcal/mol (A. V. Marenich, C. J. Cramer, D. G. Truhlar,
    # J. Phys. Chem. B 2009, 113, 6378), half a log unit.
    assert log_p(transferred(found, "1-octanol").energy_kcal_mol) == pytest.approx(measured, abs=0.7)


@pytest.mark.engine
def test_from_water_into_water_nothing_is_gained():
    assert transferred(water(), "water").energy_kcal_mol == 0.0


def test_a_level_in_another_solvent_is_one_of_its_own():
    level = in_solvent(QUICK, "toluene")
    assert (level.name, level.based_on, level.solvent) == ("quick in toluene", "quick", "toluene")
    assert in_solvent(find_level("teacher"), "anything").is_fake


@pytest.mark.parametrize(
    ("level", "solvent", "told"),
    [
        ("quick", "octanol", "did you mean .*'1-octanol'"),
        ("quick", "dodecane", "did you mean 'n-dodecane'"),
        ("standard", "xyzzy", "such as water, 1-octanol, toluene"),
        ("gfn2", "toluene", "level 'gfn2' has no SMD water to leave for toluene"),
    ],
)
def test_what_has_no_parameters_is_refused(level, solvent, told):
    with pytest.raises(InputError, match=told):
        in_solvent(find_level(level), solvent)
