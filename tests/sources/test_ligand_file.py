"""A ligand file is read as it stands, or refused as a whole in one sentence."""

import pytest

from reexplore.errors import InputError
from reexplore.sources.base import LigandTable
from reexplore.sources.ligand_file import LARGEST_FILE_BYTES, LigandFile
from tests.sources.suite import SourceSuite


def table(tmp_path, text):
    file = tmp_path / "ligands.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return LigandFile(file).table()


def test_rows_carry_their_lines_and_all_their_columns(tmp_path):
    text = 'Name,SMILES,"where, from"\nacetate,CC(=O)[O-],"a shelf,\nthe upper"\n\nwater, O ,\n'
    read = table(tmp_path, text)
    assert read.columns == ("name", "smiles", "where, from")
    assert [(row.line, row.name, row["smiles"], row["donors"]) for row in read.rows] == [
        (2, "acetate", "CC(=O)[O-]", ""),
        (5, "water", "O", ""),
    ]
    assert read.rows[0]["where, from"] == "a shelf,\nthe upper"


def test_a_byte_order_mark_and_windows_lines_are_nothing_special(tmp_path):
    assert [row.line for row in table(tmp_path, b"\xef\xbb\xbfname,smiles\r\na,O\r\nb,CO\r\n").rows] == [2, 3]


@pytest.mark.parametrize("line", ["b,CO,1", "b"])
def test_a_line_of_another_length_is_that_rows_fault_alone(tmp_path, line):
    rows = table(tmp_path, f"name,smiles\na,O\n{line}\n").rows
    assert not rows[0].fault
    assert "values in 2 columns" in rows[1].fault


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty: its first line names the columns"),
        ("\n\n", "is empty"),
        ("name,smiles\n", "has no rows below its heading"),
        ("name,structure\na,O\n", "has no column 'smiles': its first line names name, structure"),
        ("smiles\nO\n", "has no column 'name'"),
        ("name;smiles\na;O\n", "separated by semicolons: save it with commas"),
        ("name\tsmiles\na\tO\n", "separated by tabs"),
        ("name,smiles,smiles\na,O,O\n", "two columns are called 'smiles'"),
        ("name,smiles,Smiles\na,O,O\n", "two columns are called 'smiles'"),
        ("name,smiles,\na,O,1\n", "column 3 has no name"),
        ("name,smiles\na,O\nb,CO\na,CC#N\n", "lines 2 and 4 have the same name 'a': rename one"),
        ('name,smiles\na,"O\n', "line 2: this is not CSV"),
        (b"name,smiles\n\xe4,O\n", "no text in UTF-8"),
        (b"name,smiles\na,O\0\n", "is no text"),
        (b"PK\x03\x04\x14\x00\x06\x00", "is no text"),
        (f"name,smiles\na,{'C' * 200_000}\n", "this is not CSV (field larger"),
        ("name,smiles," + ",".join(f"c{i}" for i in range(3)) + "\x1b[31m\na,O,1,2,3\n", "cannot be printed"),
    ],
)
def test_what_is_no_ligand_file_is_one_sentence(tmp_path, text, told):
    with pytest.raises(InputError) as refused:
        table(tmp_path, text)
    assert told in str(refused.value)
    assert "ligands.csv" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 600


def test_a_file_too_large_is_not_read(tmp_path):
    file = tmp_path / "ligands.csv"
    with file.open("wb") as grown:
        grown.truncate(LARGEST_FILE_BYTES + 1)
    with pytest.raises(InputError, match=r"has 20.0 MB, more than 20"):
        LigandFile(file).table()


def test_a_folder_and_nothing_are_no_files(tmp_path):
    with pytest.raises(InputError, match="it is a folder"):
        LigandFile(tmp_path).table()
    with pytest.raises(InputError, match="No such file"):
        LigandFile(tmp_path / "none.csv").table()


class TestSource(SourceSuite):
    """A ligand file keeps what every source keeps."""

    name = "file"
    good = ("mine.csv",)
    bad = ("other.csv", "", 3, None, ["mine.csv"], "a\x07", "n" * 2000)

    def beside(self, folder):
        (folder / "mine.csv").write_text("name,smiles\nacetate,CC(=O)[O-]\n")


def test_rows_of_a_program_are_a_table_like_those_of_a_file(tmp_path):
    made = [{"name": "acetate", "smiles": "CC(=O)[O-]", "charge": -1}, {"name": "water", "smiles": "O", "shelf": None}]
    table = LigandTable.of(made, title="the shelf", folder=tmp_path)
    assert table.columns == ("name", "smiles", "charge", "shelf")
    assert [row["charge"] for row in table.rows] == ["-1", ""]
    with pytest.raises(InputError, match="the shelf has no rows"):
        LigandTable.of([], title="the shelf", folder=tmp_path)
    with pytest.raises(InputError, match="the shelf has no column 'smiles'"):
        LigandTable.of([{"name": "acetate"}], title="the shelf", folder=tmp_path)
