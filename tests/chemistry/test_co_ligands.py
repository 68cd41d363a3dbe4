import pytest
from hypothesis import given
from hypothesis import strategies as st

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.co_ligands import CO_LIGANDS, co_ligand, known_co_ligand, read_co_ligands
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.execution.recipes import Build

TMDGA = plain_ligand("CN(C)C(=[O:11])C[O:12]CC(=[O:13])N(C)C").ligand
#: Donors and charges in crystals (S. A. Cotton, Lanthanide and Actinide Chemistry, Wiley 2006).
EXPECTED = {
    "nitrate": ("OO", -1),
    "chloride": ("Cl", -1),
    "acetate": ("OO", -1),
    "thiocyanate": ("N", -1),
    "phenanthroline": ("NN", 0),
    "pyridine": ("N", 0),
    "tetrahydrofuran": ("O", 0),
}
numbers = st.dictionaries(st.sampled_from(list(CO_LIGANDS)), st.integers(1, 4), max_size=3)


@pytest.mark.parametrize("name", CO_LIGANDS)
def test_every_named_co_ligand_has_its_donors_and_charge(name):
    found = co_ligand(name)
    donors = "".join(found.mol.GetAtomWithIdx(donor).GetSymbol() for donor in found.donors)
    assert (found.name, donors, found.charge) == (name, *EXPECTED[name])


def test_a_candidate_without_co_ligands_is_what_it_was():
    candidate = Candidate(TMDGA, METALS["Nd"], 1, 5)
    assert candidate.identity == "v1|CN(C)C(C[O:1]CC(N(C)C)=[O:1])=[O:1]|q+0|Nd3+|n1|m5"
    assert (candidate.group.name, candidate.name) == ("Nd (1 L, 5 H2O), L charge +0", "Nd(C8H16N2O3)(H2O)5")
    assert "co_ligands" not in Build(candidate, "placement", 3, 1).to_json()["candidate"]


@given(said=numbers)
def test_the_order_of_co_ligands_is_not_in_the_identity_and_their_numbers_are(said):
    def made(co_ligands):
        return Candidate(TMDGA, METALS["Nd"], 1, 1, read_co_ligands(co_ligands))

    candidate = made(said)
    assert candidate == made(dict(reversed(said.items())))
    assert candidate.key == made(dict(reversed(said.items()))).key
    assert candidate.charge == 3 + sum(EXPECTED[name][1] * count for name, count in said.items())
    assert candidate.coordination_number == 4 + sum(count * co_ligand(name).denticity for name, count in said.items())
    other = made({**said, "chloride": said.get("chloride", 0) + 1})
    assert (other.key, other.group) != (candidate.key, candidate.group)
    assert other.group != candidate.group


@given(said=numbers)
def test_a_candidate_survives_its_recipe(said):
    candidate = Candidate(TMDGA, METALS["Nd"], 1, 1, read_co_ligands(said))
    again = Build.from_json(Build(candidate, "placement", 3, 1).to_json()).candidate
    assert again == candidate
    assert (again.identity, again.group) == (candidate.identity, candidate.group)


def test_a_smiles_is_a_co_ligand_and_its_name_can_be_typed():
    picoline = co_ligand("Cc1cc[n:11]cc1")
    assert co_ligand(picoline.name) == picoline
    assert known_co_ligand(picoline.identity, 0).name == picoline.name
    assert co_ligand("[O-:11][N+](=O)[O-:12]").name == "nitrate"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("nitrat", "unknown co-ligand 'nitrat': did you mean 'nitrate'?"),
        ("Chloride", "did you mean 'chloride'?"),
        ("water", "its number is given by waters"),
        ("[OH2:11]", "its number is given by waters"),
        ("CC(=O)[O-]", "map its donors 11, 12, …"),
        (
            "xyz",
            f"is none of {', '.join(CO_LIGANDS)}, and no SMILES",
        ),
        ("CC[CH3:11]", "a C atom has no lone pair"),
    ],
)
def test_what_is_no_co_ligand_is_one_sentence(said, message):
    with pytest.raises(InputError) as refused:
        co_ligand(said)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_one_co_ligand_by_two_names_is_refused():
    with pytest.raises(InputError, match="is nitrate by another name: give their sum once"):
        read_co_ligands({"nitrate": 1, "[O-:11][N+](=O)[O-:12]": 2})
