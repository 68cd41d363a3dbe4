"""Files of any origin become structures, or one sentence."""

import numpy as np
import pytest

from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.structures.reading import read_structure, require_closed_shell
from reexplore.structures.structure import Structure
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
        ("nitrate, charge 1-", None, -1),
        ("charge=2+", None, 2),
        ("charge: 3+;", None, 3),
        ("charge=-2.0", None, -2),
        ("charge=\N{MINUS SIGN}1", None, -1),
        ("total charge 1+. By hand", None, 1),
        ("charge='-1'", None, -1),
        ("charge=1 charge=1", None, 1),
        ("a charge-transfer complex, discharged", 2, 2),
        ("the charge of it is not known", 2, 2),
        ("CHARGE = 1-", None, -1),
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
        ("3\ncharge=0\nO 0 0 0\nH 0 0 1\n", None, "names 3 atoms in line 1, but 2 lines follow"),
        ("2\ncharge=0\nO 0 0 0\nH 0 0 0.1\n", None, "nearer than"),
        ("2\ncharge=0\nO 0 0 0\nH 0 0 nan\n", None, "positions that are no numbers"),
        ("2\ncharge=0\nO 0 0 0\nQq 0 0 1\n", None, "no XYZ file"),
        ("2\ncharge=0\nO 0 0 0\nX 0 0 1\n", None, "line 4 should be an element and three numbers, not 'X 0 0 1'"),
        ("2\ncharge=0\nO 0 0 0\n\n", None, "line 4 should be an element and three numbers"),
        ("2\ncharge=0\nO 0 0 0\n119 0 0 1\n", None, "line 4 should be an element"),
        ("2\ncharge=0\nO 0 0 0\nH 0 0\n", None, "line 4 has 2 numbers where three are expected"),
        ("2\ncharge=0\nO 0 0 0\nH 0 0 1,5\n", None, "'1,5' in line 4 is no number"),
        ("2\ncharge=0\nO 0 0 0\nH 0 0 1e9\n", None, "further out than 10000 Å"),
        ("99999999999\n\nH 0 0 0\n", 0, "should be the number of atoms, not '99999999999'"),
        ("999999999\n\nH 0 0 0\n", 0, "names 999999999 atoms in line 1, more than 10000"),
        ("5\n\nH 0 0 0\n", 0, "names 5 atoms in line 1, but 1 lines follow its comment"),
        ("0\n\n", 0, "holds no atoms"),
        ("-1\n\nH 0 0 0\n", 0, "should be the number of atoms, not '-1'"),
        ("1\n\nO 0 0 0\nH 0 0 1\n", 0, "names 1 atoms, but line 4 follows them"),
        (WATER.format(comment="charge=" + "9" * 5000), None, "the charge '99999999999999999999…' in its second line"),
        (WATER.format(comment="charge=1-2"), None, "the charge '1-2' in its second line cannot be read"),
        (WATER.format(comment="charge=-1-"), None, "cannot be read"),
        (WATER.format(comment="charge=1.5"), None, "cannot be read"),
        (WATER.format(comment="charge=none"), None, "cannot be read"),
        (WATER.format(comment="charge=100"), None, "a charge of +100 is no molecule's"),
        (WATER.format(comment="charge=1 and charge=2+"), None, "names the charges +1 and +2: keep one"),
        ("1\ncharge=0\nO 0 0 0\0\n", None, "it holds zero bytes"),
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


MEANS_WATER = {
    "byte order mark": b"\xef\xbb\xbf3\ncharge=0\nO 0 0 0\nH 0.76 0 0.59\nH -0.76 0 0.59\n",
    "empty lines first": b"\n  \n3\ncharge=0\nO 0 0 0\nH 0.76 0 0.59\nH -0.76 0 0.59\n\n\n",
    "atomic numbers": b"3\ncharge=0\n8 0 0 0\n1 0.76 0 0.59\n1 -0.76 0 0.59\n",
    "labels": b"3\ncharge=0\nO1 0 0 0\nH12 0.76 0 0.59\nH2a -0.76 0 0.59\n",
    "isotopes": b"3\ncharge=0\nO 0 0 0\nD 0.76 0 0.59\nT -0.76 0 0.59\n",
    "Fortran": b"3\ncharge=0\nO 0.0D+00 0 0d0\nH 7.6D-01 .0 0.59D0\nH -76.0D-2 0. 5.9-001\n",
    "Latin-1": "3\ncharge=0 Abstände in Å\nO 0 0 0\nH 0.76 0 0.59\nH -0.76 0 0.59\n".encode("latin-1"),
    "Windows": b"3\r\ncharge=0\r\nO 0 0 0\r\nH 0.76 0 0.59\r\nH -0.76 0 0.59\r\n",
    "quotes in the comment": b"3\ncharge=0 5' end of \"it\nO 0 0 0\nH 0.76 0 0.59\nH -0.76 0 0.59\n",
    "lower case": b"3\ncharge=0\no 0 0 0\nh 0.76 0 0.59\nh -0.76 0 0.59\n",
    "more columns": b"3\ncharge=0\nO 0 0 0 -0.8 x\nH 0.76 0 0.59 0.4 y\nH -0.76 0 0.59 0.4 z\n",
}


@pytest.mark.parametrize("how", MEANS_WATER)
def test_what_other_programs_and_people_write_is_read(tmp_path, how):
    path = tmp_path / "molecule.xyz"
    path.write_bytes(MEANS_WATER[how])
    found = read_structure(path)
    assert found.symbols == ("O", "H", "H")
    assert found.charge == 0
    assert np.allclose(found.positions_angstrom, [[0, 0, 0], [0.76, 0, 0.59], [-0.76, 0, 0.59]])


def test_a_file_is_looked_at_before_it_is_read(tmp_path):
    with (tmp_path / "large.xyz").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(InputError, match=r"has 1000000\.0 MB, more than 5: that is no structure file"):
        read_structure(tmp_path / "large.xyz", charge=0)
