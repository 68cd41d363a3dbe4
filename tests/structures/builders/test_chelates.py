import numpy as np
import pytest

from reexplore.chemistry.library import SCAFFOLDS, find_substituent
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.chemistry.metals import find_metal
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.builders.chelates import chelates, metal_donor_angstrom
from reexplore.structures.conformers.rotamers import turns
from tests.structures.sample import ligand

LA = find_metal("La")


def bare(name):
    scaffold = SCAFFOLDS[name]
    return assemble(scaffold, (find_substituent("H"),) * scaffold.sites)


@pytest.mark.parametrize("name", SCAFFOLDS)
def test_every_scaffold_of_the_library_holds_the_metal_with_all_its_donors(name):
    chelating = bare(name)
    found = chelates(chelating, metal=LA, count=6, seed=1)
    symbols = [a.GetSymbol() for a in chelating.mol_with_hydrogens.GetAtoms()]
    wanted = [metal_donor_angstrom(symbols[d], LA) for d in chelating.donors]
    others = [a for a in range(len(symbols)) if a not in chelating.donors]
    for chelate in found:
        lengths = np.linalg.norm(chelate.positions_angstrom, axis=1)
        assert lengths[list(chelating.donors)] == pytest.approx(wanted, abs=0.5)
        assert lengths[others].min() > 2.4


def test_bite_of_a_catecholate_is_that_of_crystals():
    # O-La-O of five-membered catecholate rings: 63-67 degrees (K. N. Raymond et al., Inorg. Chem. 1979, 18, 1611, for
    # Ce); a sum of ionic radii is a little shorter than those bonds, hence the bite a little wider.
    first = chelates(bare("CAM"), metal=LA, count=6, seed=1)[0]
    bite = np.degrees(np.arccos(np.clip(first.directions[0] @ first.directions[1], -1, 1)))
    assert 60 < bite < 73


def test_both_orientations_of_the_amide_are_tried():
    hopo = ligand("HOPO", "H")
    (turn,) = turns(hopo)
    _, carbonyl = turn.axis
    atoms = {n.GetSymbol(): n.GetIdx() for n in hopo.mol_with_hydrogens.GetAtomWithIdx(carbonyl).GetNeighbors()}
    found = chelates(hopo, metal=LA, count=12, seed=1)
    # Which of the amide's O and N is nearer to the metal tells the two orientations apart.
    nearer = [
        np.linalg.norm(c.positions_angstrom[atoms["O"]]) < np.linalg.norm(c.positions_angstrom[atoms["N"]])
        for c in found
    ]
    assert set(nearer) == {True, False}


def test_same_seed_same_conformers():
    first, again = (chelates(ligand("HOPO", "methoxy"), metal=LA, count=5, seed=7) for _ in range(2))
    assert [c.positions_angstrom.tobytes() for c in first] == [c.positions_angstrom.tobytes() for c in again]


def test_donors_that_cannot_face_one_metal_are_a_coded_failure():
    # Through both ends of a rod of three rings.
    apart = Ligand("O=C([O-:1])c1ccc(-c2ccc(-c3ccc(C(=O)[O-:1])cc3)cc2)cc1", -2, "terphenyl", ())
    with pytest.raises(CalculationFailed) as caught:
        chelates(apart, metal=LA, count=4, seed=1)
    assert caught.value.failure.code is FailureCode.BUILD_FAILED
