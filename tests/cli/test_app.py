"""The command line: quick to answer, and every error is one sentence with its exit code."""

import json
import subprocess
import sys

import pytest

from reexplore.campaign.running.stopping import Held, Stopped
from reexplore.cli import app as cli
from tests.commands import reexplore

HEAVY = "torch nequip allegro pyscf architector mlflow parsl botorch rdkit"


def test_help_loads_no_engine(tmp_path):
    code = (
        "import sys; sys.argv = ['reexplore', '--help']\n"
        "from reexplore.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"sys.stderr.write(' '.join(m for m in '{HEAVY}'.split() if m in sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "campaign" in shown.stdout
    assert shown.stderr == ""


def test_help_names_the_exit_codes_and_gives_examples(tmp_path):
    assert "Exit codes" in reexplore("--help", cwd=tmp_path).stdout
    assert "reexplore campaign run" in reexplore("campaign", "run", "--help", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["campaign", "validate", "nowhere"], 2, "no campaign 'nowhere'"),
        (["campaign", "status", "rehearsal"], 2, "holds no campaign yet"),
        (["campaign", "resume", "rehearsal"], 2, "holds no campaign yet"),
        (["campaign", "run"], 2, "Missing argument"),
        (["campaign", "fly"], 2, "No such command"),
    ],
)
def test_errors_are_one_sentence_and_change_nothing(tmp_path, arguments, code, message):
    ended = reexplore(*arguments, cwd=tmp_path)
    assert ended.returncode == code
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (3, 3), (130, 130)])
def test_the_exit_code_of_a_command_is_passed_on(monkeypatch, returned, code):
    monkeypatch.setattr(cli, "app", lambda **_: returned)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code


@pytest.mark.parametrize(("reason", "code"), [("SIGTERM came", 75), (Held("paused"), 76)])
def test_a_campaign_that_was_asked_to_stop_is_no_error(monkeypatch, capsys, reason, code):
    def stop(**_):
        raise Stopped(reason)

    monkeypatch.setattr(cli, "app", stop)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code, capsys.readouterr().err) == (code, f"stopped: {reason}\n")


def test_validate_and_plan_create_nothing(tmp_path):
    assert "= 48 candidates" in reexplore("campaign", "validate", "quickstart", cwd=tmp_path).stdout
    planned = reexplore("campaign", "plan", "quickstart", cwd=tmp_path).stdout
    assert "core-hours" in planned
    assert list(tmp_path.iterdir()) == []


def test_plan_and_validate_show_every_row_of_a_ligand_file(tmp_path):
    rows = "name,smiles\npicolinate,[O-]C(=O)c1ccccn1\nbenzene [green],c1ccccc1\nagain,[O-]C(=O)c1ncccc1\n"
    (tmp_path / "mine.csv").write_text(rows)
    (tmp_path / "listed.yaml").write_text(
        "name: listed\nspace: {ligands: mine.csv, metals: [La], coordinations: [{ligands: 1}]}\n"
        "theory: {level: teacher, builders: [sketch]}\n"
    )
    for command in ("validate", "plan"):
        shown = reexplore("campaign", command, "listed.yaml", cwd=tmp_path).stdout
        assert "1 of 3 rows accepted, 1 repeated, 1 refused" in shown
        assert "O0 N8" in shown
        record = json.loads(reexplore("campaign", command, "listed.yaml", "--json", cwd=tmp_path).stdout)
        assert [(row["line"], row["status"]) for row in record["ligands"]] == [
            (2, "accepted"),
            (3, "refused"),
            (4, "repeated"),
        ]
        assert record["ligands"][0]["donors"] == ["O0", "N8"]
        assert record["candidates"] == 1
        assert ("stages" in record) == (command == "plan")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["listed.yaml", "mine.csv"]


def test_a_fake_says_so_loudly(tmp_path):
    assert "INVENTED" in reexplore("campaign", "validate", "rehearsal", cwd=tmp_path).stdout
    assert "INVENTED" not in reexplore("campaign", "validate", "quickstart", cwd=tmp_path).stdout


def test_a_file_in_the_place_of_the_runs_folder_is_one_sentence(tmp_path):
    (tmp_path / "runs").write_text("in the way")
    ended = reexplore("campaign", "run", "rehearsal", cwd=tmp_path)
    assert ended.returncode == 5
    assert "the file system refused" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["runs"]
