"""What a campaign tells people: doubts reach every table, and so does the contraction."""

import csv
import io
import json
from dataclasses import replace

import pytest
from ase.io import read
from rich.console import Console

from reexplore.campaign.results.report import (
    _held,
    candidate_table,
    contraction_table,
    footnotes,
    selectivity_table,
    write_files,
)
from tests.tracking.sample import campaign, contraction_row, selectivity_rows


@pytest.fixture(scope="module")
def record():
    # Its eight groups hold a thiol and a carboxylic acid; every CAM is doubtful too.
    return replace(campaign(), contraction=(contraction_row(),))


@pytest.fixture(scope="module")
def report(record, tmp_path_factory):
    folder = tmp_path_factory.mktemp("campaign")
    write_files(record, folder)
    return folder / "report"


def printed(*things):
    console = Console(width=160, file=io.StringIO())
    for thing in things:
        console.print(thing)
    return console.file.getvalue()


def test_every_doubt_of_the_ligands_is_known():
    doubts = campaign().doubts
    assert [doubt.partition(":")[0] for doubt in doubts] == ["CAM", "carboxylic-acid", "thiol"]


def test_doubts_reach_the_terminal(record):
    text = printed(candidate_table(record, top=40), *footnotes(record))
    doubtful = [line for line in text.splitlines() if "CAM-" in line]
    assert doubtful
    assert all(" !" in line for line in doubtful)
    for doubt in record.doubts:
        assert f"! {doubt}" in text


def test_a_table_keeps_its_numbers_on_eighty_columns(record):
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(candidate_table(record, top=3))
    lines = console.export_text().splitlines()
    shown = [row for row in record.rows if row.rank == 1 and row.predicted_kcal_mol is not None]
    assert shown
    for row in shown:
        numbers = f"{row.predicted_kcal_mol:.1f} ± {row.sigma_kcal_mol:.1f}"
        assert any(line.split()[:1] == ["1"] and row.name in line and numbers in line for line in lines)


def test_doubts_reach_every_file(record, report):
    rows = list(csv.DictReader((report / "candidates.csv").open()))
    assert [row["warnings"] for row in rows] == ["; ".join(row.warnings) for row in record.rows]
    page = (report / "top_candidates.html").read_text()
    for doubt in record.doubts:
        assert doubt in page
    labelled = [row for row in record.rows if row.dft_kcal_mol is not None]
    structures = read(report / "labels.extxyz", index=":")
    assert [atoms.info["warnings"] for atoms in structures] == [list(row.warnings) for row in labelled]
    assert [atoms.info["smiles"] for atoms in structures] == [row.smiles for row in labelled]


def test_the_contraction_is_told_with_its_caveat(record, report):
    text = " ".join(printed(contraction_table(record)).split())
    assert "CAM-thiol (1 L, 6 H2O) ! 0.50 ± 0.00 O 0.31, water 0.56 La Eu Lu" in text
    (row,) = csv.DictReader((report / "contraction.csv").open())
    assert (row["slope"], row["metals"], row["warnings"]) == (
        "0.497",
        "La; Eu; Lu",
        "; ".join(contraction_row().warnings),
    )
    table = json.loads((report / "contraction.json").read_text())
    assert table["series"][0]["donor_slopes"] == {"O": 0.31, "water": 0.562}
    page = (report / "top_candidates.html").read_text()
    for told in (text, table["note"], page):
        assert "plain GFN2-xTB gives 0.3 to 0.5" in told
    assert "CAM-thiol (1 L, 6 H₂O)" in page


def test_without_a_series_nothing_is_said_of_the_contraction(tmp_path):
    write_files(campaign(), tmp_path)
    assert not list((tmp_path / "report").glob("contraction*"))
    assert (
        "contraction" not in (tmp_path / "report" / "top_candidates.html").read_text().lower().partition("<script")[0]
    )


WHY = "ligand charges -2 and -1: the charge alone decides the order"


@pytest.fixture
def selective():
    return replace(campaign(), selectivity=selectivity_rows(), why_groups=("Eu and La: no trend",), why_exchange=(WHY,))


def test_selectivities_are_told_with_what_they_leave_out(selective, tmp_path):
    text = " ".join(printed(selectivity_table(selective)).split())
    assert "CAM-thiol ! La Eu -3.2 ± 0.2, Lu -9.5" in text
    write_files(selective, tmp_path)
    rows = list(csv.DictReader((tmp_path / "report" / "selectivity.csv").open()))
    assert [(r["first_metal"], r["second_metal"], r["selectivity_kcal_mol"], r["error_kcal_mol"]) for r in rows] == [
        ("La", "Eu", "-3.25", "0.2"),
        ("La", "Lu", "-9.5", ""),
        ("Eu", "Lu", "-6.25", "0.2"),
    ]
    page = (tmp_path / "report" / "top_candidates.html").read_text()
    assert "Eu&nbsp;−3.2&nbsp;±&nbsp;0.2, Lu&nbsp;−9.5" in page
    for told in (text, page, (tmp_path / "report" / "selectivity.json").read_text()):
        assert "without entropy" in told
        assert told.count(WHY) == 1


def test_why_ranks_end_at_a_group_is_told_once(selective, tmp_path):
    write_files(selective, tmp_path)
    page = (tmp_path / "report" / "top_candidates.html").read_text()
    for told in ("\n".join(footnotes(selective)), page):
        assert told.count("Eu and La: no trend") == 1


def test_errors_stand_beside_their_energies(tmp_path):
    record = campaign()
    labelled = next(row for row in record.rows if row.dft_kcal_mol is not None)
    sure = replace(
        labelled, dft_kcal_mol=-250.0, dft_error_kcal_mol=0.3, exchange_kcal_mol=-61.0, exchange_error_kcal_mol=1.2
    )
    record = replace(record, rows=(sure,))
    assert "-250.0 ± 0.3 -61.0 ± 1.2" in " ".join(printed(candidate_table(record, top=1)).split())
    write_files(record, tmp_path)
    (row,) = csv.DictReader((tmp_path / "report" / "candidates.csv").open())
    assert (row["dft_error_kcal_mol"], row["exchange_kcal_mol"], row["exchange_error_kcal_mol"]) == (
        "0.3",
        "-61.0",
        "1.2",
    )
    (atoms,) = read(tmp_path / "report" / "labels.extxyz", index=":")
    assert atoms.info["exchange_energy_kcal_mol"] == -61.0


def test_without_two_metals_nothing_is_said_of_selectivity(tmp_path):
    write_files(campaign(), tmp_path)
    assert not list((tmp_path / "report").glob("selectivity*"))


def test_the_intervals_of_all_rounds_are_counted_together(record):
    first, *_ = record.rounds
    rounds = [
        replace(first, metrics={}),
        replace(first, metrics={"prospective/n": 4.0, "prospective/coverage_90": 0.75}),
        replace(first, metrics={"prospective/n": 6.0, "prospective/coverage_90": 1.0}),
    ]
    assert _held(rounds) == "; predicted before labelling: 9 of 10 inside their 90 % intervals"
    assert _held(rounds[:1]) == ""
