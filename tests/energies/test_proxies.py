"""Proxies of free ligands, beside what the program xtb says."""

import numpy as np
import pytest

from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.energies.proxies import PROXIES, ligand_proxies, proxies_of
from reexplore.errors import InputError
from reexplore.structures.structure import Structure

METHOXIDE = Structure(
    ("O", "C", "H", "H", "H"),
    np.array([[0, 0, 0], [0, 0, 1.34], [1.03, 0, 1.75], [-0.515, 0.892, 1.75], [-0.515, -0.892, 1.75]]),
    -1,
)


def test_they_are_those_of_the_program_xtb():
    # xtb 6.5.1 --gfn 2 --chrg -1 --alpb water
    found = proxies_of(METHOXIDE, donor=0)
    assert found.donor_charge_e == pytest.approx(-0.90176, abs=1e-4)
    assert found.homo_ev == pytest.approx(-8.3489, abs=1e-3)
    assert found.lumo_ev == pytest.approx(3.8422, abs=1e-3)


def test_those_of_a_ligand_are_the_same_each_time():
    ligand = plain_ligand("CS(C)=O", donors=[3]).ligand
    first = ligand_proxies(ligand, seed=3)
    assert tuple(first.to_dict()) == PROXIES
    # A sulfoxide binds by oxygen, which is negative.
    assert -1 < first.donor_charge_e < -0.3
    assert first == ligand_proxies(ligand, seed=3)


def test_a_chelate_is_refused():
    with pytest.raises(InputError, match="has 2"):
        ligand_proxies(plain_ligand("CC(=O)N[O-]", donors=(2, 4)).ligand, seed=1)
