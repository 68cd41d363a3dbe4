"""A single ligand and complex: the library's own value, or one sentence before anything is built."""

import pytest
from rdkit import Chem

from reexplore.chemistry.library import SCAFFOLDS, find_scaffold, find_substituent
from reexplore.chemistry.ligand_input import (
    DonorsMissingError,
    library_ligand,
    plain_ligand,
    proposal,
)
from reexplore.chemistry.ligands import assemble
from reexplore.errors import InputError

ACETOHYDROXAMATE = plain_ligand("CC(=O)N[O-]", donors=(2, 4)).ligand
EDTA = library_ligand("EDTA-H").ligand


@pytest.mark.parametrize("name", ["HOPO-H", "CAM-methyl", "CAM-carboxylic-acid", "thio-HOPO-2-methylbenzoic-acid"])
def test_plain_smiles_give_the_value_of_the_library(name):
    known = library_ligand(name)
    donors = tuple(known.numbers[d] for d in known.ligand.donors)
    typed = plain_ligand(known.smiles, donors=donors)
    assert typed.ligand == known.ligand
    assert sorted(typed.donor_names) == sorted(known.donor_names)


def test_the_way_of_writing_does_not_matter():
    first = plain_ligand("CNC(=O)c1cccc(=O)n1[O-]", donors=(9, 11))
    assert plain_ligand("[O-]n1c(=O)cccc1C(=O)NC", donors=(3, 0)).ligand == first.ligand
    assert plain_ligand("CNC(=O)c1cccc(=[O:12])n1[O-:11]").ligand == first.ligand
    assert first.ligand == assemble(find_scaffold("HOPO"), (find_substituent("H"),))
    assert plain_ligand("CNC(=O)c1cccc(=O)n1[O-]", donors=(3, 11)).ligand != first.ligand


@pytest.mark.parametrize(
    "smiles", ["CNC(=O)c1cccc(=O)n1[O-]", "[O-]C(=O)CN(CCN(CC(=O)[O-])CC(=O)[O-])CC(=O)[O-]", "C[C@H](N)C(=O)[O-]"]
)
def test_numbers_lead_back_to_the_typed_smiles(smiles):
    typed = Chem.MolFromSmiles(smiles)
    oxygens = [a.GetIdx() for a in typed.GetAtoms() if a.GetSymbol() == "O"][-1:]
    single = plain_ligand(smiles, donors=oxygens)
    mol = single.ligand.mol
    assert sorted(single.numbers) == list(range(typed.GetNumAtoms()))
    for bond in mol.GetBonds():
        first, second = single.numbers[bond.GetBeginAtomIdx()], single.numbers[bond.GetEndAtomIdx()]
        assert typed.GetBondBetweenAtoms(first, second) is not None
    assert single.donor_names == (f"O{oxygens[0]}",)


@pytest.mark.parametrize(
    ("smiles", "donors", "message"),
    [
        ("CC(=O)N[O-]", (2, 7), "has no atom 7"),
        ("CC(=O)N[O-]", (2, -1), "has no atom -1"),
        ("CC(=O)N[O-]", (2, 2), "named twice"),
        ("CC(=O)N[O-]", (0, 4), "atom 0 of 'CC(=O)N[O-]' cannot be a donor: a C atom has no lone pair"),
        ("C[N+](C)(C)CC(=O)[O-]", (1, 6), "nitrogen has no lone pair left"),
        ("CC(=O)[O-:11]", (3,), "named twice, by atom maps and by --donors"),
        ("CC(=O)[O-:3]", None, "carry the atom maps 11, 12"),
        ("CC(=O)[O-].[Na+]", (2,), "more than one molecule"),
        ("CC[CH]C[O-]", (4,), "unpaired electron on C"),
        ("[O-][Fe]", (0,), "element Fe is not among"),
        ("C[Si](C)(C)[O-]", (4,), "element Si is not among"),
        ("CC(=O", (2,), "cannot read the SMILES"),
        ("C(C)(C)(C)(C)O", (5,), "cannot read the SMILES"),
        ("", (0,), "the SMILES is empty"),
        ("[*:1]O", (1,), "open place"),
        ("[2H]O", (0,), "isotope"),
        ("C" * 250 + "[O-]", (250,), "251 atoms, but a complex has at most 200"),
        ("CCCC", None, "no atom of 'CCCC' can hold a metal"),
    ],
)
def test_impossible_ligands_are_refused_in_one_sentence(smiles, donors, message):
    with pytest.raises(InputError) as refused:
        plain_ligand(smiles, donors=donors)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_donors_are_proposed_and_never_guessed():
    with pytest.raises(DonorsMissingError) as missing:
        plain_ligand("CC(=O)N[O-]")
    assert missing.value.proposals == ((2, 4),)
    sentence = proposal(missing.value, (2, 4), command="reexplore structures build 'CC(=O)N[O-]'")
    assert sentence.endswith(": reexplore structures build 'CC(=O)N[O-]' --donors 2,4")
    assert "likely O2, O4" in sentence


@pytest.mark.parametrize("scaffold", SCAFFOLDS)
def test_every_library_name_is_understood(scaffold):
    sites = SCAFFOLDS[scaffold].sites
    chosen = ("carboxylic-acid", "H", "2-methylbenzoic-acid", "methyl")[:sites]
    ligand = library_ligand("-".join((scaffold, *chosen))).ligand
    assert (ligand.scaffold, ligand.substituents) == (scaffold, chosen)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("CAM", "takes 1 substituent, as in 'CAM-methyl'"),
        ("CAM-metyl", "did you mean 'methyl'?"),
        ("HOPO-345N-H", "takes 4 substituents"),
        ("KAM-methyl", "the scaffolds are HOPO"),
    ],
)
def test_unknown_library_names_are_refused(name, message):
    with pytest.raises(InputError) as refused:
        library_ligand(name)
    assert message in str(refused.value)
