"""`reexplore ligand`: a table, one JSON object, a picture, and refusals in a sentence."""

import json
import sys

import pytest

from reexplore.cli import app as cli


@pytest.fixture
def run(monkeypatch, capsys):
    def ended(*arguments):
        monkeypatch.setattr(sys, "argv", ["reexplore", "ligand", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        shown = capsys.readouterr()
        return exit_.value.code, shown.out, shown.err

    return ended


def test_a_ligand_is_told_in_tables_as_json_and_drawn(run, tmp_path):
    picture = tmp_path / "phenol.svg"
    code, out, _ = run("[O-:11]c1ccccc1", "--picture", str(picture))
    assert code == 0
    assert all(word in out for word in ("Oc1ccccc1, the neutral acid", "ionisation potential", "f−", "O0", "C6"))
    assert picture.is_file()
    code, out, _ = run("Oc1ccccc1", "--json")
    assert code == 0
    assert {"acid_smiles", "ionisation_potential_ev", "electron_affinity_ev", "electrophilicity_ev", "atoms"} <= set(
        json.loads(out)
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("Ic1ccccc1",), "the element I is not among"),
        (("C[N+](C)(C)C",), "charge +1"),
        (("c1ccccc",), "SMILES"),
        (("Oc1ccccc1", "--picture", "phenol.gif"), ".svg or .png"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(run, arguments, told):
    code, _, err = run(*arguments)
    assert code == 2
    assert told in " ".join(err.split())
