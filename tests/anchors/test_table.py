"""The table of anchors is read whole, and what is wrong in a user's own is said with its line."""

import pytest

from reexplore.anchors.table import read_anchors
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
