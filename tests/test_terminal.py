"""Output is made for the terminal it meets."""

import pytest

from reexplore.terminal import new_console
from tests.commands import reexplore


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
@pytest.mark.parametrize("command", [("levels", "list"), ("structures", "build", "--help"), ("structures", "surfaces")])
def test_what_a_terminal_cannot_show_is_replaced(encoding, command, tmp_path):
    done = reexplore(*command, cwd=tmp_path, environment={"COLUMNS": "100"}, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert not list(tmp_path.iterdir())


def test_a_text_with_colons_stays_as_it_is(capsys):
    console = new_console()
    console.print("C:x: :smiley: 12:30 :x:", markup=False)
    console.print("SMILES [O-:11]c1:c:c:c:c:1", markup=False)
    told = capsys.readouterr().out
    assert "C:x: :smiley: 12:30 :x:" in told
    assert "[O-:11]c1:c:c:c:c:1" in told
