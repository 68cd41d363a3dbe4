"""Files of any origin become structures, or one sentence."""

import pytest

from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.structures.geometry import Structure
from reexplore.structures.reading import read_structure, require_closed_shell
from tests.structures.sample import relaxed

WATER = "3\n{comment}\nO 0 0 0\nH 0.76 0 0.59\nH -0.76 0 0.59\n"


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "molecule.xyz"
        path.write_text(text)
        return path

    return written


@pytest.mark.parametrize(
    ("comment", "given", "charge"),
    [
        ("charge=-1", None, -1),
        ("Properties=species:S:1:pos:R:3 charge=2", None, 2),
        ("water, charge: +1", None, 1),
        ("Charge 0, by hand", 0, 0),
        (" energy: -5.070276993377 gnorm: 0.0003 xtb: 6.5.1 (579679a)", 3, 3),
        ("", -2, -2),
    ],
)
def test_the_charge_is_that_of_the_comment_or_the_one_given(write, comment, given, charge):
    assert read_structure(write(WATER.format(comment=comment)), charge=given).charge == charge


def test_our_own_files_come_back_whole(write):
    original = relaxed("La_HOPO-H_1_6")
    assert read_structure(write(original.to_extxyz())).key == original.key


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (WATER.format(comment=""), None, "names no charge"),
        (WATER.format(comment="charge=1"), 2, "names the charge +1, but it should be +2"),
        (WATER.format(comment="charge=0") * 2, None, "holds 2 structures"),
        ("3\ncharge=0\nO 0 0 0\nH 0 0 1\n", None, "no XYZ file"),
        ("2\ncharge=0\nO 0 0 0\nH 0 0 0.1\n", None, "nearer than"),
        ("2\ncharge=0\nO 0 0 0\nH 0 0 nan\n", None, "no numbers"),
        ("2\ncharge=0\nO 0 0 0\nQq 0 0 1\n", None, "no XYZ file"),
        ("2\ncharge=0\nO 0 0 0\nX 0 0 1\n", None, "no element"),
        ('1\nLattice="5 0 0 0 5 0 0 0 5" charge=0\nO 0 0 0\n', None, "crystal"),
        ("", None, "is empty"),
        ("hello\n", None, "no XYZ file"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(write, text, given, message):
    with pytest.raises(InputError) as refused:
        read_structure(write(text), charge=given)
    assert message in str(refused.value).replace("\n", " ")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_structure(tmp_path / "nowhere.xyz")


@pytest.mark.parametrize("metal", METALS)
def test_every_trivalent_ion_is_closed_shell_and_its_neighbours_are_not(metal):
    # `xtb Eu_HOPO-H_1_6.xyz --gfn 2 --chrg 3 --uhf 0` (6.5.1) counts 111 electrons, half-fills two orbitals and
    # gives an energy without a word, as tblite does: the charge is checked here or nowhere.
    ion = relaxed("Eu_HOPO-H_1_6")
    exchanged = Structure((metal, *ion.symbols[1:]), ion.positions_angstrom, ion.charge)
    require_closed_shell(exchanged)
    with pytest.raises(InputError, match=r"is it \+2 or \+4"):
        require_closed_shell(Structure(exchanged.symbols, exchanged.positions_angstrom, 3))


def test_elements_beyond_radon_are_refused():
    with pytest.raises(InputError, match="no parameters for U"):
        require_closed_shell(Structure(("U",), [[0.0, 0.0, 0.0]], 4))
