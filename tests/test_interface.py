"""Python programs have what the command line has: the same numbers, and nothing printed unless it is asked for."""

import csv
import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from ase import Atoms

import reexplore as rx
from tests.calculations import given, without_parsl
from tests.commands import reexplore

SMALL = {
    "name": "one",
    "space": {
        "scaffolds": ["HOPO"],
        "substituents": ["H", "methyl"],
        "metals": ["La"],
        "coordinations": [{"ligands": 1}],
    },
    "constraints": [{"without": ["F"]}],
    "theory": {"level": "teacher", "builders": ["sketch"]},
    "surrogate": {"members": 2},
    "budget": {"seed_labels": 2, "batch": 1, "labels": 2},
    "execution": {"parsl": "local", "options": {"workers": 1}},
}
WATER = Atoms("OHH", [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]], info={"charge": 0})


def campaign(folder: Path, name: str = "one") -> rx.Campaign:
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(SMALL | {"name": name}))
    return rx.Campaign(folder / f"{name}.yaml", workspace=folder)


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """Return a workspace in which the results of campaign `one` are."""
    folder = tmp_path_factory.mktemp("computed")
    with without_parsl():
        campaign(folder).run()
    return folder


def with_geometries(folder: Path, computed: Path) -> Path:
    """Put the geometries of campaign `one` into a workspace; its energies are left to be computed."""
    given(*(place / "runs" / "_store" for place in (computed, folder)), lambda kind: kind.name != "energy")
    return folder


@pytest.fixture(scope="module")
def ran(tmp_path_factory, computed):
    """Return two campaigns of one workspace that ran at the same time in two threads of this process, with Parsl."""
    folder = with_geometries(tmp_path_factory.mktemp("python"), computed)
    both = [campaign(folder, name) for name in ("one", "two")]
    threads = [threading.Thread(target=each.run) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    return both


@pytest.mark.engine
def test_two_campaigns_run_at_once_in_one_process(ran):
    for each in ran:
        status = each.status()
        assert (status.labels, status.rounds_closed, status.driver) == (2, 1, None)
    first, second = (each.labels()[["name", "dft_kcal_mol"]] for each in ran)
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.engine
def test_tables_are_those_of_the_report(ran):
    one = ran[0]
    with (one.folder / "report" / "candidates.csv").open() as file:
        report = list(csv.DictReader(file))
    found = one.candidates()
    assert list(found.columns) == list(report[0])
    assert list(found["key"]) == [row["key"] for row in report]
    labels = one.labels()
    terms = [name for name in labels.columns if name.endswith("total (hartree)")]
    assert terms == [f"{part} total (hartree)" for part in ("complex", "ion", "ligand", "water", "aqua ion")]
    bound = labels["complex total (hartree)"] - labels["ion total (hartree)"] - labels["ligand total (hartree)"]
    bound -= 6 * labels["water total (hartree)"]
    np.testing.assert_allclose(627.5094740631 * bound, labels["dft_kcal_mol"], atol=1e-6)
    structures = one.structures()
    assert [atoms.info["name"] for atoms in structures] == list(labels["name"])
    assert all(atoms.symbols[0] == "La" for atoms in structures)


@pytest.mark.engine
def test_a_report_is_written_where_it_is_asked_for(ran, tmp_path):
    found = ran[0].report(html=tmp_path / "one.html", markdown=str(tmp_path / "one.md"))
    assert found == [tmp_path / "one.html", tmp_path / "one.md"]
    text = (tmp_path / "one.md").read_text()
    assert ", finished " in text
    assert "2 of 2 labels, 1 rounds, 2 candidates" in text


@pytest.mark.engine
def test_it_says_nothing_unless_it_is_asked(tmp_path, capfd, computed):
    one = campaign(with_geometries(tmp_path, computed))
    assert one.plan().candidates == 2
    assert any("INVENTED" in warning for warning in one.warnings)
    one.run()
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")
    one.run(progress=True)
    assert repr(one).startswith("Campaign('")


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """Return a campaign that ran to its end and has a model."""
    space = SMALL["space"] | {"metals": ["La", "Lu"]}
    return ran_to_its_end(tmp_path_factory.mktemp("learned"), space=space, budget=SMALL["budget"] | LEARNS)


LEARNS = {"seed_labels": 3, "labels": 3}


def ran_to_its_end(folder, **changes):
    (folder / "learned.yaml").write_text(yaml.safe_dump(SMALL | {"name": "learned"} | changes))
    one = rx.Campaign(folder / "learned.yaml", workspace=folder)
    with without_parsl():
        one.run()
    return one


@pytest.mark.engine
def test_ligands_of_the_campaign_are_predicted_as_in_its_forecast(learned):
    table = learned.candidates()
    smiles = list(dict.fromkeys(table["smiles"]))
    found = learned.predict(smiles)
    assert len(found) == len(table) == 4
    both = found.merge(table, on=["smiles", "metal", "ligands", "waters"], suffixes=("", "_forecast"))
    assert len(both) == 4
    for column in ("predicted_kcal_mol", "sigma_kcal_mol"):
        np.testing.assert_array_equal(both[column], both[f"{column}_forecast"])
    assert not list(learned.folder.parent.glob("_evidence/*"))


@pytest.mark.engine
def test_any_other_ligand_gets_a_geometry_of_its_own(learned):
    mapped, plain, broken, bare = "CC(=[O:11])N[O-:12]", "CC(=O)N[O-]", "C1CC", "CC"
    found = learned.predict([(plain, "Lu"), (broken, "La"), (mapped, "Lu"), (bare, "La")])
    assert list(found["smiles"]) == [plain, broken, mapped, bare]
    good, bad = found.iloc[[0, 2]], found.iloc[[1, 3]]
    assert list(good["donors"]) == ["O2, O4 (proposed)", "O2, O4"]
    # The same complex, whoever named its donors.
    assert good["predicted_kcal_mol"].nunique() == 1
    assert good["predicted_kcal_mol"].between(-1000, 0).all()
    assert (good["sigma_kcal_mol"] > 0).all()
    assert list(good["waters"]) == [6, 6]
    assert list(good["reason"]) == ["", ""]
    assert bad["predicted_kcal_mol"].isna().all()
    assert "'C1CC'" in bad["reason"].iloc[0]
    assert "can hold a metal" in bad["reason"].iloc[1]


@pytest.mark.engine
def test_its_own_geometry_gives_a_bare_scaffold_what_the_forecast_has(learned, monkeypatch):
    smiles = learned.candidates().set_index("name").loc["La(HOPO-H)(H2O)6", "smiles"]
    forecast = learned.predict(smiles)
    monkeypatch.setattr("reexplore.workbench.predictions.expected", lambda *_: {})
    again = learned.predict(smiles)
    np.testing.assert_allclose(again["predicted_kcal_mol"], forecast["predicted_kcal_mol"], atol=1e-4)
    np.testing.assert_allclose(again["sigma_kcal_mol"], forecast["sigma_kcal_mol"], atol=1e-4)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("ligands", "options", "told"),
    [
        (["O"], {"metals": "Fe"}, "unknown metal 'Fe'"),
        ([("O", "Eu")], {}, "metal Eu is none of campaign 'learned': its model has seen La, Lu only"),
        ([("O", "La")], {"metals": ["Lu"]}, "give SMILES, with metals= or without, or pairs"),
        ([7], {}, "predict: 7 is not understood"),
    ],
)
def test_what_cannot_be_asked_of_a_model_is_one_sentence(learned, ligands, options, told):
    with pytest.raises(rx.InputError, match=told):
        learned.predict(ligands, **options)


@pytest.mark.engine
def test_before_the_first_model_nothing_is_predicted(ran):
    with pytest.raises(rx.InputError, match="campaign 'one' has no model yet"):
        ran[0].predict(["CC(=O)N[O-]"])


def test_what_is_wrong_is_the_command_line_s_sentence(tmp_path):
    with pytest.raises(rx.InputError, match="no campaign 'nowhere'"):
        rx.Campaign("nowhere", workspace=tmp_path)
    with pytest.raises(rx.InputError, match="holds no campaign yet"):
        campaign(tmp_path).candidates()


@pytest.mark.engine
def test_a_label_is_that_of_the_command_line(tmp_path):
    found = rx.label(WATER, "gfn2", workspace=tmp_path)
    (tmp_path / "water.xyz").write_text("3\ncharge=0\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n")
    told = reexplore("label", "water.xyz", "--level", "gfn2", "--json", cwd=tmp_path)
    told_hartree = json.loads(told.stdout)["total_hartree"]
    assert found.terms.total_hartree == pytest.approx(told_hartree, abs=1e-7)
    assert rx.label(WATER, "gfn2", workspace=tmp_path).reused


@pytest.mark.parametrize(
    ("atoms", "options", "told"),
    [
        (Atoms("OHH", WATER.positions), {}, "the atoms name no charge"),
        (WATER, {"charge": 1}, r"name the charge \+0, but \+1 is given"),
        (Atoms("OHH", WATER.positions, info={"charge": 0.5}), {}, "no whole number"),
        (Atoms(info={"charge": 0}), {}, "there are no atoms"),
        (Atoms("OO", [[0, 0, 0], [0, 0, 0.1]], info={"charge": 0}), {}, "two atoms nearer than"),
        (Atoms("O", [[0, 0, np.nan]], info={"charge": 0}), {}, "positions that are no numbers"),
        (Atoms("O", [[0, 0, 0]], pbc=True, info={"charge": 0}), {}, "holds a crystal"),
    ],
)
def test_atoms_are_checked_like_files(atoms, options, told, tmp_path):
    with pytest.raises(rx.InputError, match=told):
        rx.label(atoms, "gfn2", workspace=tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.engine
def test_a_complex_is_built(tmp_path):
    options = {"builders": ["placement"], "placement_starts": 3, "refine": 1}
    built = rx.build("CC(=O)N[O-]", donors="2,4", metal="Lu", workspace=tmp_path, **options)
    assert built.structure.symbols[0] == "Lu"
    with pytest.raises(rx.InputError, match="placement_start"):
        rx.build("CC(=O)N[O-]", donors="2,4", workspace=tmp_path, placement_start=3)


def test_importing_it_loads_nothing():
    heavy = ("torch", "pandas", "rdkit", "pyscf", "parsl", "mlflow", "pydantic")
    code = f"import sys, reexplore; print([m for m in {heavy} if m in sys.modules], 'Campaign' in dir(reexplore))"
    shown = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[] True\n"
    assert not hasattr(rx, "nothing")
