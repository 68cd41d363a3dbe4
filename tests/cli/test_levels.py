"""`reexplore levels`: every declared choice is shown, by name and value."""

import json
import sys

import pytest

from reexplore.cli import app as cli
from reexplore.cli.level_tables import choices
from reexplore.energies.levels import LEVELS, QUICK, span


@pytest.fixture
def run(monkeypatch, capsys):
    def ended(*arguments):
        monkeypatch.setattr(sys, "argv", ["reexplore", "levels", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        shown = capsys.readouterr()
        return exit_.value.code, " ".join(shown.out.split()), shown.err

    return ended


def test_every_level_is_listed_with_its_metals(run):
    code, out, _ = run("list")
    assert code == 0
    assert all(name in out for name in LEVELS)
    assert "Sc: all-electron" in out


def test_the_list_as_json_has_the_declarations(run):
    _, out, _ = run("list", "--json")
    told = {level["name"]: level for level in json.loads(out)}
    assert list(told) == list(LEVELS)
    for name, level in LEVELS.items():
        assert told[name].items() >= level.declaration().items()


def test_what_decides_an_energy_is_shown():
    shown = " ".join(value for _, value in choices(QUICK))
    declared = QUICK.declaration()
    for key in ("functional", "ligand_basis", "coulomb_fitting_basis", "solvent", "start_density", "orientation"):
        assert declared[key] in shown
    # lanthanum keeps 57 - 11 electrons in the core, lutetium 71 - 11.
    assert "46 (La) to 60 (Lu) electrons" in shown
    assert "194 points per sphere" in shown


def test_one_level_ends_with_what_not_to_compare(run):
    code, out, _ = run("show", "quick")
    assert code == 0
    assert "note: level 'quick' describes these metals in different ways" in out
    assert "La–Lu: 4f electrons in the core" in out
    assert "core potential ecp49mwb in place of 49 electrons" in " ".join(out.split())


def test_an_unknown_level_names_the_nearest(run):
    code, _, err = run("show", "quik")
    assert (code, "did you mean 'quick'?" in err) == (2, True)


def test_a_campaigns_own_level_is_shown_with_its_base(run, tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text("""
name: own
space: {scaffolds: [CAM], substituents: [H], metals: [La], coordinations: [{ligands: 1}]}
theory: {levels: [{name: finer, based_on: quick, grid_level: 3}]}
""")
    code, out, _ = run("show", "finer", "--campaign", str(file))
    assert code == 0
    assert "PySCF level 3" in out
    assert "quick, version 1" in out
    _, out, _ = run("list", "--json", "--campaign", str(file))
    assert json.loads(out)[-1]["based_on"] == "quick"


def test_neighbours_among_the_lanthanides_are_a_range():
    assert span(["Lu", "La", "Y", "Ce", "Eu", "Gd"]) == "Y La–Ce Eu–Gd Lu"
