import numpy as np
import pytest
from rdkit import Chem

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.ligands import assemble
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.conformers import free_ligand
from reexplore.structures.conformers.free_ligand import free_ligand_conformers, lowest_conformer, water
from reexplore.structures.quality import check_ligand
from tests.structures.sample import ligand


def test_water_has_the_experimental_geometry():
    oxygen, first, second = water().positions_angstrom
    assert np.linalg.norm(first - oxygen) == pytest.approx(0.9572, abs=1e-6)
    # H-H distance from the same microwave study: 1.5139 Å.
    assert np.linalg.norm(first - second) == pytest.approx(1.5139, abs=1e-3)
    assert (water().symbols, water().charge) == (("O", "H", "H"), 0)


@pytest.mark.parametrize("scaffold", SCAFFOLDS)
def test_conformers_have_the_order_charge_and_bonds_of_the_ligand(scaffold):
    for substituent in list(SUBSTITUENTS.values())[::3]:
        hydrogens = [SUBSTITUENTS["H"]] * (SCAFFOLDS[scaffold].sites - 1)
        who = assemble(SCAFFOLDS[scaffold], (substituent, *hydrogens))
        for structure in free_ligand_conformers(who, count=1, seed=1):
            assert structure.symbols == tuple(a.GetSymbol() for a in who.mol_with_hydrogens.GetAtoms())
            assert structure.charge == Chem.GetFormalCharge(who.mol)
            assert check_ligand(structure, ligand=who).ok


def test_same_seed_same_conformers_and_no_duplicates():
    who = ligand("HOPO", "phosphonate")
    first, second = (free_ligand_conformers(who, count=10, seed=5) for _ in range(2))
    assert [s.key for s in first] == [s.key for s in second]
    assert 1 < len(first) <= 10
    other = free_ligand_conformers(who, count=10, seed=6)
    assert {s.key for s in first}.isdisjoint(s.key for s in other)


def test_catecholamide_keeps_its_amide_hydrogen_bond():
    # 2-Hydroxybenzamides and catecholamides hold N-H...O to the neighbouring oxygen; turned, it is lost.
    who = ligand("CAM", "H")
    found = lowest_conformer(who, count=10, seed=1)
    assert list(found.energies_hartree) == sorted(found.energies_hartree)
    assert found.relaxed.energy_hartree == found.energies_hartree[0]
    assert 627.51 * (found.energies_hartree[-1] - found.energies_hartree[0]) > 5
    names = np.array(found.relaxed.structure.symbols)
    positions = found.relaxed.structure.positions_angstrom
    to_donors = np.linalg.norm(positions[:, None] - positions[list(who.donors)], axis=-1).min(axis=1)
    hydrogen_bonds = to_donors[(names == "H") & (to_donors > 1.2) & (to_donors < 1.9)]
    assert len(hydrogen_bonds) == 1


def test_lowest_conformer_reports_why_none_survived(monkeypatch):
    who = ligand("CAM", "H")

    def broken(structure, *, surface):
        relaxed = real(structure, surface=surface)
        positions = relaxed.structure.positions_angstrom.copy()
        positions[-1] += 9.0
        return type(relaxed)(structure.moved_to(positions), relaxed.energy_hartree, 0.0, 1, surface.name)

    real = free_ligand.relax
    monkeypatch.setattr(free_ligand, "relax", broken)
    with pytest.raises(CalculationFailed) as caught:
        lowest_conformer(who, count=2, seed=1)
    assert caught.value.failure.code is FailureCode.LIGAND_BROKEN
