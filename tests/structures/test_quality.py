import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom
from scipy.spatial.transform import Rotation

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.donors import holding_atoms
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.bonds import bonds_from_distances, complex_bonds, has_heavy_pair
from reexplore.structures.holding import held_by
from reexplore.structures.quality import check_complex, check_ligand, require
from reexplore.structures.structure import Layout, Structure
from tests.structures.sample import XTB_ENERGIES_HARTREE, candidate, ligand, relaxed

NAME = "La_HOPO-H_1_6"


def _codes(report):
    return {problem.code for problem in report.problems}


def _with_atom_at(structure, atom, position):
    positions = structure.positions_angstrom.copy()
    positions[atom] = position
    return structure.moved_to(positions)


def _next_to(structure, heavy, toward, distance):
    start, end = structure.positions_angstrom[[heavy, toward]]
    return start + distance * (end - start) / np.linalg.norm(end - start)


@pytest.mark.parametrize("name", XTB_ENERGIES_HARTREE)
def test_relaxed_complexes_are_sound(name):
    report = check_complex(relaxed(name), candidate=candidate(name))
    assert report.ok
    require(report)
    assert len(report.donor_distances_angstrom) == 8
    # Ln-O in crystals of eight-coordinate complexes is 2.15 to 2.8 Å, on the GFN2-xTB surface a little less.
    assert min(report.donor_distances_angstrom) > 2.05
    assert max(report.donor_distances_angstrom) < 2.8
    assert report.donor_spread_angstrom == pytest.approx(np.ptp(report.donor_distances_angstrom))
    assert report.inchikey == Chem.MolToInchiKey(Chem.MolFromSmiles(candidate(name).ligand.smiles))


@pytest.mark.parametrize("name", XTB_ENERGIES_HARTREE)
def test_bonds_from_distances_are_those_of_the_formula(name):
    who = candidate(name)
    expected = complex_bonds(who)
    assert np.array_equal(bonds_from_distances(relaxed(name)), expected)


def test_water_that_drifted_away_is_lost():
    structure, who = relaxed(NAME), candidate(NAME)
    water = list(Layout.of(who).water(3))
    positions = structure.positions_angstrom.copy()
    positions[water] += 1.5 * positions[water[0]] / np.linalg.norm(positions[water[0]])
    report = check_complex(structure.moved_to(positions), candidate=who)
    assert _codes(report) == {FailureCode.WATER_LOST}
    assert report.problems[0].evidence["atoms"] == [water[0]]
    assert report.problems[0].evidence["distance_angstrom"] > report.problems[0].evidence["limit_angstrom"]
    with pytest.raises(CalculationFailed) as caught:
        require(report)
    assert caught.value.failure == report.problems[0]


def test_ligand_that_let_go_has_lost_its_donor():
    structure, who = relaxed(NAME), candidate(NAME)
    layout = Layout.of(who)
    atoms = list(layout.ligand(0))
    donors = list(layout.donors[:2])
    positions = structure.positions_angstrom.copy()
    outward = positions[donors].mean(axis=0) - positions[0]
    positions[atoms] += 1.5 * outward / np.linalg.norm(outward)
    report = check_complex(structure.moved_to(positions), candidate=who)
    assert _codes(report) == {FailureCode.DONOR_LOST}
    assert [p.evidence["atoms"] for p in report.problems] == [[d] for d in donors]
    assert report.inchikey == who.ligand.inchikey


def test_ring_nitrogen_near_the_metal_does_not_replace_a_donor():
    # Counting atoms in a sphere would take the ring nitrogen (2.8-3.1 Å) for the donor that left.
    structure, who = relaxed(NAME), candidate(NAME)
    donor = Layout.of(who).donors[0]
    away = structure.positions_angstrom[donor] + 0.9 * structure.positions_angstrom[donor] / 2.3
    assert FailureCode.DONOR_LOST in _codes(check_complex(_with_atom_at(structure, donor, away), candidate=who))


def _amide(who):
    """Return the amide's (N, H, O) in the ligand's order."""
    ((_, oxygen, nitrogen),) = who.ligand.mol_with_hydrogens.GetSubstructMatches(Chem.MolFromSmarts("C(=O)[NX3]"))
    neighbours = who.ligand.mol_with_hydrogens.GetAtomWithIdx(nitrogen).GetNeighbors()
    return nitrogen, next(a.GetIdx() for a in neighbours if a.GetSymbol() == "H"), oxygen


def test_amide_turned_into_an_iminol_is_a_proton_transfer():
    # An InChIKey does not see it: its amide hydrogen is mobile.
    structure, who = relaxed(NAME), candidate(NAME)
    nitrogen, hydrogen, oxygen = (Layout.of(who).ligand(0)[a] for a in _amide(who))
    carbon = int(np.flatnonzero(bonds_from_distances(structure)[oxygen])[0])
    centre = structure.positions_angstrom[carbon]
    beyond = structure.positions_angstrom[oxygen] + 0.97 * (structure.positions_angstrom[oxygen] - centre) / 1.23
    report = check_complex(_with_atom_at(structure, hydrogen, beyond), candidate=who)
    assert _codes(report) == {FailureCode.PROTON_TRANSFER}
    assert report.problems[0].evidence["atoms"] == [hydrogen, nitrogen, oxygen]
    assert report.inchikey == ""


def test_water_that_protonates_the_ligand_is_a_proton_transfer():
    structure, who = relaxed(NAME), candidate(NAME)
    layout = Layout.of(who)
    donor, (oxygen, hydrogen, _) = layout.donors[0], layout.water(0)
    position = _next_to(structure, donor, oxygen, 1.0)
    report = check_complex(_with_atom_at(structure, hydrogen, position), candidate=who)
    assert FailureCode.PROTON_TRANSFER in _codes(report)
    assert report.problems[0].evidence["atoms"] == [hydrogen, oxygen, donor]


def test_hydrogen_that_flew_away_breaks_its_owner():
    structure, who = relaxed(NAME), candidate(NAME)
    layout = Layout.of(who)
    far = np.array([30.0, 0.0, 0.0])
    assert _codes(check_complex(_with_atom_at(structure, layout.water(2)[1], far), candidate=who)) == {
        FailureCode.WATER_LOST
    }
    hydrogen = layout.ligand(0)[_amide(who)[1]]
    assert _codes(check_complex(_with_atom_at(structure, hydrogen, far), candidate=who)) == {FailureCode.LIGAND_BROKEN}


def test_opened_ring_is_a_broken_ligand():
    structure, who = relaxed("La_CAM-H_1_6"), candidate("La_CAM-H_1_6")
    mol, layout = who.ligand.mol_with_hydrogens, Layout.of(who)
    carbon = next(a.GetIdx() for a in mol.GetAtoms() if a.GetIsAromatic() and a.GetTotalNumHs(includeNeighbors=True))
    atom = layout.ligand(0)[carbon]
    outward = structure.positions_angstrom[atom] - structure.positions_angstrom[0]
    position = structure.positions_angstrom[atom] + 1.2 * outward / np.linalg.norm(outward)
    report = check_complex(_with_atom_at(structure, atom, position), candidate=who)
    assert FailureCode.LIGAND_BROKEN in _codes(report)
    assert report.inchikey == ""


def test_waters_on_top_of_each_other_clash():
    structure, who = relaxed(NAME), candidate(NAME)
    layout = Layout.of(who)
    positions = structure.positions_angstrom.copy()
    target, moved = layout.water(0)[0], list(layout.water(1))
    positions[moved] += positions[target] + [0.0, 1.2, 1.2] - positions[moved[0]]
    assert FailureCode.CLASH in _codes(check_complex(structure.moved_to(positions), candidate=who))


def test_stretched_to_the_limit_is_still_sound():
    structure, who = relaxed(NAME), candidate(NAME)
    water = list(Layout.of(who).water(0))
    positions = structure.positions_angstrom.copy()
    distance = np.linalg.norm(positions[water[0]] - positions[0])
    positions[water] += (2.9 - distance) * (positions[water[0]] - positions[0]) / distance
    assert check_complex(structure.moved_to(positions), candidate=who).ok


def test_smaller_metal_has_a_smaller_sphere():
    structure, who = relaxed(NAME), candidate(NAME)
    limit_of = {}
    for symbol in ("La", "Lu"):
        positions = structure.positions_angstrom.copy()
        water = list(Layout.of(who).water(0))
        positions[water] += positions[water[0]]
        here = Candidate(who.ligand, METALS[symbol], 1, 6)
        (problem,) = check_complex(structure.moved_to(positions), candidate=here).problems
        limit_of[symbol] = problem.evidence["limit_angstrom"]
    difference = METALS["La"].shannon_radius_angstrom - METALS["Lu"].shannon_radius_angstrom
    assert limit_of["La"] - limit_of["Lu"] == pytest.approx(difference)


def _embedded(who):
    mol = Chem.Mol(who.mol_with_hydrogens)
    rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    symbols = tuple(a.GetSymbol() for a in mol.GetAtoms())
    return mol, Structure(symbols, mol.GetConformer().GetPositions(), who.charge)


@pytest.mark.parametrize("substituent", ["H", "nitro", "thiol", "methylthio", "ethynyl", "phosphonate", "chloro"])
def test_free_ligands_are_sound(substituent):
    # Perceiving bond orders rejects four of these.
    who = ligand("thio-HOPO", substituent)
    report = check_ligand(_embedded(who)[1], ligand=who)
    assert report.ok
    assert report.inchikey == who.inchikey


def test_proton_may_move_within_a_phosphonate():
    who = ligand("HOPO", "phosphonate")
    mol, structure = _embedded(who)
    ((phosphorus, free, _owner, hydrogen),) = mol.GetSubstructMatches(Chem.MolFromSmarts("P(=O)O[H]"))[:1]
    outward = structure.positions_angstrom[free] - structure.positions_angstrom[phosphorus]
    moved = _with_atom_at(structure, hydrogen, structure.positions_angstrom[free] + 0.65 * outward)
    report = check_ligand(moved, ligand=who)
    assert report.ok
    assert report.inchikey == who.inchikey


def test_proton_may_not_move_between_an_acid_and_a_donor():
    who = ligand("HOPO", "carboxylic-acid")
    mol, structure = _embedded(who)
    ((*_, hydrogen),) = mol.GetSubstructMatches(Chem.MolFromSmarts("C(=O)O[H]"))
    donor = who.donors[0]
    (neighbour,) = (a.GetIdx() for a in mol.GetAtomWithIdx(donor).GetNeighbors())
    position = _next_to(structure, donor, neighbour, -0.97)
    report = check_ligand(_with_atom_at(structure, hydrogen, position), ligand=who)
    assert _codes(report) == {FailureCode.PROTON_TRANSFER}


# --- what else holds the metal


def _held(smiles, donors, *, waters, positions_of):
    """Return a lanthanum complex whose ligand is embedded around nothing and put where `positions_of` says."""
    single = plain_ligand(smiles, donors=donors)
    who = Candidate(single.ligand, METALS["La"], 1, waters)
    mol = Chem.Mol(single.ligand.mol_with_hydrogens)
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=11) == 0
    placed = positions_of(mol.GetConformer().GetPositions(), single.ligand.donors, mol)
    symbols = ["La", *(atom.GetSymbol() for atom in mol.GetAtoms())]
    positions = [np.zeros((1, 3)), placed]
    # Waters far from each other on the other side.
    for k in range(waters):
        turn = 2 * np.pi * k / max(waters, 1)
        oxygen = 2.55 * np.array([-0.6, 0.8 * np.cos(turn), 0.8 * np.sin(turn)])
        away = oxygen / np.linalg.norm(oxygen)
        side = np.cross(away, [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        positions.append(np.array([oxygen, oxygen + 0.6 * away + 0.75 * side, oxygen + 0.6 * away - 0.75 * side]))
        symbols += ["O", "H", "H"]
    return Structure(tuple(symbols), np.vstack(positions), who.charge), who


def _between(first, second, *, atoms):
    """Return a placing of a ligand with two atoms at these distances from the metal, in Å, and the rest behind them."""

    def place(positions, _donors, _mol):
        near, other = positions[list(atoms)]
        bite = np.linalg.norm(other - near)
        # The metal by two circles, as far as can be from the rest of the ligand.
        axis = (other - near) / bite
        along = (first**2 - second**2 + bite**2) / (2 * bite)
        away = 0.5 * (near + other) - positions.mean(axis=0)
        away -= (away @ axis) * axis
        metal = near + along * axis + np.sqrt(first**2 - along**2) * away / np.linalg.norm(away)
        centred = positions - metal
        rotation, _ = Rotation.align_vectors([[1.0, 0.0, 0.0]], [centred[list(atoms)].mean(axis=0)])
        return rotation.apply(centred)

    return place


def _acetate(first, second):
    """Return a complex whose acetate is named by one oxygen, with that and the other at these distances, in Å."""
    return _held("CC(=O)[O-]", [3], waters=2, positions_of=_between(first, second, atoms=(3, 2)))


@pytest.mark.parametrize(("second", "others"), [(2.45, 1), (2.75, 1), (3.0, 0), (3.6, 0)])
def test_a_carboxylate_that_is_held_twice_where_once_was_asked_is_told(second, others):
    structure, who = _acetate(2.40, second)
    report = check_complex(structure, candidate=who)
    assert report.ok
    assert [warning.code for warning in report.warnings] == [FailureCode.OTHER_DONOR] * others
    assert report.coordination_number == 3 + others == len(held_by(structure, who))
    if others:
        assert report.warnings[0].evidence["distance_angstrom"] == pytest.approx(second, abs=0.01)
        assert len(report.sphere()["other_donors"]) == 1
    else:
        assert "other_donors" not in report.sphere()


def test_the_first_version_of_the_checks_does_not_ask():
    structure, who = _acetate(2.40, 2.45)
    report = check_complex(structure, candidate=who, checks=1)
    assert report.ok
    assert report.warnings == ()
    assert report.coordination_number == 3


def test_a_donor_whose_place_another_atom_has_taken_is_swapped():
    structure, who = _acetate(3.9, 2.40)
    report = check_complex(structure, candidate=who)
    assert _codes(report) == {FailureCode.DONOR_SWAPPED}
    (problem,) = report.problems
    assert "in its place" in problem.message
    assert len(problem.evidence["atoms"]) == 2
    assert _codes(check_complex(structure, candidate=who, checks=1)) == {FailureCode.DONOR_LOST}


def test_a_sulfonate_in_place_of_a_phenolate_is_swapped():
    # Tiron has turned round: one phenolate still holds, and the sulfonate beside it has come for the other.
    tiron, kept, lost, sulfonate = "O=S(=O)([O-])c1cc(S(=O)(=O)[O-])c([O-])c([O-])c1", 12, 14, 10
    placing = _between(2.30, 2.45, atoms=(kept, sulfonate))
    structure, who = _held(tiron, [kept, lost], waters=2, positions_of=placing)
    report = check_complex(structure, candidate=who)
    assert _codes(report) == {FailureCode.DONOR_SWAPPED}
    (problem,) = report.problems
    # The metal stands before the ligand.
    assert problem.evidence["atoms"] == [1 + lost, 1 + sulfonate]
    assert f"in its place O {1 + sulfonate} holds La" in problem.message
    layout = Layout.of(who)
    waters = {layout.water(k)[0] for k in range(2)}
    assert set(held_by(structure, who)) == {1 + kept, 1 + sulfonate} | waters
    assert _codes(check_complex(structure, candidate=who, checks=1)) == {FailureCode.DONOR_LOST}


def _atom_at(distance):
    """Return a placing with the one donor at this distance and the rest of the ligand behind it."""

    def place(positions, donors, _mol):
        (donor,) = donors
        centred = positions - positions[donor]
        rotation, _ = Rotation.align_vectors([[1.0, 0.0, 0.0]], [centred.mean(axis=0)])
        return rotation.apply(centred) + np.array([distance, 0.0, 0.0])

    return place


@pytest.mark.parametrize(("distance", "code"), [(2.9, None), (3.3, None), (3.4, FailureCode.DONOR_LOST)])
def test_a_thiolate_too_far_out_holds_nothing(distance, code):
    structure, who = _held("C[S-]", [1], waters=2, positions_of=_atom_at(distance))
    assert _codes(check_complex(structure, candidate=who)) == ({code} if code else set())
    # What the first version let pass.
    assert check_complex(structure, candidate=who, checks=1).ok


@pytest.mark.parametrize("name", XTB_ENERGIES_HARTREE)
def test_a_nitrogen_without_a_lone_pair_holds_nothing(name):
    # HOPO's ring nitrogen lies 2.8 to 2.9 Å from the metal, the amide's further out.
    assert check_complex(relaxed(name), candidate=candidate(name)).warnings == ()


def test_a_nitrogen_of_a_bound_nitrate_and_of_a_hydroxamate_hold_nothing():
    for smiles in ("[O-][N+](=O)[O-]", "CC(=O)N[O-]", "Nc1ccccc1", "CC(N)=O"):
        mol = Chem.MolFromSmiles(smiles)
        assert not {a.GetIdx() for a in mol.GetAtoms() if a.GetSymbol() == "N"} & set(holding_atoms(mol))
    for smiles in ("CN", "c1ccncc1", "CC=NC", "CN(C)C"):
        mol = Chem.MolFromSmiles(smiles)
        assert {a.GetIdx() for a in mol.GetAtoms() if a.GetSymbol() == "N"} <= set(holding_atoms(mol))


def _free(smiles):
    single = plain_ligand(smiles, donors=[0])
    mol = Chem.Mol(single.ligand.mol_with_hydrogens)
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=5) == 0
    symbols = tuple(atom.GetSymbol() for atom in mol.GetAtoms())
    return Structure(symbols, mol.GetConformer().GetPositions(), single.ligand.charge), single.ligand


def _apart(structure, elements, distance):
    """Return the structure with its first two atoms of these elements moved along their line to a distance."""
    first, second = [i for i, symbol in enumerate(structure.symbols) if symbol in elements][:2]
    positions = structure.positions_angstrom.copy()
    arm = positions[second] - positions[first]
    positions[second] = positions[first] + distance * arm / np.linalg.norm(arm)
    return structure.moved_to(positions), {first, second}


@pytest.mark.parametrize(
    "smiles", ["O=S([N-]S(=O)(=O)C)C", "O=P(C)(C)[N-]P(=O)(C)C", "O=S(=O)(C)CS(=O)C", "[O-]P(C)(=O)OP(C)(C)=O"]
)
@pytest.mark.parametrize("distance", [2.5, 2.58, 2.61, 2.66])
def test_two_sulfurs_or_phosphorus_on_one_atom_are_not_bonded(smiles, distance):
    structure, who = _free(smiles)
    moved, pair = _apart(structure, ("S", "P"), distance)
    new = [p for p in check_ligand(moved, ligand=who).problems if set(p.evidence["atoms"]) == pair]
    assert new == []
    limit = 1.25 * 2 * {"S": 1.05, "P": 1.07}[moved.symbols[min(pair)]]
    before = [p for p in check_ligand(moved, ligand=who, checks=1).problems if set(p.evidence["atoms"]) == pair]
    assert len(before) == (distance < limit)
    assert has_heavy_pair(who)


@pytest.mark.parametrize("distance", [2.05, 2.15, 2.25])
def test_a_real_bond_between_them_is_found(distance):
    structure, who = _free("O=S([N-]S(=O)(=O)C)C")
    moved, pair = _apart(structure, ("S",), distance)
    assert [p for p in check_ligand(moved, ligand=who).problems if set(p.evidence["atoms"]) == pair]
    disulfide, whose = _free("O=C([O-])CSSC")
    there, bond = _apart(disulfide, ("S",), distance)
    assert not [p for p in check_ligand(there, ligand=whose).problems if set(p.evidence["atoms"]) == bond]
    assert not has_heavy_pair(whose)
