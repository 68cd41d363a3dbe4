"""Anchors stand beside the candidates that were computed like them, and what is not alike is never put together."""

import csv
import io
import itertools
import json
import re
from dataclasses import replace

import pytest
import yaml
from rich.console import Console

from reexplore.anchors.computed import read_computed
from reexplore.anchors.table import read_anchors
from reexplore.campaign.declaration.begun import difference
from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.results.anchor_tables import anchor_notes, anchor_tables
from reexplore.campaign.results.measured_anchors import MeasuredAnchors
from reexplore.campaign.results.report import objective_tables, report_record, write_files
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import METALS
from reexplore.energies.protons import KCAL_MOL_PER_LOG_UNIT, conditional_log_k, log_k
from reexplore.errors import InputError
from reexplore.properties.label import Label
from reexplore.tracking.estimates import Estimated
from reexplore.tracking.records import GoalRecord, LigandRow
from tests.campaign.ledger.test_labels import energy
from tests.tracking.sample import campaign

CONSTANT = [{"property": "complexation_free_energy", "metal": "Gd"}]
EXCHANGE = [{"property": "exchange_energy", "metal": "Gd"}]
HEADING = "ligand,smiles,pka,metal,log_k1\n"
ACETATE = "CC(=[O:11])[O-:12]"
ANCHORS = {anchor.name: anchor for anchor in read_anchors()}
SHIPPED = {(row.ligand, row.metal, row.reference): row for row in read_computed()}
ACIDS = ("acetate", "glycolate", "lactate", "2-hydroxyisobutyrate", "picolinate")


def declared(folder, *, tables=None, ph=None, **changes):
    """Return a checked campaign of HOPO with gadolinium; `tables` are files beside it."""
    for name, text in (tables or {}).items():
        (folder / name).write_text(text)
    space = {"scaffolds": ["HOPO"], "substituents": ["H"], "coordinations": [{"ligands": 1}]}
    if ph is not None:
        (folder / "ligands.csv").write_text("name,smiles,pka\nmine,CC(=[O:11])N[O-:12],9.4\n")
        space = {"ligands": "ligands.csv", "coordinations": [{"ligands": 1}]}
    theory = {"level": "standard"} | changes.pop("theory", {}) | ({} if ph is None else {"conditional": {"pH": ph}})
    data = {"name": "trial", "space": space, "objective": CONSTANT, "theory": theory} | changes
    file = folder / "trial.yaml"
    file.write_text(yaml.safe_dump(data))
    return prepare(str(file), workspace=folder)


def label(ligand, kcal_mol, metal="Gd", *, waters=6, ligands=1, aqua_waters=8, free=True, co_ligands=()):
    """Return a label whose every part but the complex has no energy: the complex has that of the exchange."""
    candidate = Candidate(ligand, METALS[metal], ligands, waters, co_ligands)
    parts = {"complex": energy(kcal_mol), "ion": energy(0), "ligand": energy(0), "water": energy(0)}
    thermal = 0.0 if free else None
    parts = {name: replace(terms, thermal_hartree=thermal) for name, terms in parts.items()}
    return Label(candidate, parts, parts["water"], aqua_waters)


def of(scaffold, substituent="H"):
    return assemble(SCAFFOLDS[scaffold], (SUBSTITUENTS[substituent],))


def mapped(ligand):
    """Return a ligand's SMILES with its donors numbered as people write them."""
    numbers = itertools.count(11)
    return re.sub(r":1\]", lambda _: f":{next(numbers)}]", ligand.identity)


def printed(*things):
    console = Console(width=120, file=io.StringIO())
    for thing in things:
        console.print(thing)
    return console.file.getvalue()


def test_anchors_of_the_charge_stand_beside_a_candidate_calibrated_on_the_others(tmp_path):
    found = MeasuredAnchors.of(declared(tmp_path), [label(of("HOPO"), -12.0)])
    (panel,) = found.record.panels
    assert (panel.charge, panel.metal, panel.measured) == (-1, "Gd", "log K1")
    assert {*ACIDS} <= {row.ligand for row in panel.rows}
    rows = {row.ligand: row for row in panel.rows}
    picolinate = rows["picolinate"]
    assert picolinate.measured == ANCHORS["picolinate"].log_k1["Gd"]
    assert picolinate.computed == pytest.approx(log_k(SHIPPED["picolinate", "Gd", "anion"].free_kcal_mol))
    others = [row.measured - row.computed for row in panel.rows if row.ligand != "picolinate"]
    assert picolinate.calibrated == pytest.approx(picolinate.computed + sum(others) / len(others))
    (candidate,) = panel.candidates
    assert candidate.computed == pytest.approx(12.0 / KCAL_MOL_PER_LOG_UNIT)
    assert candidate.calibrated.value == pytest.approx(candidate.computed + panel.calibration.intercept)
    assert candidate.calibrated.error == panel.calibration.error_log_units
    assert found.of_label(label(of("HOPO"), -12.0)).calibrated == candidate.calibrated


def test_from_the_acid_both_lack_the_protons_and_the_calibration_is_the_same_number_of_rows(tmp_path):
    found = MeasuredAnchors.of(declared(tmp_path, theory={"reference": "acid"}), [label(of("HOPO"), 1.0)])
    (panel,) = found.record.panels
    row = next(row for row in panel.rows if row.ligand == "acetate")
    assert panel.measured == "log K1 − Σ pKa"
    assert row.measured == pytest.approx(ANCHORS["acetate"].log_k1["Gd"] - 4.56)
    assert row.computed == pytest.approx(log_k(SHIPPED["acetate", "Gd", "acid"].free_kcal_mol))
    assert found.of_label(label(of("HOPO"), 1.0)).name == "log K1 − Σ pKa"


def test_at_a_ph_constants_are_those_that_act_there(tmp_path):
    found = MeasuredAnchors.of(declared(tmp_path, ph=4.0, theory={"reference": "acid"}), [label(of("HOPO"), -3.0)])
    (panel,) = found.record.panels
    row = next(row for row in panel.rows if row.ligand == "acetate")
    assert panel.measured == "log K1 at pH 4"
    assert row.measured == pytest.approx(conditional_log_k(ANCHORS["acetate"].log_k1["Gd"], (4.56,), ph=4.0))
    from_anion = log_k(SHIPPED["acetate", "Gd", "acid"].free_kcal_mol) + 4.56
    assert row.computed == pytest.approx(conditional_log_k(from_anion, (4.56,), ph=4.0))


def test_the_nearest_metal_stands_in_and_says_so(tmp_path):
    goal = [{"property": "complexation_free_energy", "metal": "Eu"}]
    (panel,) = MeasuredAnchors.of(declared(tmp_path, objective=goal), [label(of("HOPO"), -12.0, "Eu")]).record.panels
    assert panel.metal == "Gd"
    assert "with Gd, the nearest in size to Eu that was computed" in panel.verdict


def test_what_the_campaign_labelled_itself_goes_before_what_is_shipped(tmp_path):
    acetate = plain_ligand(ACETATE).ligand
    both = [label(acetate, -20.0), label(acetate, -21.0, waters=7)]
    (panel,) = MeasuredAnchors.of(declared(tmp_path), both).record.panels
    row = next(row for row in panel.rows if row.ligand == "acetate")
    # Of two coordination numbers the lower free energy is the constant.
    assert (row.energy_kcal_mol, row.coordination_number) == (pytest.approx(-21.0), 9)
    assert row.computed_by == "campaign"


def test_anchors_of_ones_own_stand_beside_the_shipped_ones(tmp_path):
    own = f"mine,{mapped(of('HOPO'))},,Gd,7.5\nacetate,{ACETATE},4.56,Gd,1.8\nfar,CC[O-:11],,Gd,3\n"
    setup = declared(tmp_path, tables={"mine.csv": HEADING + own}, anchors=["mine.csv", "shipped"])
    found = MeasuredAnchors.of(setup, [label(of("HOPO"), -12.0)])
    rows = {row.ligand: row for row in found.record.panels[0].rows}
    assert (rows["mine"].measured, rows["mine"].computed_by, rows["mine"].source) == (7.5, "campaign", "mine.csv")
    # A value of one's own replaces that which is shipped, which was computed all the same.
    assert (rows["acetate"].measured, rows["acetate"].computed_by) == (1.8, "shipped")
    assert "far" not in rows
    assert any(note.startswith("Without a computed value in mine.csv: far;") for note in found.record.notes)
    alone = MeasuredAnchors.of(declared(tmp_path, anchors="mine.csv"), [label(of("HOPO"), -12.0)])
    assert {row.ligand for panel in alone.record.panels for row in panel.rows} == {"mine", "acetate"}


def test_distribution_ratios_have_an_order_and_no_calibration(tmp_path):
    names = ("H", "methyl", "fluoro")
    table = "".join(
        f"{name},{mapped(of('HOPO', name))},,Gd,{value}\n" for name, value in zip(names, (0.5, 1.5, -0.5), strict=True)
    )
    setup = declared(tmp_path, tables={"d.csv": HEADING.replace("log_k1", "log_d") + table}, anchors="d.csv")
    labels = [
        label(of("HOPO", name), value, ligands=3, waters=2) for name, value in zip(names, (-4, -5, -3), strict=True)
    ]
    found = MeasuredAnchors.of(setup, labels)
    (panel,) = found.record.panels
    assert (panel.measured, panel.unit, panel.title) == ("log D", "kcal/mol", "L charge -1, Gd, 3 L, 2 H2O")
    assert panel.spearman == pytest.approx(1.0)
    assert panel.calibration is None
    assert found.of_label(labels[0]) is None


def test_electronic_energies_are_ordered_among_complexes_that_lose_as_many_waters(tmp_path):
    setup = declared(tmp_path, objective=EXCHANGE)
    found = MeasuredAnchors.of(setup, [label(of("HOPO"), -7.0, free=False), label(of("CAM"), -9.0, free=False)])
    first, *rest = found.record.panels
    assert (first.charge, first.unit, first.calibration) == (-1, "kcal/mol", None)
    for panel in (first, *rest):
        assert all(row.coordination_number == row.aqua_waters for row in panel.rows)
    row = next(row for row in first.rows if row.ligand == "acetate")
    assert row.computed == SHIPPED["acetate", "Gd", "anion"].electronic_kcal_mol
    assert found.of_label(label(of("HOPO"), -7.0, free=False)) is None
    assert "no entropy" in " ".join(found.record.notes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"objective": [{"property": "binding_energy", "metal": "Gd"}]}, "a binding energy from the bare ion is on"),
        ({"theory": {"level": "quick"}}, "level 'quick' on gfn2-m .*: list anchors in space.ligands"),
        ({"theory": {"surface": "gfn2"}}, "level 'standard' on .*: list anchors in space.ligands"),
    ],
)
def test_why_there_are_none_is_one_sentence_with_what_would_give_them(tmp_path, changes, told):
    found = MeasuredAnchors.of(
        declared(tmp_path, **changes), [label(of("HOPO"), -12.0, free="objective" not in changes)]
    )
    assert not found.record.panels
    assert re.search(told, " ".join(found.record.notes))


def test_free_energies_from_another_aqua_ion_are_left_out(tmp_path):
    found = MeasuredAnchors.of(declared(tmp_path, theory={"aqua_waters": 8}), [label(of("HOPO"), -12.0)])
    assert {row.aqua_waters for panel in found.record.panels for row in panel.rows} == {8}


def test_none_are_shown_where_none_are_wanted_and_beside_invented_energies(tmp_path):
    labels = [label(of("HOPO"), -12.0)]
    found = MeasuredAnchors.of(declared(tmp_path, anchors="none"), labels)
    assert found.record == type(found.record)()
    assert found.of_label(labels[0]).computed == pytest.approx(12.0 / KCAL_MOL_PER_LOG_UNIT)
    fake = MeasuredAnchors.of(
        declared(tmp_path, objective=EXCHANGE, theory={"level": "teacher", "builders": ["sketch"]}), labels
    )
    assert (fake.record, fake.of_label(labels[0])) == (type(found.record)(), None)


def test_what_has_no_first_constant_gets_none(tmp_path):
    found = MeasuredAnchors.of(declared(tmp_path), [label(of("HOPO"), -12.0)])
    assert found.of_label(label(of("HOPO"), -12.0, ligands=2, waters=4)) is None
    goals = declared(tmp_path).goals
    row = LigandRow(
        "k", "HOPO-H", "O", "1 L, 6 H2O", -1, 1, 6, "labelled", (Estimated(-12.0, None),), (None,)
    )  # fmt: skip
    one, two = found.with_constants([row, replace(row, ligands=2)], goals)
    assert one.log_k[0].computed == pytest.approx(12.0 / KCAL_MOL_PER_LOG_UNIT)
    assert two.log_k == (None,)


def test_page_files_and_terminal_tell_the_same(tmp_path):
    found = MeasuredAnchors.of(declared(tmp_path), [label(of("HOPO"), -12.0)])
    (panel,) = found.record.panels
    goal = GoalRecord("free energy of complexation Gd", "kcal/mol", "lower", "held in place of water")
    row = LigandRow(
        "k", "HOPO-H", "O", "1 L, 6 H2O", -1, 1, 6, "labelled", (Estimated(-12.0, None),), (None,), rank=1
    )  # fmt: skip
    rows = found.with_constants([row], declared(tmp_path).goals)
    record = replace(campaign(), anchors=found.record, goals=(goal,), by_goals=rows)
    write_files(record, tmp_path)
    page = (tmp_path / "report" / "top_candidates.html").read_text()
    (table,) = csv.DictReader((tmp_path / "report" / "objective.csv").open())
    shown = printed(*anchor_tables(found.record), *anchor_notes(found.record), *objective_tables(record, top=1))
    for text in (page, shown):
        assert "picolinate" in text
        assert panel.verdict.split(";")[-1] in text.replace("\n", " ")
    assert str(rows[0].log_k[0]) in page
    assert table["free_energy_of_complexation_Gd_constant"] == "log K1"
    assert float(table["free_energy_of_complexation_Gd_calibrated_log_k"]) == panel.candidates[0].calibrated.value
    anchors = list(csv.DictReader((tmp_path / "report" / "anchors.csv").open()))
    assert [row["ligand"] for row in anchors] == [row.ligand for row in panel.rows]
    assert json.loads((tmp_path / "report" / "anchors.json").read_text())["panels"][0]["verdict"] == panel.verdict
    assert report_record(record)["anchors"]["panels"][0]["spearman"] == panel.spearman


def test_anchors_may_be_changed_at_any_time(tmp_path):
    first = declared(tmp_path).resolved()
    assert difference(first, declared(tmp_path, anchors="none").resolved()) == []


@pytest.mark.parametrize(
    ("said", "line", "told"),
    [
        (
            "mine.csv",
            "acetate,CC(=[O:11])[O-:12],4.56,Fe,1.4",
            "'anchors.0': .*mine.csv, line 2: 'Fe' is no rare earth",
        ),
        (["shipped", "mine.csv"], "acetate,CC(=[O:11])[O-:12],4.56,La,x", "'anchors.1': .*line 2: 'x' is not a number"),
        ("other.csv", "", "'anchors.0': cannot read the anchors .*other.csv"),
        ("../mine.csv", "", "'anchors.0': .* lies outside of the workspace"),
        (["none", "shipped"], "", "none stands alone"),
        (["shipped", "shipped"], "", "names a table twice"),
    ],
)
def test_bad_anchors_are_one_sentence_before_anything_runs(tmp_path, said, line, told):
    folder = tmp_path / "here"
    folder.mkdir()
    with pytest.raises(InputError, match=told) as refused:
        declared(folder, tables={"mine.csv": HEADING + line}, anchors=said)
    assert "\n" not in str(refused.value)
    assert {path.name for path in folder.iterdir()} == {"mine.csv", "trial.yaml"}
