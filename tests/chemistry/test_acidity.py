"""Which atoms take a proton, what they are then, and the acids that pKa are counted from."""

import pytest
from rdkit import Chem

from reexplore.chemistry.acidity import (
    AMMONIUM,
    CARBOXYLIC,
    HYDROXAMIC,
    KINDS,
    PHENOL,
    PYRIDINIUM,
    REFERENCE_ACIDS,
    THIOL,
    next_protons,
    require_known_kinds,
    sites,
)
from reexplore.chemistry.library import SCAFFOLDS, find_substituent
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.errors import InputError


def free(smiles):
    mol = Chem.MolFromSmiles(smiles)
    return Ligand(Chem.MolToSmiles(mol), Chem.GetFormalCharge(mol), scaffold=smiles, substituents=())


def scaffold(name):
    found = SCAFFOLDS[name]
    return assemble(found, (find_substituent("H"),) * found.sites)


@pytest.mark.parametrize(
    ("smiles", "kinds"),
    [
        ("CC(=O)[O-]", [CARBOXYLIC]),
        ("O=C([O-])CNCC(=O)[O-]", [AMMONIUM, CARBOXYLIC, CARBOXYLIC]),
        ("O=C([O-])c1ccccn1", [CARBOXYLIC, PYRIDINIUM]),
        ("[O-]c1cccnc1", [PHENOL, PYRIDINIUM]),
        ("Cc1occc(=O)c1[O-]", [HYDROXAMIC]),
        ("[S-]CC(=O)NC", [THIOL]),
        # Nitro groups, N-oxides, amides, anilines and sulfonates take none.
        ("O=[N+]([O-])c1ccccc1", []),
        ("NC(=O)c1ccc(N)cc1", []),
        ("O=S(=O)([O-])c1ccccc1[O-]", [PHENOL]),
        ("CP(=O)([O-])OC", [""]),
    ],
)
def test_sites_are_told_by_what_they_are_with_a_proton(smiles, kinds):
    assert sorted(site.kind for site in sites(free(smiles))) == sorted(kinds)


def test_every_scaffold_of_the_library_has_known_kinds():
    for name in SCAFFOLDS:
        require_known_kinds(scaffold(name))
    with pytest.raises(InputError, match=r"none can be computed: its O\d is the base of no reference acid \(carbox"):
        require_known_kinds(free("CP(=O)([O-])OC"))


def test_a_proton_goes_to_strong_bases_first_and_everywhere_in_the_end():
    ligand = scaffold("CAM")
    first = next_protons(ligand)
    assert [(kind, form.charge) for kind, form in first] == [(PHENOL, -1), (PHENOL, -1)]
    # Both ways lead to the same catechol.
    assert len({form.identity for _, each in first for _, form in next_protons(each)}) == 1
    (kind, amine), *others = next_protons(free("O=C([O-])CNCC(=O)[O-]"))
    assert (kind, others) == (AMMONIUM, [])
    # Both carboxylates are alike.
    ((kind, _),) = next_protons(amine)
    assert kind == CARBOXYLIC
    assert next_protons(free("CC(=O)O")) == ()


def test_reference_acids_lose_one_proton_and_each_kind_has_enough():
    for each in REFERENCE_ACIDS:
        assert each.acid.charge == each.base.charge + 1
        assert next_protons(each.base)[0] == (each.kind, each.acid)
    assert all(sum(each.kind == kind for each in REFERENCE_ACIDS) >= 3 for kind in KINDS)
