"""A campaign's ligand file: real extractants and odd rows, what a change of it means, and where it may lie."""

import csv
import shutil
from pathlib import Path

import pytest
import yaml

from reexplore.campaign.declaration.begun import difference, written_out
from reexplore.campaign.declaration.listed_ligands import COPY
from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.loop import open_campaign
from reexplore.errors import InputError

ROWS = Path(__file__).parents[2] / "sources" / "data" / "ligands.csv"
SPACE = {"ligands": "ligands.csv", "metals": ["La", "Lu"], "coordinations": [{"ligands": 1}]}
FEW = "name,smiles,cost\nacetate,CC(=O)[O-],0.1\npicolinate,[O-]C(=O)c1ccccn1,7\nglycinate,NCC(=O)[O-],\n"


def listed(workspace, text=FEW, *, space=None, **changes):
    (workspace / "ligands.csv").write_text(text)
    file = workspace / "listed.yaml"
    data = {"name": "listed", "space": SPACE | (space or {}), "theory": {"level": "teacher", "builders": ["sketch"]}}
    file.write_text(yaml.safe_dump(data | changes))
    return prepare(str(file), workspace=workspace)


def refusal(workspace, text=FEW, **changes):
    with pytest.raises(InputError) as refused:
        listed(workspace, text, **changes)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Return the campaign on all rows."""
    return listed(tmp_path_factory.mktemp("real"), ROWS.read_text())


def test_every_row_is_accepted_or_refused_as_a_chemist_would(real):
    with ROWS.open(encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    for row, verdict in zip(expected, real.ligands.verdicts, strict=True):
        assert (verdict.row.name, verdict.is_accepted) == (row["name"], not row["refused"])
        if verdict.is_accepted:
            assert (row["name"], verdict.donors) == (row["name"], row["binds"])
        else:
            assert row["refused"] in verdict.reason


def test_the_space_is_the_accepted_rows(real):
    assert real.space.size == 2 * len(real.ligands.accepted) == len({c.key for c in real.space.candidates()})
    assert real.space.arithmetic().startswith(f"({len(real.ligands.accepted)} listed) ligands × 2 metals")
    by_name = {c.ligand.name: c for c in real.space.candidates()}
    assert any("pKa" in warning for warning in by_name["catecholate"].ligand.warnings)
    assert by_name["trans-CDTA"].ligand.identity.count("@") >= 2
    assert by_name["E-acetylacetonate"].waters == 7


@pytest.mark.parametrize(
    ("coordination", "reason"),
    [
        ({"ligands": 1, "coordination_number": 9}, "its 10 donors O0 N8 N10 O13 O16 N19 O22 O25 N34 O36"),
        ({"ligands": 3, "coordination_number": 9}, "3 × its 10 donors"),
    ],
)
def test_more_donors_than_places_are_named(tmp_path, coordination, reason):
    rows = {row["name"]: row["smiles"] for row in csv.DictReader(ROWS.read_text().splitlines())}
    text = f"name,smiles\nmacropa,{rows['macropa']}\nacetate,{rows['acetate']}\n"
    macropa, acetate = listed(tmp_path, text, space={"coordinations": [coordination]}).ligands.verdicts
    assert macropa.reason.startswith(reason)
    assert acetate.is_accepted


@pytest.mark.parametrize(
    ("smiles", "donors"), [("CC(=O)/C=C(C)/[O-]", "2 6"), ("[O-]C(=O)c1ccc(cc1)C(=O)[O-]", "0 10"), ("c1cnccn1", "2 5")]
)
def test_given_donors_that_face_no_common_metal_refuse_the_row(tmp_path, smiles, donors):
    verdict = listed(tmp_path, f"name,smiles,donors\nwater,O,\nasked,{smiles},{donors}\n").ligands.verdicts[1]
    assert verdict.reason.endswith("cannot hold one metal together")


def test_waters_that_do_not_add_up_refuse_the_row(tmp_path):
    setup = listed(
        tmp_path, FEW + "water,O,\n", space={"coordinations": [{"ligands": 1, "waters": 6, "coordination_number": 8}]}
    )
    assert setup.ligands.verdicts[-1].reason == "its donor O0 leave 7 places for water at coordination number 8, not 6"


def test_a_complex_too_large_refuses_the_row(tmp_path):
    wax = "C" * 70
    setup = listed(tmp_path, FEW + f"wax,{wax}(=O)[O-],\n", space={"coordinations": [{"ligands": 1}]})
    assert "atoms, more than 200" in setup.ligands.verdicts[-1].reason


def test_a_donor_without_numbers_on_the_surface_refuses_the_row(tmp_path):
    theory = {"level": "gfn2", "builders": ["placement"]}
    setup = listed(tmp_path, FEW + "phosphine,CP(C)C,\n", theory=theory)
    assert [v.status for v in setup.ligands.verdicts] == ["accepted"] * 3 + ["refused"]


def test_scaffolds_and_listed_ligands_are_searched_together(tmp_path):
    setup = listed(tmp_path, space={"scaffolds": ["CAM"], "substituents": ["H", "methyl"]})
    assert setup.space.arithmetic() == "(2 + 3 listed) ligands × 2 metals × 1 coordinations = 10 candidates"
    assert "scaffold of this campaign" in (
        listed(tmp_path, FEW + "CAM,CO,\n", space={"scaffolds": ["CAM"], "substituents": ["H"]})
        .ligands.verdicts[-1]
        .reason
    )


@pytest.mark.parametrize(
    ("space", "told"),
    [
        ({"ligands": None}, "there is nothing to search"),
        ({"scaffolds": ["CAM"]}, "'substituents' is missing or empty beside scaffolds"),
        ({"substituents": ["H"]}, "'scaffolds' is missing or empty beside substituents"),
        ({"ligands": "none.csv"}, "none.csv: No such file"),
        ({"ligands": "/etc/passwd"}, "lies outside of the workspace"),
        ({"metals": ["Xx"]}, "Xx"),
        ({"limit": 2}, "has 3 rows, more than space.limit = 2"),
    ],
)
def test_what_is_wrong_with_a_space_is_one_sentence(tmp_path, space, told):
    assert told in refusal(tmp_path, space=space)


def test_a_campaign_without_a_ligand_file_is_declared_as_before(tmp_path):
    space = {"scaffolds": ["CAM"], "substituents": ["H"], "metals": ["La"], "coordinations": [{"ligands": 1}]}
    file = tmp_path / "plain.yaml"
    file.write_text(yaml.safe_dump({"name": "plain", "space": space}))
    assert set(prepare(str(file), workspace=tmp_path).resolved()["space"]) == {*space, "limit"}


def test_a_file_that_changed_is_refused_with_the_copy_that_helps(tmp_path):
    setup = listed(tmp_path)
    open_campaign(setup).close()
    copy = setup.folder / COPY
    assert copy.read_text().splitlines() == [
        "name,smiles,cost,donors",
        "acetate,CC(=O)[O-],0.1,2 3",
        "picolinate,[O-]C(=O)c1ccccn1,7,0 8",
        "glycinate,NCC(=O)[O-],,0 4",
    ]
    told = refusal(tmp_path, FEW.replace("glycinate,NCC(=O)", "glycolate,OCC(=O)"))
    assert "is not what the campaign" in told
    assert str(copy) in told
    shutil.copy(copy, tmp_path / "copied.csv")
    for name in ("runs/listed/ligands.csv", "copied.csv"):
        again = listed(tmp_path, "name,smiles\nother,O\n", space={"ligands": name})
        open_campaign(again).close()
        assert again.resolved() == setup.resolved()


def test_the_order_of_rows_and_columns_changes_no_declaration(tmp_path):
    setup = listed(tmp_path)
    open_campaign(setup).close()
    header, *rows = (",".join(reversed(line.split(","))) for line in FEW.splitlines())
    turned = listed(tmp_path, "\n".join([header, *reversed(rows)]).replace("cost", "price"))
    assert difference(written_out(setup.resolved()), turned.resolved()) == []
    assert {c.key for c in turned.space.candidates()} == {c.key for c in setup.space.candidates()}


def test_a_file_that_is_gone_is_told_with_its_copy(tmp_path):
    setup = listed(tmp_path)
    open_campaign(setup).close()
    told = refusal(tmp_path, space={"ligands": "gone.csv"})
    assert "No such file" in told
    assert str(setup.folder / COPY) in told


def test_donors_of_a_begun_campaign_are_those_it_began_with(tmp_path, monkeypatch):
    open_campaign(listed(tmp_path)).close()
    monkeypatch.setattr("reexplore.campaign.declaration.listed_ligands.best_donors", lambda _smiles, sets: sets[0])
    monkeypatch.setattr("reexplore.sources.ligand_list.propose_donors", lambda *_, **__: pytest.fail("asked again"))
    assert [v.donors for v in listed(tmp_path).ligands.verdicts] == ["O2 O3", "O0 N8", "N0 O4"]


def test_a_cost_is_read_of_its_column(tmp_path):
    setup = listed(tmp_path, constraints=[{"cost": {"at_most": 5}}])
    reasons = {ligand.name: setup.rules.broken(ligand) for ligand in setup.space.ligands()}
    assert reasons == {
        "acetate": None,
        "picolinate": ("cost", "cost 7, at most 5"),
        "glycinate": ("cost", "no cost is given"),
    }


def test_a_changed_price_is_another_file(tmp_path):
    open_campaign(listed(tmp_path, constraints=[{"cost": {"at_most": 5}}])).close()
    told = refusal(tmp_path, FEW.replace("0.1", "0.2"), constraints=[{"cost": {"at_most": 5}}])
    assert "is not what the campaign" in told


@pytest.mark.parametrize(
    ("said", "text", "told"),
    [
        ({"at_most": 5, "column": "price"}, FEW, "has no column 'price': it has name, smiles, cost"),
        ({"at_most": 5}, FEW.replace(",7", ",cheap"), "line 3, column 'cost': 'cheap' is no number"),
        ({"at_most": 5}, FEW.replace(",7", ",nan"), "line 3, column 'cost': 'nan' is no number"),
        ({"at_most": 0.01}, FEW, "leave nothing to search"),
    ],
)
def test_costs_that_cannot_be_read_are_one_sentence(tmp_path, said, text, told):
    assert told in refusal(tmp_path, text, constraints=[{"cost": said}])


def test_a_cost_of_a_column_needs_a_file(tmp_path):
    space = {"ligands": None, "scaffolds": ["CAM"], "substituents": ["H"]}
    told = refusal(tmp_path, space=space, constraints=[{"cost": {"at_most": 5}}])
    assert "reads the column 'cost' of a ligand file: name one in space.ligands" in told


def test_a_row_whose_waters_make_a_number_that_a_metal_has_not_is_refused(tmp_path):
    open_number = {"coordinations": [{"ligands": 1, "waters": 3, "co_ligands": {"nitrate": 3}}]}
    setup = listed(tmp_path, FEW + "water,O,\n", space=open_number)
    assert setup.ligands.verdicts[-1].is_accepted
    refused = [verdict.reason for verdict in setup.ligands.verdicts if not verdict.is_accepted]
    made = "and 3 nitrate and 3 waters make the coordination number 11, but La is held in 6 to 10"
    assert any(made in reason for reason in refused)


AT_PH = "name,smiles,pka\nacetate,CC(=O)[O-],4.56\npicolinate,[O-]C(=O)c1ccccn1,\nphosphonate,COP(=O)([O-])C,\n"


def test_rows_without_pka_are_accepted_where_these_can_be_computed(tmp_path):
    real = {"level": "gfn2", "conditional": {"pH": 5}}
    setup = listed(tmp_path, AT_PH, theory=real)
    assert [verdict.status for verdict in setup.ligands.verdicts] == ["accepted", "accepted", "refused"]
    assert "its O5 is the base of no reference acid" in setup.ligands.verdicts[2].reason
    assert list(setup.at_ph.pka.values()) == [(4.56,)]


def test_a_campaign_that_wants_given_pka_refuses_the_others(tmp_path):
    sketch = {"level": "teacher", "builders": ["sketch"], "conditional": {"pH": 5, "pka": "given"}}
    setup = listed(tmp_path, AT_PH, theory=sketch)
    assert [verdict.status for verdict in setup.ligands.verdicts] == ["accepted", "refused", "refused"]
    assert setup.ligands.verdicts[1].reason == "the column pka has 0 of it, and theory.conditional needs 1"
    # As those did that began before pKa were computed.
    declared = setup.resolved()
    del declared["theory"]["conditional"]["pka"]
    assert written_out(declared)["theory"]["conditional"] == {"pH": 5.0, "pka": "given"}
