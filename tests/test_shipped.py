"""Shipped files are found in the repository and after an installation."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from reexplore.errors import InputError
from reexplore.shipped import is_shipped, resolve, shipped_names

ROOT = Path(__file__).parents[1]


def test_a_path_comes_before_a_shipped_name(tmp_path):
    own = tmp_path / "greedy.yaml"
    own.write_text("mine")
    for path in ("greedy.yaml", "./greedy.yaml", str(own)):
        assert resolve("policies", path, beside=tmp_path) == own
    assert resolve("policies", "greedy.yaml") != own


@pytest.mark.parametrize(("kind", "name"), [("policies", "greedy"), ("parsl_configs", "local"), ("campaigns", "cam")])
def test_a_file_that_lies_around_does_not_take_the_place_of_what_we_ship(kind, name, tmp_path, monkeypatch):
    (tmp_path / name).write_text("mine")
    monkeypatch.chdir(tmp_path)
    assert is_shipped(kind, resolve(kind, name, beside=tmp_path))
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(InputError, match=r"'mine' is shipped: for the file of that name write \./mine"):
        resolve(kind, "mine", beside=tmp_path)
    assert resolve(kind, "./mine", beside=tmp_path) == tmp_path / "mine"


@pytest.mark.parametrize("reference", ["cam", "cam.yaml", "campaigns/cam.yaml"])
def test_a_shipped_campaign_has_three_names(reference, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve("campaigns", reference) == ROOT / "campaigns" / "cam.yaml"


def test_an_unknown_name_gets_the_nearest(tmp_path):
    with pytest.raises(InputError, match="did you mean 'balanced'"):
        resolve("policies", "balance")


@pytest.mark.engine
def test_the_wheel_holds_everything_that_is_shipped(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    zipfile.ZipFile(next(tmp_path.glob("*.whl"))).extractall(tmp_path / "site")
    code = (
        "import reexplore, reexplore.shipped as s; assert 'site' in reexplore.__file__\n"
        "print(*(name for kind in ('campaigns', 'policies', 'parsl_configs') for name in s.shipped_names(kind)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    kinds = ("campaigns", "policies", "parsl_configs")
    assert told.stdout.split() == [name for kind in kinds for name in shipped_names(kind)]
    assert (tmp_path / "site" / "reexplore" / "tracking" / "page" / "3Dmol-min.js").is_file()
