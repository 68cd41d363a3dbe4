import csv
import io
import json
from dataclasses import replace

import pandas
import pytest

from reexplore.tracking.exports import allowed_name, curves, digest, file_states, guide, table, to_json
from tests.tracking.sample import campaign


def test_json_is_strict_and_has_null_where_a_number_is_missing():
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    text = to_json({"a": float("nan"), "b": [1.5, float("inf")], "c": ("x", None)})
    assert json.loads(text, parse_constant=refuse) == {"a": None, "b": [1.5, None], "c": ["x", None]}


def test_table_reads_back_as_csv():
    batch = campaign().rounds[0].batch
    rows = list(csv.DictReader(io.StringIO(table(batch))))
    assert [row["key"] for row in rows] == [row.key for row in batch]
    assert float(rows[0]["dft_kcal_mol"]) == batch[0].dft_kcal_mol
    assert {row["verdict"] for row in rows} == {"labelled", "failed: water_lost"}


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("best_kcal_mol/Eu (1 L, 6 H2O), L charge -2", "best_kcal_mol/Eu 1 L 6 H2O L charge -2"),
        ("mae_kcal_mol/Morgan + ridge", "mae_kcal_mol/Morgan ridge"),
        ("labels", "labels"),
    ],
)
def test_names_lose_only_what_mlflow_refuses(name, allowed):
    assert allowed_name(name) == allowed


def test_curves_have_one_point_for_each_finished_round():
    record = campaign()
    running = replace(record, rounds=(*record.rounds[:2], replace(record.rounds[2], finished_at_ms=None)))
    points = [point for point in curves(running) if point[0] == "labels"]
    assert [(step, time) for _, _, time, step in points] == [(n, record.rounds[n].finished_at_ms) for n in (0, 1)]
    assert len({(name, step) for name, _, _, step in curves(record)}) == len(curves(record))


def test_digest_follows_the_content_of_a_model_file(tmp_path):
    model = tmp_path / "best.ckpt"
    model.write_text("one")
    round_ = replace(campaign().rounds[0], files={"member-0": model, "member-1": tmp_path / "gone"})
    before = digest(file_states(round_))
    assert digest(file_states(round_)) == before
    model.write_text("another")
    assert digest(file_states(round_)) != before
    assert file_states(round_)["member-1"] is None


def test_guide_says_loudly_that_an_oracle_is_a_fake():
    assert "**energies are INVENTED**" in guide(replace(campaign(), banner="energies are INVENTED"))


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", 'a "b", c', "two\nlines", "größe", "C/C=C\\C"]
)
def test_a_table_is_read_back_and_computes_nothing(text):
    row = replace(campaign().rows[0], warnings=(text, "second"), smiles=text, dft_kcal_mol=-12.5)
    (read,) = pandas.read_csv(io.StringIO(table((row,)))).to_dict("records")
    assert read["smiles"].removeprefix("'") == text
    assert read["warnings"].removeprefix("'") == f"{text}; second"
    assert read["smiles"][0] not in "=+-@\t\r"
    # A number is no formula.
    assert read["dft_kcal_mol"] == -12.5


def test_controls_are_counted_with_the_share_that_surpasses_what_models_chose():
    record = campaign()
    mine = [row for row in record.rows if row.metal == "La" and row.dft_kcal_mol is not None]
    energies = (-10.0, -12.0, -11.0)
    roles = ("acquisition", "control", "control")
    rows = [
        replace(row, role=role, round=number, dft_kcal_mol=energy, dft_error_kcal_mol=0.3)
        for number, (row, role, energy) in enumerate(zip(mine, roles, energies, strict=False))
    ]
    found = {(name, step): value for name, value, _, step in curves(replace(record, rows=tuple(rows)))}
    assert ("controls/n", 0) not in found
    assert (found["controls/n", 1], found["controls/surpass the chosen", 1]) == (1, 1)
    later = replace(record, rows=(*rows[:2], replace(rows[2], dft_kcal_mol=-9.0)))
    found = {(name, step): value for name, value, _, step in curves(later)}
    assert (found["controls/n", 2], found["controls/surpass the chosen", 2]) == (2, 0.5)
    assert found[f"best_error_kcal_mol/{rows[0].group}", 2] == 0.3
