"""Descriptors by parts against RDKit's of the whole ligand."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.ligands import assemble
from reexplore.surrogate.choices import Choices
from reexplore.surrogate.descriptors import OF_LIGAND, bonds_to_donor, by_itself
from reexplore.surrogate.kernels import Around

WHOLE = {
    "log P": Crippen.MolLogP,
    "molar refractivity": Crippen.MolMR,
    "polar surface": lambda mol: Descriptors.TPSA(mol, includeSandP=True),
    "heavy atoms": lambda mol: mol.GetNumHeavyAtoms(),
    "charge": Chem.GetFormalCharge,
    "hydrogen-bond donors": Descriptors.NumHDonors,
    "rings": Descriptors.RingCount,
    "rotatable bonds": Descriptors.NumRotatableBonds,
}


@pytest.mark.parametrize("name", ["HOPO-345N", "CAM-456N", "thio-HOPO-345N", "HDEV-456N", "5LIO-HOPO", "EDTA"])
def test_parts_add_up_to_the_whole_ligand(name):
    scaffold, groups = SCAFFOLDS[name], list(SUBSTITUENTS.values())
    numbers = np.random.default_rng(0).integers(0, len(groups), (20, scaffold.sites))
    asked = Choices(scaffold.smiles, tuple(g.smiles for g in groups), numbers, (Around("La", 1, 6),))
    columns = asked.columns()
    for row, choice in zip(columns, numbers, strict=True):
        ligand = assemble(scaffold, tuple(groups[i] for i in choice))
        for descriptor, of in WHOLE.items():
            assert row[OF_LIGAND.index(descriptor)] == pytest.approx(of(ligand.mol), abs=1e-6), descriptor
        hydrogens = sum(atom.GetSymbol() == "H" for atom in ligand.mol_with_hydrogens.GetAtoms())
        assert row[OF_LIGAND.index("H atoms")] == hydrogens


def test_substituents_are_told_apart_as_chemists_do():
    hydrogen, fluoro, nitro, amino = (by_itself(SUBSTITUENTS[n].smiles) for n in ("H", "fluoro", "nitro", "amino"))
    assert not hydrogen.any()
    electronegativity, lone_pair, acceptor, inductive = range(5, 9)
    assert fluoro[electronegativity] > amino[electronegativity] > 0
    assert (fluoro[lone_pair], amino[lone_pair], nitro[lone_pair]) == (2, 2, 0)
    assert (nitro[acceptor], amino[acceptor]) == (2, 0)
    # Nitro draws most charge from the ring.
    assert nitro[inductive] > fluoro[inductive] > amino[inductive]


def test_sites_have_their_distance_from_the_donors():
    assert bonds_to_donor(SCAFFOLDS["HOPO-345N"].smiles) == (2, 3, 3, 5)
