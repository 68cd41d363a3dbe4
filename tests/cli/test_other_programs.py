"""The commands that bring energies out and in; what they do is tested in `campaign/test_elsewhere.py`."""

import pytest
from typer.testing import CliRunner

from reexplore.cli.app import app
from tests.campaign.running.test_external_energies import awaiting, context, filled, rows_of, write_rows
from tests.commands import reexplore

__all__ = ["context"]


def test_out_and_in_again(context, tmp_path, monkeypatch):
    stopped = awaiting(context)
    monkeypatch.setattr("reexplore.campaign.declaration.setup.prepare", lambda _reference, **_: stopped.setup)
    out = tmp_path / "inputs"
    shown = CliRunner().invoke(app, ["campaign", "export", "small", "--to", "orca", "--out", str(out)])
    assert shown.exit_code == 0, shown.output
    assert "7 inputs for orca" in shown.output
    assert "never run" in shown.output
    assert len(list(out.glob("*.inp"))) == 7

    table = write_rows(out, filled(stopped, rows_of(out)))
    shown = CliRunner().invoke(app, ["campaign", "import", "small", str(table)])
    assert shown.exit_code == 0, shown.output
    assert "7 energies and 0 failures imported, 0 were there before, 0 are still awaited" in shown.output
    assert "ORCA 6.0.1 stand as level 'quick'" in shown.output
    assert "campaign resume small" in shown.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "rehearsal", "--to", "orca", "--out", "inputs"], "holds no campaign yet"),
        (["export", "rehearsal", "--to", "gaussian", "--out", "inputs"], "gaussian"),
        (["import", "rehearsal", "nowhere.csv"], "nowhere.csv"),
        (["run", "rehearsal", "--energies-elsewhere"], "level 'teacher' is no density functional"),
    ],
)
def test_errors_are_one_sentence(tmp_path, arguments, message):
    ended = reexplore("campaign", *arguments, cwd=tmp_path)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--export", "orca"], "! RKS PBE D4 def2-SVPD RI DEFGRID3 TightSCF"),
        (["--export", "orca", "--level", "paper"], "! RKS B3LYP D4 def2-SVPD RIJK DEFGRID3 TightSCF"),
        (["--export", "pyscf"], "CHARGE, MULTIPLICITY = 0, 1"),
    ],
)
def test_one_structure_goes_out_as_an_input(tmp_path, arguments, line):
    (tmp_path / "water.xyz").write_text("3\ncharge=0\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n")
    ended = reexplore("label", "water.xyz", *arguments, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert line in ended.stdout.splitlines()
    assert [path.name for path in tmp_path.iterdir()] == ["water.xyz"]
