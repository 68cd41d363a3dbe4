"""Predictions from a pool: right where the pool teaches, wider and told where it does not, refused where nothing is."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

import reexplore as rx
from reexplore.cli.app import app
from reexplore.dataset import shipped
from reexplore.dataset.files import write_pool
from reexplore.errors import InputError
from reexplore.workbench.asked_ligands import Asked, asked_ligands
from reexplore.workbench.pool_model import given_pool
from reexplore.workbench.pool_predictions import predict_from_pool
from tests.workbench.pools import COLUMN, pool, pool_file, rows, value

#: In no label of the pool: a substituent of the library beside those it holds, and one of none.
HOPO = "CNC(=O)c1cc({})cc(=[O:12])n1[O-:11]"
CAM = "CNC(=O)c1cc(C)cc([O-:12])c1[O-:11]"
TRIDENTATE = "[O-:11]C(=O)c1cccc([n:12]1)C(=O)[O-:13]"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def file(workspace):
    # Without cyano at the HDEV scaffold: that ligand is predicted from its parts.
    table = rows()
    held = (table["scaffold"] == "HDEV") & (table["substituents"].map(lambda names: "cyano" in names))
    left = replace(pool(), table=table[~held].reset_index(drop=True))
    write_pool(left, workspace / "taught", energy_key="energy", energy=COLUMN)
    return workspace / "taught.parquet"


def ask(smiles, file, workspace, **how):
    asked = [Asked(smiles)] if isinstance(smiles, str) else smiles
    return predict_from_pool(asked, pool=file, workspace=workspace, console=Console(quiet=True), **how)


@pytest.mark.engine
def test_a_ligand_of_known_parts_is_predicted_within_its_interval(file, workspace):
    answers = ask("CNC(=O)c1cc(C#N)cn([O-:12])c1=[O:11]", file, workspace)
    (answer,) = answers.ligands
    assert (answer.scaffold, answer.substituents, answer.outside) == ("HDEV", ("cyano",), ())
    assert answers.coordination == "1 L, coordination number 8"
    for row in answer.metals:
        assert row.low < value("HDEV", ("cyano",), row.metal) < row.high
        assert row.label is None
    (difference,) = answer.selectivity
    assert (difference.first, difference.second) == ("Gd", "Lu")
    # What is off for both metals cancels: the interval is narrower than that of one of them.
    widths = [row.high - row.low for row in answer.metals]
    assert difference.high - difference.low < min(widths)
    assert difference.low < value("HDEV", ("cyano",), "Lu") - value("HDEV", ("cyano",), "Gd") < difference.high


@pytest.mark.engine
def test_what_is_labelled_is_said_and_its_relatives_are_the_nearest(file, workspace):
    (answer,) = ask(HOPO.format("F"), file, workspace, metals=["Gd"]).ligands
    (row,) = answer.metals
    assert row.label == pytest.approx(value("HOPO", ("fluoro",), "Gd"))
    assert len(answer.relatives) == 3
    similar = [each.similarity for each in answer.relatives]
    assert similar == sorted(similar, reverse=True)
    assert all(each.smiles != "CNC(=O)c1cc(F)cc(=O)n1[O-]" for each in answer.relatives)
    assert answer.relatives[0].name.startswith("HOPO-")
    assert answer.relatives[0].labels.keys() == {"Gd"}
    picolinate = next(each for each in answer.anchors if each.name == "picolinate")
    assert picolinate.log_k1 == {"Gd": 4.014}


@pytest.mark.engine
@pytest.mark.parametrize(
    ("smiles", "told"),
    [
        (HOPO.format("C(C)(C)C"), r"CC\(C\)\(C\)\[\*:1\] is none of the pool's 8 substituents; with 6 substituents"),
        (HOPO.format("SC"), "methylthio is none of the pool's"),
        ("CNC(=O)c1cc(C)cc(=[S:12])n1[O-:11]", "its scaffold thio-HOPO is none of the pool's 2; with 2 scaffolds"),
        ("O=[N:11]c1ccccc1[O-:12]", "its scaffold, which no library has, is none of the pool's 2"),
    ],
)
def test_what_the_pool_does_not_hold_is_told_and_its_interval_is_that_of_what_was_left_out(
    file, workspace, smiles, told
):
    (known,) = ask(HOPO.format("F"), file, workspace).ligands
    (answer,) = ask(smiles, file, workspace).ligands
    assert re.search(told, " ".join(answer.outside))
    for inside, outside in zip(known.metals, answer.metals, strict=True):
        assert outside.high - outside.low > inside.high - inside.low


@pytest.mark.engine
def test_a_metal_that_no_label_has_is_told(file, workspace):
    (answer,) = ask(HOPO.format("F"), file, workspace, metals=["Lu", "La"]).ligands
    assert [row.metal for row in answer.metals] == ["Lu", "La"]
    (told,) = answer.outside
    assert told.startswith("La is no metal of the pool (Gd, Lu); with 2 metals left out one by one")
    widths = {row.metal: row.high - row.low for row in answer.metals}
    assert widths["La"] > widths["Lu"]


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        (CAM, r"its charge is -2, those of the pool are -1: nothing can be said"),
        (TRIDENTATE, "it has 3 donors, the ligands of the pool 2: nothing can be said"),
        ("CC", "no atom of 'CC' can hold a metal"),
        ("this is no SMILES", "SMILES"),
        ("", "empty"),
    ],
)
def test_where_nothing_can_be_said_the_reason_is(file, workspace, smiles, reason):
    (answer,) = ask(smiles, file, workspace).ligands
    assert answer.metals == ()
    assert reason in answer.reason


@pytest.mark.engine
def test_one_metal_alone_says_nothing_of_another(tmp_path, workspace):
    file = pool_file(tmp_path / "one", metals=("Gd",))
    (answer,) = ask(HOPO.format("F"), file, workspace, metals=["Gd", "La"]).ligands
    gadolinium, lanthanum = answer.metals
    assert gadolinium.predicted is not None
    assert lanthanum.predicted is None
    assert "of no metal can its labels be spared" in lanthanum.reason


def test_without_donors_those_of_the_pool_are_taken(file, workspace):
    labelled = ask("CNC(=O)c1cc(F)cc(=O)n1[O-]", file, workspace, metals=["Gd"]).ligands[0]
    assert labelled.donors.endswith("(proposed)")
    assert labelled.scaffold == "HOPO"


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"what": "selectivity"}, "has no property 'selectivity_kcal_mol'; it has exchange_energy_kcal_mol"),
        ({"metals": ["Fe"]}, "Fe"),
        ({"metals": ["La", "La"]}, "named twice"),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence(file, workspace, how, sentence):
    with pytest.raises(InputError, match=sentence):
        ask(HOPO.format("F"), file, workspace, **how)


def test_a_ligand_that_cannot_be_read_is_an_error_of_the_command(file, workspace):
    said = CliRunner().invoke(app, ["predict", "CC", "--pool", str(file), "-w", str(workspace), "--json"])
    assert isinstance(said.exception, InputError)
    assert "can hold a metal" in str(said.exception)
    assert said.stdout == ""


def test_too_few_ligands_and_models_with_geometries_are_refused(tmp_path, workspace):
    few = pool_file(tmp_path / "few", groups=("H", "methyl"))
    with pytest.raises(InputError, match="known of 4 ligands of the pool: 8 are the least"):
        ask(HOPO.format("F"), few, workspace)
    named = replace(pool(), provenance={"surrogate": "allegro"})
    write_pool(named, tmp_path / "named", energy_key="e", energy=COLUMN)
    with pytest.raises(InputError, match="'allegro', which cannot do without geometries"):
        ask(HOPO.format("F"), tmp_path / "named.parquet", workspace)


def test_without_a_pool_a_sentence_says_where_one_comes_from(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(InputError, match="no pool with exchange_energy_kcal_mol comes with reexplore"):
        given_pool(None, COLUMN)
    pool_file(tmp_path / "taught")
    assert given_pool(None, COLUMN)[0] == "taught"


def test_a_file_names_ligands_and_their_donors(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text('name,smiles,donors\na,CC(=O)[O-],"2,3"\nb,CC(=[O:11])[O-:12],\nc,CC(=O)[O-],x\nd,C,1,2\n')
    found = asked_ligands(str(file))
    assert [(each.name, each.donors) for each in found[:2]] == [("a", (2, 3)), ("b", None)]
    assert found[2].fault.startswith("line 4: its donors 'x' are no numbers")
    assert found[3].fault.startswith("line 5: 4 values in 3 columns")
    with pytest.raises(InputError, match="--donors counts in one SMILES"):
        asked_ligands(str(file), donors="1,2")
    with pytest.raises(InputError, match="there is no file"):
        asked_ligands(str(tmp_path / "other.csv"))


@pytest.mark.engine
def test_the_command_and_python_say_the_same(file, workspace):
    smiles = HOPO.format("F")
    said = CliRunner().invoke(app, ["predict", smiles, "--pool", str(file), "-w", str(workspace), "--json"])
    (answer,) = json.loads(said.stdout)["ligands"]
    table = rx.predict(smiles, pool=file, workspace=workspace)
    assert isinstance(table, pd.DataFrame)
    assert table["predicted"].tolist() == [row["predicted"] for row in answer["metals"]]
    shown = CliRunner().invoke(app, ["predict", smiles, "--pool", str(file), "-w", str(workspace)]).stdout
    assert "90 % interval" in shown
    assert f"{answer['metals'][0]['predicted']:.1f}" in shown
