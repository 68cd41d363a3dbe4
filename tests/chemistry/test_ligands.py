"""A ligand's identity must not depend on how it is written."""

from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS, Scaffold, Substituent
from reexplore.chemistry.ligands import assemble, assemble_traced

scaffolds = st.sampled_from(list(SCAFFOLDS.values()))
substituents = st.sampled_from([s for s in SUBSTITUENTS.values() if not s.is_hydrogen])


def rewritten(smiles: str, data: st.DataObject) -> str:
    """Return the same molecule as SMILES written from another atom in another order."""
    mol = Chem.MolFromSmiles(smiles)
    order = data.draw(st.permutations(range(mol.GetNumAtoms())))
    shuffled = Chem.RenumberAtoms(mol, list(order))
    return Chem.MolToSmiles(shuffled, canonical=False, rootedAtAtom=data.draw(st.integers(0, mol.GetNumAtoms() - 1)))


@settings(max_examples=60, deadline=None)
@given(scaffolds, substituents, st.data())
def test_identity_is_independent_of_the_writing_of_the_templates(scaffold, substituent, data):
    filling = (substituent,) * scaffold.sites
    other = assemble(
        Scaffold("another name", rewritten(scaffold.smiles, data), scaffold.charge, "", "", sites=scaffold.sites),
        (Substituent("other", rewritten(substituent.smiles, data), ""),) * scaffold.sites,
    )
    assert other == assemble(scaffold, filling)


@settings(max_examples=30, deadline=None)
@given(st.permutations([11, 12]))
def test_identity_is_independent_of_which_donor_is_numbered_first(maps):
    smiles = SCAFFOLDS["CAM"].smiles.replace(":11]", ":A]").replace(":12]", ":B]")
    renumbered = smiles.replace(":A]", f":{maps[0]}]").replace(":B]", f":{maps[1]}]")
    other = Scaffold("CAM", renumbered, -2, "", "")
    assert assemble(other, (SUBSTITUENTS["methyl"],)) == assemble(SCAFFOLDS["CAM"], (SUBSTITUENTS["methyl"],))


def test_every_library_ligand_has_the_declared_charge_and_donors():
    for scaffold in SCAFFOLDS.values():
        for substituent in SUBSTITUENTS.values():
            ligand = assemble(scaffold, (substituent,) * scaffold.sites)
            assert Chem.GetFormalCharge(ligand.mol) == ligand.charge == scaffold.charge
            assert ligand.denticity == scaffold.denticity
            assert {ligand.mol.GetAtomWithIdx(i).GetSymbol() for i in ligand.donors} <= {"N", "O", "S"}


def test_the_library_holds_no_ligand_twice():
    single = [s for s in SCAFFOLDS.values() if s.sites == 1]
    ligands = {assemble(a, (b,)).identity for a in single for b in SUBSTITUENTS.values()}
    assert len(ligands) == len(single) * len(SUBSTITUENTS)


def test_an_assembled_ligand_is_the_compound_it_should_be():
    # 2,3-dihydroxy-N-methylbenzamide and its 5-chloro derivative, written by hand.
    by_hand = {"H": "CNC(=O)c1cccc([O-])c1[O-]", "chloro": "CNC(=O)c1cc(Cl)cc([O-])c1[O-]"}
    for name, smiles in by_hand.items():
        ligand = assemble(SCAFFOLDS["CAM"], (SUBSTITUENTS[name],))
        assert ligand.inchikey == Chem.MolToInchiKey(Chem.MolFromSmiles(smiles))


def test_donor_indices_name_the_marked_atoms():
    ligand = assemble(SCAFFOLDS["thio-HOPO"], (SUBSTITUENTS["cyano"],))
    assert sorted(ligand.mol.GetAtomWithIdx(i).GetSymbol() for i in ligand.donors) == ["O", "S"]
    assert ligand.mol_with_hydrogens.GetNumAtoms() > ligand.mol.GetNumAtoms()


def test_two_sites_take_their_substituents_in_order():
    two = Scaffold("two", "CNC(=O)c1c([*:1])c([*:2])cc([O-:12])c1[O-:11]", -2, "", "", sites=2)
    methyl, cyano = SUBSTITUENTS["methyl"], SUBSTITUENTS["cyano"]
    assert assemble(two, (methyl, cyano)) != assemble(two, (cyano, methyl))
    assert (
        assemble(two, (methyl, SUBSTITUENTS["H"])).mol.GetNumAtoms()
        == assemble(two, (methyl, methyl)).mol.GetNumAtoms() - 1
    )


def test_a_site_on_a_bracketed_atom_or_aromatic_nitrogen_gets_its_hydrogen_back():
    # Malonate, pyrrole-2-olate-4-carboxylate and a protonated amine, written by hand.
    by_hand = {
        "O=C([O-:11])[C@H]([*:1])C(=O)[O-:12]": "O=C([O-])CC(=O)[O-]",
        "O=C([O-:11])c1cc([O-:12])n([*:1])c1": "O=C([O-])c1cc([O-])[nH]c1",
        "[O-:11]C(=O)C[N+]([*:1])(C)CC(=O)[O-:12]": "[O-]C(=O)C[NH+](C)CC(=O)[O-]",
    }
    for template, smiles in by_hand.items():
        ligand = assemble(Scaffold("own", template, 0, "", ""), (SUBSTITUENTS["H"],))
        assert ligand.canonical_smiles == Chem.CanonSmiles(smiles)


FOUR_SITES = Scaffold(
    "four", "[*:4]CNC(=O)c1c([*:3])c([*:1])c([*:2])c(=[O:12])n1[O-:11]", -1, "N-hydroxy deprotonated", "", sites=4
)


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.sampled_from(list(SUBSTITUENTS.values()))] * 4))
def test_every_atom_is_traced_to_the_part_it_comes_from(choice):
    ligand, trace = assemble_traced(FOUR_SITES, choice)
    parts = [Chem.MolFromSmiles(FOUR_SITES.smiles), *(Chem.MolFromSmiles(s.smiles) for s in choice)]
    where = list(zip(trace.part, trace.atom, strict=True))
    heavy = sum(a.GetAtomicNum() > 1 for part in parts for a in part.GetAtoms())
    assert len(set(where)) == len(where) == ligand.mol.GetNumAtoms() == heavy
    for atom, (part, index) in zip(ligand.mol.GetAtoms(), where, strict=True):
        assert atom.GetAtomicNum() == parts[part].GetAtomWithIdx(index).GetAtomicNum()
    # Bonds inside a part are bonds of the ligand, and the other way round; one bond more joins each group.
    place = {origin: i for i, origin in enumerate(where)}
    joined = 0
    for bond in ligand.mol.GetBonds():
        first, second = where[bond.GetBeginAtomIdx()], where[bond.GetEndAtomIdx()]
        if first[0] == second[0]:
            assert parts[first[0]].GetBondBetweenAtoms(first[1], second[1]) is not None
        else:
            joined += 1
    assert joined == sum(not s.is_hydrogen for s in choice)
    donors = {a.GetIdx() for a in parts[0].GetAtoms() if a.GetAtomMapNum() >= 11}
    assert {place[0, d] for d in donors} == set(ligand.donors)
