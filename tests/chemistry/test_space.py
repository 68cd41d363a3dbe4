"""The space is counted without being built, and its order does not depend on the lists."""

import tracemalloc
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS, Scaffold, Substituent
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import METALS
from reexplore.chemistry.space import Coordination, Space
from reexplore.errors import InputError

MONO = Coordination(1, 8)
#: Scaffolds that share no ligand: those with every position open hold the one-site ones.
APART = [name for name, s in SCAFFOLDS.items() if s.sites != 4] + ["343LI-HOPO"]


def space(scaffolds=("HOPO", "CAM"), substituents=("H", "methyl", "cyano"), metals=("La", "Eu"), coordinations=(MONO,)):
    return Space(
        tuple(SCAFFOLDS[s] for s in scaffolds),
        tuple(SUBSTITUENTS[s] for s in substituents),
        tuple(METALS[m] for m in metals),
        tuple(coordinations),
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(APART), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(list(SUBSTITUENTS)), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(["Y", "La", "Gd", "Lu"]), min_size=1, unique=True),
    st.randoms(),
)
def test_the_candidates_do_not_depend_on_the_order_of_the_lists(scaffolds, substituents, metals, random):
    def shuffled(names):
        return random.sample(names, len(names))

    one = space(scaffolds, substituents, metals)
    other = space(shuffled(scaffolds), shuffled(substituents), shuffled(metals))
    keys = [c.key for c in one.candidates()]
    assert len(set(keys)) == len(keys) == one.size
    assert set(keys) == {c.key for c in other.candidates()}


def test_counting_a_hundred_million_candidates_takes_no_memory():
    big = Scaffold("big", "[*:4]c1c([*:1])c([*:2])c([*:3])c([O-:11])c1[O-:12]", -2, "", "", sites=4)
    groups = tuple(Substituent(f"s{n}", "C[*:1]", "") for n in range(100))
    tracemalloc.start()
    huge = Space((big,), groups, (METALS["La"],), (MONO,))
    # The ring has a mirror line: a filling and its mirror image are one ligand.
    assert huge.size == (100**4 + 100**2) // 2
    first = next(huge.candidates())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert first.charge == 1
    assert peak < 5e6


def test_equal_ligands_are_yielded_once():
    scaffold = SCAFFOLDS["CAM"]
    twin = Scaffold("twin", scaffold.smiles, scaffold.charge, "", "")
    doubled = Space((scaffold, twin), (SUBSTITUENTS["H"],), (METALS["La"],), (MONO,))
    assert doubled.size == 2
    assert len(list(doubled.candidates())) == 1


@pytest.mark.parametrize(("ligands", "waters", "charge"), [(1, 6, 2), (2, 4, 1), (3, 2, 0), (4, 0, -1)])
def test_waters_and_charges_of_the_published_hopo_complexes(ligands, waters, charge):
    candidate = next(space(("HOPO",), ("hydroxyl",), ("Y",), (Coordination(ligands, 8),)).candidates())
    assert (candidate.waters, candidate.charge) == (waters, charge)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(SCAFFOLDS.values())), st.integers(1, 4), st.sampled_from([8, 9]))
def test_donors_and_waters_fill_the_coordination_number(scaffold, ligands, number):
    def attempt():
        return Space((scaffold,), (SUBSTITUENTS["H"],), (METALS["La"],), (Coordination(ligands, number),))

    if ligands * scaffold.denticity > number:
        with pytest.raises(InputError, match="do not fit the coordination number"):
            attempt()
        return
    (candidate,) = attempt().candidates()
    assert candidate.coordination_number == number
    assert candidate.waters == number - ligands * candidate.ligand.denticity >= 0
    assert candidate.charge == 3 + ligands * Chem.GetFormalCharge(candidate.ligand.mol)


@pytest.mark.parametrize(
    ("scaffold", "number", "waters", "charge"),
    [
        # Complexes of crystal structures: [La(EDTA)(H2O)3]-, [Gd(DTPA)(H2O)]2-, [Eu(3,4,3-LI(1,2-HOPO))]-.
        ("EDTA", 9, 3, -1),
        ("DTPA", 9, 1, -2),
        ("343LI-HOPO", 8, 0, -1),
        ("TREN-HOPO", 8, 2, 0),
        ("5LIO-HOPO", 8, 4, 1),
    ],
)
def test_waters_and_charges_of_known_polydentate_complexes(scaffold, number, waters, charge):
    candidate = next(space((scaffold,), ("H",), ("La",), (Coordination(1, number),)).candidates())
    assert (candidate.waters, candidate.charge) == (waters, charge)


def test_scaffolds_of_different_denticity_share_a_campaign_when_all_fit():
    mixed = space(("CAM", "EDTA"), ("H",), ("La",), (Coordination(1, 8), Coordination(1, 9)))
    assert [c.name for c in mixed.candidates()] == [
        "La(CAM-H)(H2O)6",
        "La(CAM-H)(H2O)7",
        "La(EDTA-H)(H2O)2",
        "La(EDTA-H)(H2O)3",
    ]


def test_a_coordination_that_only_some_scaffolds_fit_names_the_one_that_does_not():
    with pytest.raises(InputError, match=r"'DTPA' has 8 donors: 2 ligands of it .* give it a campaign of its own"):
        space(("CAM", "DTPA"), coordinations=(Coordination(2, 8),))


def test_scandium_holds_six_donors():
    (candidate,) = space(("TREN-HOPO",), ("H",), ("Sc",), (Coordination(1, 6),)).candidates()
    assert (candidate.waters, candidate.charge) == (0, 0)


def test_every_open_position_makes_more_than_a_hundred_thousand_ligands():
    for name in ("HOPO-345N", "thio-HOPO-345N", "CAM-456N", "thio-CAM-456N", "HDEV-456N"):
        assert space((name,), tuple(SUBSTITUENTS)).ligand_count == 25**4 > 100_000


def test_every_open_position_holds_the_ligands_of_the_one_site_scaffold():
    for one, all_ in (("HOPO", "HOPO-345N"), ("CAM", "CAM-456N"), ("HDEV", "HDEV-456N"), ("thio-CAM", "thio-CAM-456N")):
        many = {ligand.identity for ligand in space((all_,), ("H", "nitro")).ligands()}
        assert {ligand.identity for ligand in space((one,), ("H", "nitro")).ligands()} < many


def test_a_mixed_space_says_its_arithmetic():
    mixed = space(("CAM", "CAM-456N", "TREN-CAM"), ("H", "methyl"), ("La",))
    # Two groups on the three alike arms of a tripod: none, one, two or three of the second.
    assert mixed.arithmetic() == "(2 + 2^4 + 4) ligands × 1 metals × 1 coordinations = 22 candidates"


def test_too_many_ligands_for_the_coordination_number_are_refused():
    with pytest.raises(InputError, match=r"has 2 donors: 5 ligands of it do not fit the coordination number 8"):
        space(coordinations=(Coordination(5, 8),))


def test_scandium_in_nine_coordination_is_refused():
    with pytest.raises(InputError, match="Sc is held in coordination number 6 to 8, not 9"):
        space(metals=("Sc",), coordinations=(Coordination(1, 9),))


def test_an_aqua_ion_names_no_ligand():
    ligand = assemble(SCAFFOLDS["CAM"], (SUBSTITUENTS["H"],))
    aqua = Candidate(ligand, METALS["La"], 0, 9)
    assert (aqua.name, aqua.charge, aqua.coordination_number) == ("La(H2O)9", 3, 9)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(0, 5), st.randoms())
def test_a_sample_has_so_many_distinct_ligands_in_no_order_of_the_lists(sample, seed, chance):
    scaffolds, groups = ["HOPO", "CAM", "343LI-HOPO"], ["H", "methyl", "cyano"]
    whole = space(scaffolds, groups, ("La",))
    one = replace(whole, sample=sample, seed=seed)
    other = replace(space(chance.sample(scaffolds, 3), chance.sample(groups, 3), ("La",)), sample=sample, seed=seed)
    drawn = [ligand.identity for ligand in one.ligands()]
    assert len(set(drawn)) == len(drawn) == one.size == min(sample, whole.size)
    assert set(drawn) <= {ligand.identity for ligand in whole.ligands()}
    assert drawn == [ligand.identity for ligand in other.ligands()]


def test_every_ligand_is_drawn_as_often_as_any_other():
    # Samples of one, from many seeds; CAM's one site and the alike sites of the other.
    whole = space(("CAM", "343LI-HOPO"), ("H", "methyl", "cyano"), ("La",))
    counts = Counter(next(replace(whole, sample=1, seed=seed).ligands()).identity for seed in range(500))
    assert len(counts) == whole.size
    expected = 500 / whole.size
    assert all(abs(count - expected) < 5 * expected**0.5 for count in counts.values())


def test_a_sample_of_a_hundred_million_takes_no_memory_and_tells_its_arithmetic():
    families = [name for name, scaffold in SCAFFOLDS.items() if scaffold.sites == 4][:2]
    drawn = replace(space(families, tuple(SUBSTITUENTS), ("Gd", "Lu")), sample=100)
    assert len({ligand.identity for ligand in drawn.ligands()}) == 100
    assert drawn.size == 200
    assert drawn.arithmetic().startswith("(100 of ")
