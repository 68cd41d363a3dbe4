"""Substituents in space against published barriers and geometries."""

import numpy as np
import pytest
from rdkit import Chem

from reexplore.chemistry.library import SUBSTITUENTS, Substituent
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.screening import fragments
from reexplore.structures.screening.fragments import TORSION_STEP_DEGREES, anchor_of, fragment, frame

TURNS = 360 // TORSION_STEP_DEGREES


def profile(name, anchor):
    """Return the torsional energies of the lowest conformer."""
    return fragment(SUBSTITUENTS[name], anchor).energies_kcal_mol[:TURNS]


@pytest.mark.parametrize(
    ("name", "anchor", "barrier_kcal_mol", "within"),
    [
        # Barriers of internal rotation: ethane 2.9, methanol 1.07, methylamine 1.97 and methanethiol 1.27
        # (microwave and infrared), phenol 3.4, nitrobenzene 2.9 to 4.5; toluene is nearly free. Our turns
        # are rigid, which makes barriers higher than those measured, and MMFF94s is what it is.
        ("methyl", "C", 2.9, 0.6),
        ("hydroxyl", "C", 1.07, 0.5),
        ("amino", "C", 1.97, 0.7),
        ("thiol", "C", 1.27, 0.4),
        ("hydroxyl", "C planar", 3.4, 0.8),
        ("nitro", "C planar", 3.7, 1.0),
        ("methyl", "C planar", 0.0, 0.4),
    ],
)
def test_turning_costs_what_it_costs_in_small_molecules(name, anchor, barrier_kcal_mol, within):
    assert np.ptp(profile(name, anchor)) == pytest.approx(barrier_kcal_mol, abs=within)


@pytest.mark.parametrize("substituent", [s for s in SUBSTITUENTS.values() if not s.is_hydrogen], ids=lambda s: s.name)
def test_every_pose_is_the_same_group_at_the_end_of_the_same_bond(substituent):
    part = fragment(substituent, "C planar")
    mol = Chem.AddHs(Chem.MolFromSmiles(substituent.smiles))
    wanted = sorted(a.GetSymbol() for a in mol.GetAtoms() if a.GetAtomicNum())
    assert sorted(part.symbols) == wanted
    assert len(part.owners) == part.symbols[len(part.atoms) :].count("H") == len(part.symbols) - len(part.atoms)
    # The first atom is on +z in every pose, and the bonds are those of the model compound.
    np.testing.assert_allclose(part.positions_angstrom[:, part.first, :2], 0.0, atol=1e-9)
    assert (part.positions_angstrom[:, part.first, 2] > 1.2).all()
    for a, b in part.bonds:
        lengths = np.linalg.norm(part.positions_angstrom[:, a] - part.positions_angstrom[:, b], axis=1)
        assert np.ptp(lengths) < 0.05
        assert 0.9 < lengths.mean() < 2.1
    assert part.energies_kcal_mol.min() == 0.0


def test_the_same_substituent_has_the_same_poses():
    again = fragment.__wrapped__(SUBSTITUENTS["ester"], "C planar")
    assert np.array_equal(again.positions_angstrom, fragment(SUBSTITUENTS["ester"], "C planar").positions_angstrom)


def test_conformers_that_differ_by_the_torsion_alone_are_one():
    assert len(fragment(SUBSTITUENTS["phenyl"], "C planar").positions_angstrom) == TURNS
    assert len(fragment(SUBSTITUENTS["ester"], "C planar").positions_angstrom) > TURNS


def test_sites_are_told_apart_by_their_atom():
    mol = Chem.MolFromSmiles("c1([*:1])cc(O[*:2])cc(N([*:3])C(=O)C[*:4])c1CN([*:5])C")
    holders = {a.GetAtomMapNum(): a.GetNeighbors()[0] for a in mol.GetAtoms() if a.GetAtomMapNum()}
    anchors = [anchor_of(holders[k]) for k in range(1, 6)]
    assert anchors == ["C planar", "O", "N planar", "C", "N"]
    phosphorus = Chem.MolFromSmiles("CP(C)[*:1]").GetAtomWithIdx(1)
    with pytest.raises(ValueError, match="a site on P"):
        anchor_of(phosphorus)


def test_axes_are_a_right_handed_frame():
    bond, neighbour = np.array([0.3, -1.0, 0.4]), np.array([1.0, 0.2, 0.1])
    axes = frame(bond, neighbour)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    np.testing.assert_allclose(axes @ bond, [0.0, 0.0, np.linalg.norm(bond)], atol=1e-12)
    assert (axes @ neighbour)[0] > 0
    assert (axes @ neighbour)[1] == pytest.approx(0.0, abs=1e-12)


def test_what_cannot_be_embedded_is_a_coded_failure(monkeypatch):
    monkeypatch.setattr(fragments.rdDistGeom, "EmbedMultipleConfs", lambda *_: [])
    with pytest.raises(CalculationFailed) as failed:
        fragment.__wrapped__(Substituent("impossible", "CC[*:1]", ""), "C")
    assert failed.value.failure.code is FailureCode.BUILD_FAILED
