"""The library as the docs show it, and its compounds against SMILES written by hand."""

from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS, Scaffold
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.user_parts import custom_scaffold

DOCS = Path(__file__).parents[2] / "docs" / "campaign-file.md"


def bare(name):
    scaffold = SCAFFOLDS[name]
    return assemble(scaffold, (SUBSTITUENTS["H"],) * scaffold.sites)


def test_the_docs_show_every_scaffold_as_it_is():
    text = DOCS.read_text()
    for s in SCAFFOLDS.values():
        mark = "!" if s.warning else ""
        charge = str(s.charge).replace("-", "−")
        assert f"| `{s.name}` | {s.denticity} | {charge} | {s.sites} | {s.protonation} | {mark} |" in text
    for name in SUBSTITUENTS:
        assert f"`{name}`" in text


@pytest.mark.parametrize(
    ("name", "neutral", "formula"),
    [
        # Molecular formulae of the acids, from their catalogues.
        ("EDTA", 4, "C10H16N2O8"),
        ("DTPA", 5, "C14H23N3O10"),
        ("343LI-HOPO", 4, "C34H38N8O12"),
        ("TREN-HOPO", 3, "C24H27N7O9"),
        ("TREN-CAM", 6, "C27H30N4O9"),
        ("5LIO-HOPO", 2, "C16H18N4O7"),
        ("benzohydroxamate", 1, "C7H7NO2"),
    ],
)
def test_a_ligand_with_its_protons_back_is_the_acid(name, neutral, formula):
    mol = Chem.RWMol(bare(name).mol)
    anions = [a for a in mol.GetAtoms() if a.GetFormalCharge() == -1]
    assert len(anions) == neutral
    for atom in anions:
        atom.SetFormalCharge(0)
        atom.SetNumExplicitHs(1)
    Chem.SanitizeMol(mol)
    assert CalcMolFormula(mol) == formula


@pytest.mark.parametrize(
    ("name", "donors"), [("EDTA", "NNOOOO"), ("DTPA", "NNNOOOOO"), ("343LI-HOPO", "O" * 8), ("thio-CAM-456N", "OS")]
)
def test_the_donors_are_those_of_the_crystal_structures(name, donors):
    ligand = bare(name)
    assert "".join(sorted(ligand.mol.GetAtomWithIdx(i).GetSymbol() for i in ligand.donors)) == donors


def test_pdta_is_edta_with_a_methyl_on_its_backbone():
    # 1,2-diaminopropane-N,N,N',N'-tetraacetate, written by hand.
    pdta = Chem.MolFromSmiles("CC(CN(CC(=O)[O-])CC(=O)[O-])N(CC(=O)[O-])CC(=O)[O-]")
    assert assemble(SCAFFOLDS["EDTA"], (SUBSTITUENTS["methyl"],)).inchikey == Chem.MolToInchiKey(pdta)


@pytest.mark.parametrize("scaffold", SCAFFOLDS.values(), ids=lambda s: s.name)
def test_a_user_could_have_written_every_scaffold(scaffold):
    own = custom_scaffold(scaffold.name, smiles=scaffold.smiles, charge=scaffold.charge, warning=scaffold.warning)
    assert (own.sites, own.denticity) == (scaffold.sites, scaffold.denticity)


def test_sites_and_isotopes_are_no_donors():
    assert Scaffold("own", "[*:1]C([*:10])[13CH2:9]CC([O-:11])=[O:12]", -1, "", "").denticity == 2
