"""Levels of the user's own: what they keep of their base, and what is refused before any work."""

from dataclasses import asdict

import pytest

from reexplore.energies.basis_sets import function_count
from reexplore.energies.levels import LEVELS, LIGAND_ELEMENTS, QUICK
from reexplore.energies.own_levels import own_level, require_parts
from reexplore.errors import InputError


def test_only_what_was_named_changes():
    own = own_level("mine", based_on="quick", functional="r2scan", dispersion="d4:r2scan", grid_level=2)
    changed = {key for key, value in asdict(own).items() if value != asdict(QUICK)[key]}
    assert changed == {"name", "based_on", "summary", "functional", "dispersion", "grid_level"}
    assert own.summary == "'quick' with functional r2scan, dispersion d4:r2scan, grid level 2"


@pytest.mark.parametrize(
    ("functional", "exchange"),
    [("tpss", "none"), ("pbe0", "density-fitted, def2-universal-jkfit")],
)
def test_a_hybrid_gets_exact_exchange(functional, exchange):
    own = own_level("mine", based_on="quick", functional=functional, dispersion=f"d4:{functional}")
    assert own.exchange == exchange


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"functional": "r2skan"}, "the functional 'r2skan' is not in libxc"),
        ({"functional": "b2plyp"}, "the functional 'b2plyp' is not in libxc"),
        ({"functional": "hf"}, "is no density functional"),
        ({"functional": "wb97m_v"}, "nonlocal correlation"),
        ({"functional": "cam-b3lyp"}, "range-separated"),
        ({"based_on": "teacher"}, "'teacher', which is no density functional"),
        ({"based_on": "gfn2"}, "'gfn2', which is no density functional"),
        ({"based_on": "quik"}, "did you mean 'quick'"),
        ({"name": "paper"}, "the level 'paper' is shipped"),
    ],
)
def test_a_level_that_cannot_be_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        own_level(**{"name": "mine", "based_on": "quick", **changes})


@pytest.mark.parametrize(
    ("changes", "symbols", "message"),
    [
        ({"ligand_basis": "def2-svpdd"}, ("C",), "there is no basis set 'def2-svpdd' for C"),
        ({"ligand_basis": "lcecp-1-tzvp"}, ("La", "C"), "there is no basis set 'lcecp-1-tzvp' for C"),
        ({"dispersion": "d4:nonsense"}, ("C",), "D4 has no parameters for 'nonsense'"),
        ({"dispersion": "d3:pbe"}, ("C",), "is not of the form d4"),
        ({}, ("C", "U", "Xe"), "cannot describe the elements U Xe"),
        ({"ligand_basis": "sto-3g"}, ("C", "I"), "I is described in def2 bases only, not in sto-3g"),
    ],
)
def test_a_missing_part_is_named(changes, symbols, message):
    with pytest.raises(InputError, match=message):
        require_parts(own_level("mine", based_on="quick", **changes), symbols)


@pytest.mark.parametrize("level", LEVELS.values(), ids=str)
def test_shipped_levels_have_their_parts_for_every_element(level):
    metals = [metal for treatment in level.metals for metal in treatment.metals]
    require_parts(level, [*metals, *LIGAND_ELEMENTS])


@pytest.mark.parametrize(
    # Weigend and Ahlrichs, Phys. Chem. Chem. Phys. 2005, 7, 3297: H [2s1p], O [3s2p1d] and [5s3p2d1f].
    ("basis", "symbol", "count"),
    [("def2-svp", "H", 5), ("def2-svp", "O", 14), ("def2-tzvp", "O", 31)],
)
def test_functions_are_counted_as_published(basis, symbol, count):
    assert function_count(basis, symbol) == count


@pytest.mark.parametrize(
    ("basis", "symbol"), [("lcecp-1-tzvp", "Eu"), ("def2-tzvp", "Gd"), ("def2-universal-jkfit", "La")]
)
def test_functions_are_counted_as_pyscf_counts_them(basis, symbol):
    from pyscf import gto

    assert function_count(basis, symbol) == gto.M(atom=symbol, basis=basis, spin=None, verbose=0).nao
