"""The table of anchors is read whole, and what is wrong in a user's own is said with its line."""

import re

import pytest

from reexplore.anchors.table import read_anchors, together
from reexplore.errors import InputError

HEADING = "ligand,smiles,pka,metal,log_k1"
ACETATE = "acetate,CC(=[O:11])[O-:12],4.56,La,1.4"


def table(tmp_path, *lines):
    file = tmp_path / "mine.csv"
    file.write_text("\n".join((HEADING, *lines)) + "\n")
    return file


def test_the_shipped_anchors_are_those_of_the_literature():
    anchors = {anchor.name: anchor for anchor in read_anchors()}
    assert len(anchors) == 28
    assert sum(len(anchor.log_k1) >= 5 for anchor in anchors.values()) == 25
    # Textbook values: log K1 of EDTA rises by four from La to Lu, and its last proton leaves at pH 10.2.
    edta = anchors["EDTA"]
    assert (edta.charge, edta.single.ligand.denticity) == (-4, 6)
    assert edta.log_k1["Lu"] - edta.log_k1["La"] == pytest.approx(4.5, abs=0.3)
    assert edta.pka[0] == pytest.approx(10.2, abs=0.2)


def test_lines_of_one_ligand_belong_together(tmp_path):
    (anchor,) = read_anchors(table(tmp_path, "# from my notebook", ACETATE, ACETATE.replace("La,1.4", "Lu,1.9")))
    assert anchor.log_k1 == {"La": 1.4, "Lu": 1.9}
    assert anchor.pka == (4.56,)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (ACETATE.replace("La", "Fe"), "line 3: 'Fe' is no rare earth"),
        (ACETATE, "line 3: 'acetate' stands twice with La: keep one value"),
        (ACETATE.replace("4.56,La", "4.76,Lu"), "line 3: 'acetate' has another SMILES or other pKa"),
        (ACETATE.replace("acetate", "other").replace("1.4", "x"), "line 3: 'x' is not a number"),
        (
            ACETATE.replace("acetate", "other").replace("4.56", "4.56 3 2"),
            "'other': it has 3 pKa and 1 atoms",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_line(tmp_path, line, sentence):
    with pytest.raises(InputError, match=sentence) as refused:
        read_anchors(table(tmp_path, ACETATE, line))
    assert "\n" not in str(refused.value)


def test_a_table_without_its_columns_is_refused(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("ligand,smiles\nacetate,CC(=O)[O-]\n")
    with pytest.raises(InputError, match="has no column 'pka'"):
        read_anchors(file)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ligand,smiles,pka,metal\n", "has no column 'log_k1' or 'log_d': give one of them"),
        ("ligand,smiles,pka,metal,log_k1,log_d\n", "has both columns 'log_k1' and 'log_d'"),
        (f"{HEADING}\n\nacetate,CC(=[O:11])[O-:12],,La\n", "line 3 has 4 cells, its heading 5"),
        (f'{HEADING}\nacetate,"CC,,La,1\n', "line 2: this is not CSV"),
        (f"{HEADING}\n,CC(=[O:11])[O-:12],,La,1\n", "line 2: give the ligand a name"),
        (f"{HEADING}\nacetate,CC(=O)[O-],,La,1\n", "line 2, 'acetate': mark its donors with the atom maps 11, 12"),
        (f"{HEADING}\nacetate,CC(=,,La,1\n", "line 2, 'acetate': "),
        (f"{HEADING}\nacetate,CC(=[O:11])[O-:12],,La,1e30\n", "line 2: '1e30' is not a number from -100 to 100"),
        (f"{HEADING}\n", "has no lines below its heading"),
    ],
)
def test_a_table_of_ones_own_that_is_wrong_is_one_sentence(tmp_path, text, sentence):
    file = tmp_path / "mine.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=re.escape(sentence)) as refused:
        read_anchors(file)
    assert "\n" not in str(refused.value)


def test_distribution_ratios_are_no_constants(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(f"{HEADING.replace('log_k1', 'log_d')}\n{ACETATE}\n")
    (anchor,) = read_anchors(file)
    assert (anchor.log_k1, anchor.log_d, anchor.source) == ({}, {"La": 1.4}, "mine.csv")


def test_of_several_tables_the_first_has_the_word_and_ligands_are_told_apart_by_what_they_are(tmp_path):
    own = read_anchors(table(tmp_path, ACETATE, "glycolate,CCC(=[O:11])[O-:12],,Gd,9"))
    found = {anchor.name: anchor for anchor in together([own, read_anchors()])}
    assert found["acetate"].log_k1 == {"La": 1.4}
    assert {"La", "Gd"} & found["acetate (shipped)"].log_k1.keys() == {"Gd"}
    # Propionate by the name of glycolate keeps it, and the shipped one is told from it.
    assert found["glycolate"].log_k1 == {"Gd": 9.0}
    assert found["glycolate (shipped)"].log_k1["Gd"] == 3.72
