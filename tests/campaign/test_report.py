"""What a campaign tells people: doubts reach every table, and so does the contraction."""

import csv
import io
import json
from dataclasses import replace

import pytest
from ase.io import read
from rich.console import Console

from reexplore.campaign.report import candidate_table, contraction_table, footnotes, write_files
from tests.tracking.sample import campaign, contraction_row


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


def test_doubts_reach_every_file(record, report):
    rows = list(csv.DictReader((report / "candidates.csv").open()))
    assert [row["warnings"] for row in rows] == ["; ".join(row.warnings) for row in record.rows]
    page = (report / "top_candidates.html").read_text()
    for doubt in record.doubts:
        assert doubt in page
    labelled = [row for row in record.rows if row.dft_kcal_mol is not None]
    structures = read(report / "labels.extxyz", index=":")
    assert [atoms.info["warnings"] for atoms in structures] == ["; ".join(row.warnings) for row in labelled]


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
        assert "GFN2-xTB under-estimates" in told
    assert "CAM-thiol (1 L, 6 H₂O)" in page


def test_without_a_series_nothing_is_said_of_the_contraction(tmp_path):
    write_files(campaign(), tmp_path)
    assert not list((tmp_path / "report").glob("contraction*"))
    assert (
        "contraction" not in (tmp_path / "report" / "top_candidates.html").read_text().lower().partition("<script")[0]
    )
