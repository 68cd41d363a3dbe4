"""Grafted complexes against quality control, published bond lengths, and themselves."""

from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SUBSTITUENTS, Scaffold, Substituent
from reexplore.chemistry.ligands import assemble_traced
from reexplore.chemistry.metals import METALS, TEMPLATE_METAL
from reexplore.errors import FailureCode
from reexplore.structures.metal_exchange import exchange_metal
from reexplore.structures.quality import check_complex
from reexplore.structures.screening.grafting import Grafting
from reexplore.structures.screening.scaffolding import Scaffolding
from reexplore.structures.structure import Layout
from tests.structures.sample import candidate, relaxed

# With hydrogen everywhere these are the ligands of the stored complexes, on other sites.
ONE = Scaffold("HOPO", "CNC(=O)c1cc([*:1])cc(=[O:12])n1[O-:11]", -1, "", "")
FOUR = Scaffold("four", "[*:4]CNC(=O)c1c([*:3])c([*:1])c([*:2])c(=[O:12])n1[O-:11]", -1, "", "", sites=4)
NITROGEN = Scaffold("amide", "CN([*:2])C(=O)c1cc([*:1])cc(=[O:12])n1[O-:11]", -1, "", "", sites=2)
CATECHOL = Scaffold("CAM", "C([*:2])NC(=O)c1cc([*:1])c([*:3])c([O-:12])c1[O-:11]", -2, "", "", sites=3)
TWICE = Scaffold("twice", "C([*:2])([*:3])NC(=O)c1cc([*:1])cc(=[O:12])n1[O-:11]", -1, "", "", sites=3)
CASES = [
    (ONE, "La_HOPO-H_1_6"),
    (ONE, "La_HOPO-H_4_0"),
    (FOUR, "La_HOPO-H_1_6"),
    (FOUR, "La_HOPO-H_4_0"),
    (NITROGEN, "La_HOPO-H_1_6"),
    (CATECHOL, "La_CAM-H_1_6"),
    (TWICE, "La_HOPO-H_1_6"),
]
ALL = (
    *SUBSTITUENTS.values(),
    Substituent("ammonium", "C[N+](C)(C)C[*:1]", "", charge=1),
    Substituent("carboxylate", "[O-]C(=O)[*:1]", "", charge=-1),
)


def scaffolding(scaffold, name, *, turned=None):
    template = relaxed(name)
    if turned is not None:
        template = template.moved_to(template.positions_angstrom @ turned.T)
    stored = candidate(name)
    return Scaffolding(scaffold, template, ligands=stored.ligands, waters=stored.waters)


@cache
def grafting(scaffold, name):
    return Grafting(scaffolding(scaffold, name), ALL)


def random_choices(scaffold, count, seed=0):
    return np.random.default_rng(seed).integers(0, len(ALL), (count, scaffold.sites))


def complexes(grafts, scaffold):
    """Return each ligand with its complex of lanthanum in layout order."""
    for row, choice in enumerate(grafts.choices):
        ligand, trace = assemble_traced(scaffold, tuple(ALL[i] for i in choice))
        yield ligand, grafts.structure(row, ligand=ligand, trace=trace)


@pytest.mark.parametrize(("scaffold", "name"), CASES)
def test_hydrogen_everywhere_gives_the_template_back(scaffold, name):
    grafts = grafting(scaffold, name).graft(np.zeros((1, scaffold.sites), dtype=int))
    ((ligand, structure),) = complexes(grafts, scaffold)
    assert ligand == candidate(name).ligand
    assert structure.key == relaxed(name).key
    assert not grafts.clash[0]


@pytest.mark.parametrize(("scaffold", "name"), CASES)
def test_quality_control_finds_the_ligands_asked_for_with_every_metal(scaffold, name):
    base = grafting(scaffold, name).scaffolding
    choices = random_choices(scaffold, 15 if base.ligands > 1 else 40)
    grafts = grafting(scaffold, name).graft(choices)
    # Around four ligands there is hardly room for sixteen substituents.
    assert grafts.clash.mean() < (0.7 if base.ligands * scaffold.sites > 4 else 0.1)
    for row, (ligand, structure) in enumerate(complexes(grafts, scaffold)):
        assert (grafts.failure(row) is None) != grafts.clash[row]
        if grafts.clash[row]:
            continue
        for metal in ("La", "Y", "Lu"):
            other = Candidate(ligand, METALS[metal], base.ligands, base.waters)
            moved = exchange_metal(structure, layout=Layout.of(other), old=TEMPLATE_METAL, new=METALS[metal])
            assert check_complex(moved, candidate=other).problems == (), ligand.name


def test_what_quality_control_refuses_is_a_coded_failure():
    ammonium = [s.name for s in ALL].index("ammonium")
    bulky = grafting(FOUR, "La_HOPO-H_1_6").graft(np.array([[ammonium, ammonium, ammonium, 0]]))
    assert bulky.clash[0]
    failure = bulky.failure(0)
    assert failure.code is FailureCode.CLASH
    assert failure.evidence["substituents"] == ["ammonium at site 1", "ammonium at site 2"]


def test_a_substituent_thrown_into_the_waters_is_seen():
    base = scaffolding(ONE, "La_HOPO-H_1_6")
    row = [s.name for s in ALL].index("phenyl")
    assert not grafting(ONE, "La_HOPO-H_1_6").graft(np.array([[row]])).clash[0]
    # The scaffold's carbon is put where a water is; the phenyl follows it.
    template = relaxed("La_HOPO-H_1_6")
    site = base.atoms_of(0)[base.sites[0].atom]
    hydrogen = base.atoms_of(0)[base.sites[0].hydrogens[0]]
    water = base.layout.water(0)[0]
    positions = template.positions_angstrom.copy()
    positions[[site, hydrogen]] += positions[water] - positions[hydrogen]
    moved = Scaffolding(ONE, template.moved_to(positions), ligands=1, waters=6)
    assert Grafting(moved, ALL).graft(np.array([[row]])).clash[0]


def test_turning_the_template_turns_the_graft():
    turn = Rotation.random(rng=np.random.default_rng(4)).as_matrix()
    choices = random_choices(FOUR, 20)
    straight = grafting(FOUR, "La_HOPO-H_1_6").graft(choices)
    turned = Grafting(scaffolding(FOUR, "La_HOPO-H_1_6", turned=turn), ALL).graft(choices)
    # Poses of equal worth (a phenyl turned by half a circle) may be told apart by the last digit.
    for (_, first), (_, second) in zip(complexes(straight, FOUR), complexes(turned, FOUR), strict=True):
        for element in set(first.symbols):
            atoms = [i for i, symbol in enumerate(first.symbols) if symbol == element]
            lengths = [
                np.linalg.norm(s.positions_angstrom[atoms] - s.positions_angstrom[0], axis=1) for s in (first, second)
            ]
            np.testing.assert_allclose(np.sort(lengths[0]), np.sort(lengths[1]), atol=0.05)


def test_a_ligand_does_not_depend_on_its_company():
    shared = grafting(FOUR, "La_HOPO-H_1_6")
    choices = random_choices(FOUR, 40)
    together = shared.graft(choices)
    for row in range(len(choices)):
        alone = shared.graft(choices[row : row + 1])
        assert np.array_equal(alone.poses[0], together.poses[row])
        assert np.array_equal(alone.positions_angstrom[0], together.positions_angstrom[row])


@pytest.mark.parametrize(
    ("name", "first", "length_angstrom"),
    [
        # Gas-phase lengths of C6H5X: F 1.354, Cl 1.739 (microwave), CH3 1.524 and OCH3 1.360 (electron diffraction).
        ("fluoro", "F", 1.354),
        ("chloro", "Cl", 1.739),
        ("methyl", "C", 1.524),
        ("methoxy", "O", 1.360),
    ],
)
def test_bonds_are_as_long_as_in_benzenes(name, first, length_angstrom):
    base = grafting(ONE, "La_HOPO-H_1_6").scaffolding
    row = [s.name for s in ALL].index(name)
    grafts = grafting(ONE, "La_HOPO-H_1_6").graft(np.array([[row]]))
    site = grafts.positions_angstrom[0][base.core_index[base.atoms_of(0)[base.sites[0].atom]]]
    distances = np.linalg.norm(grafts.positions_angstrom[0][len(base.core) :] - site, axis=1)
    number = {"F": 9, "Cl": 17, "C": 6, "O": 8}[first]
    shortest = distances[grafts.numbers[0][len(base.core) :] == number].min()
    assert shortest == pytest.approx(length_angstrom, abs=0.03)


def test_nothing_to_clash_with_leaves_nitro_in_the_plane_of_the_ring():
    base = grafting(ONE, "La_HOPO-H_1_6").scaffolding
    row = [s.name for s in ALL].index("nitro")
    grafts = grafting(ONE, "La_HOPO-H_1_6").graft(np.array([[row]]))
    ring = [i for i, a in enumerate(base.candidate.ligand.mol_with_hydrogens.GetAtoms()) if a.IsInRing()]
    places = base.template.positions_angstrom[[base.atoms_of(0)[i] for i in ring]]
    centre = places.mean(axis=0)
    normal = np.linalg.svd(places - centre)[2][-1]
    oxygens = grafts.positions_angstrom[0][len(base.core) :][grafts.numbers[0][len(base.core) :] == 8]
    assert np.abs((oxygens - centre) @ normal).max() < 0.6


def test_the_wrong_template_is_refused():
    with pytest.raises(ValueError, match="has 77 atoms, not 38"):
        Scaffolding(ONE, relaxed("La_HOPO-H_1_6"), ligands=4, waters=0)
