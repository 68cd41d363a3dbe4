"""Folders by any name a file system allows: nothing of them reaches a shell or a glob pattern."""

import os
import stat

import pytest

from reexplore.errors import InputError
from reexplore.execution.parsl import ParslExecutor
from reexplore.execution.run_folder import is_plain, own_folder, plainly_named
from reexplore.execution.sites import load_site
from reexplore.shipped import resolve

NAMES = (
    "a$(touch OBEYED)b",
    "a`touch OBEYED`b",
    "; touch OBEYED;",
    "it's",
    'say "no"',
    "My Project",
    "Eu (50%)",
    "a[b]*?{c,d}",
    "~root",
    "-rf",
    "new\nline",
    "tab\tbed",
    "back\\slash",
    "&& touch OBEYED",
    "|touch OBEYED",
    "$HOME",
    "größe-λ-希土",
    "#comment",
    "!history",
    "x" * 200,
    "a>OBEYED",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_gets_a_name_that_no_shell_obeys(name, tmp_path):
    folder = tmp_path / name
    plain = plainly_named(folder)
    assert is_plain(plain)
    assert plain.resolve() == folder.resolve()
    assert folder.is_dir()
    assert plainly_named(folder) == plain
    # Neighbours have names of their own.
    assert plainly_named(tmp_path / f"{name}2") != plain


def test_a_plain_folder_keeps_its_name(tmp_path):
    assert plainly_named(tmp_path / "runs" / "a-b_c.d=1,2@3+4") == tmp_path / "runs" / "a-b_c.d=1,2@3+4"


@pytest.mark.engine
@pytest.mark.parametrize("name", ["a$(touch OBEYED)b `touch OBEYED`; touch OBEYED #", 'it\'s "so" [b]*\n'])
def test_workers_start_and_answer_there(name, tmp_path, monkeypatch):
    folder = tmp_path / name
    folder.mkdir()
    (tmp_path / name.split(maxsplit=1)[0]).write_text("a neighbour")
    monkeypatch.chdir(folder)
    before = sorted(path.name for path in tmp_path.iterdir())
    config = load_site(
        resolve("parsl_configs", "local"), run_dir=plainly_named(folder / "parsl"), options={"workers": 1}
    )
    with ParslExecutor(config, store=folder, evidence=folder) as workers:
        assert workers.call("local", os.path.isdir, str(folder)).result(timeout=60)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not list(tmp_path.rglob("OBEYED"))
    assert (tmp_path / name.split(maxsplit=1)[0]).read_text() == "a neighbour"


def test_a_batch_system_is_given_no_such_folder(tmp_path):
    folder = tmp_path / "a b" / "parsl"
    with pytest.raises(InputError, match="characters in its name that a batch system's shell obeys"):
        load_site(resolve("parsl_configs", "slurm"), run_dir=folder, options={"partition": "debug"})
    assert not folder.exists()
    load_site(resolve("parsl_configs", "local"), run_dir=folder, options={})


@pytest.mark.parametrize("length", [76, 90, 200])
def test_a_temporary_folder_too_long_for_sockets_is_refused(length, tmp_path, monkeypatch):
    long = tmp_path / ("x" * max(length - len(str(tmp_path)) - 1, 1))
    long.mkdir(exist_ok=True)
    monkeypatch.setattr("tempfile.tempdir", str(long))
    if len(str(long)) < 76:
        pytest.fail("the test's own folder is longer than that")
    with pytest.raises(
        InputError, match=r"TMPDIR is too long for the workers' sockets: \d+ characters, and 75 are left"
    ):
        plainly_named(tmp_path / "parsl")
    assert not (tmp_path / "parsl").exists()


def test_a_temporary_folder_of_an_odd_name_is_refused_where_it_is_needed(tmp_path, monkeypatch):
    odd = tmp_path / "a b"
    odd.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    monkeypatch.setattr("reexplore.execution.run_folder._LONGEST_SOCKET", 1000)
    assert plainly_named(tmp_path / "plain") == tmp_path / "plain"
    with pytest.raises(InputError, match="a name with characters that a shell obeys"):
        plainly_named(tmp_path / "it's")


def test_what_somebody_else_put_there_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr("reexplore.execution.run_folder._LONGEST_SOCKET", 1000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    link = plainly_named(tmp_path / "it's")
    assert stat.S_IMODE(own_folder(tmp_path).stat().st_mode) == 0o700
    link.unlink()
    link.symlink_to("/etc")
    with pytest.raises(InputError, match="is in the way"):
        plainly_named(tmp_path / "it's")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / f"reexplore-{os.getuid()}").symlink_to("/etc")
    with pytest.raises(InputError, match="belongs to somebody else"):
        own_folder(tmp_path / "other")
