from __future__ import annotations

import hashlib

import pytest

from reexplore.energies.interchange.importing import COLUMNS, provenance, read_energies
from reexplore.energies.levels import QUICK
from reexplore.errors import InputError

HEADINGS = "calculation,total_hartree,program,version"


def table(tmp_path, *rows, headings=HEADINGS):
    path = tmp_path / "energies.csv"
    path.write_text("\n".join((headings, *rows)) + "\n", encoding="utf-8")
    return path


def test_a_filled_row_becomes_terms_of_its_program(tmp_path):
    (energy,) = read_energies(table(tmp_path, "abc,-76.25,ORCA,6.0.1", "later,,,"))
    terms = energy.terms(QUICK, electrons=10, multiplicity=1)
    assert (terms.total_hartree, terms.program, terms.level) == (-76.25, "ORCA 6.0.1", "quick")
    assert energy.row == 2


def test_terms_are_kept_where_they_are_given(tmp_path):
    headings = f"{HEADINGS},dispersion_hartree,solvent_electrostatic_hartree,solvent_cds_hartree"
    (energy,) = read_energies(table(tmp_path, "abc,-76.25,ORCA,6.0.1,-0.001,-0.02,0.003", headings=headings))
    terms = energy.terms(QUICK, electrons=10, multiplicity=1)
    assert terms.electronic_hartree == pytest.approx(-76.25 + 0.001 + 0.02 - 0.003)


def test_a_calculation_that_failed_is_a_row_too(tmp_path):
    (energy,) = read_energies(table(tmp_path, "abc,,ORCA,6.0.1,no convergence", headings=f"{HEADINGS},failure"))
    assert (energy.total_hartree, energy.failure) == (None, "no convergence")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("abc,76;25,ORCA,6.0", "row 2: total_hartree '76;25' is not a number"),
        ("abc,nan,ORCA,6.0", "row 2: total_hartree 'nan' is not a number"),
        ("abc,47850.1,ORCA,6.0", "row 2: total_hartree 47850.1 is not negative"),
        ("abc,-76.2,,6.0", "row 2: program is missing"),
        ("abc,-76.2,ORCA,", "row 2: version is missing"),
        (",-76.2,ORCA,6.0", "row 2: no calculation is named"),
        ("abc,-76.2,ORCA,6.0\nabc,-76.3,ORCA,6.0", "row 3: calculation abc stands in row 2 already"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, row, sentence):
    with pytest.raises(InputError, match=sentence):
        read_energies(table(tmp_path, row))


def test_all_wrong_rows_are_named_at_once(tmp_path):
    with pytest.raises(InputError, match=r"row 2: .*row 4: .*Nothing was imported"):
        read_energies(table(tmp_path, "a,x,ORCA,6", "b,-1,ORCA,6", "c,y,ORCA,6"))


def test_half_of_the_terms_are_refused(tmp_path):
    with pytest.raises(InputError, match="only dispersion_hartree of"):
        read_energies(table(tmp_path, "abc,-76.2,ORCA,6.0,-0.1", headings=f"{HEADINGS},dispersion_hartree"))


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(InputError, match="no column program, version"):
        read_energies(table(tmp_path, headings="calculation,total_hartree"))


def test_no_table_at_all(tmp_path):
    path = tmp_path / "energies.xlsx"
    path.write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(InputError, match="byte 5 is no text in UTF-8"):
        read_energies(path)


def test_a_spreadsheet_may_have_saved_it(tmp_path):
    # Excel writes a byte-order mark and Windows line ends.
    path = tmp_path / "energies.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEADINGS}\r\nabc,-76.25,ORCA,6.0.1\r\n".encode())
    assert len(read_energies(path)) == 1


def test_provenance_names_file_and_content(tmp_path):
    path = table(tmp_path, "abc,-76.25,ORCA,6.0.1")
    known = provenance(path, read_energies(path)[0])["imported"]
    assert known["program"] == "ORCA 6.0.1"
    assert known["row"] == 2
    assert known["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_columns_that_go_out_can_come_back():
    assert set(HEADINGS.split(",")) <= set(COLUMNS)
