"""Shipped files are found in the repository and after an installation."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from reexplore.errors import InputError
from reexplore.shipped import resolve, shipped_names

ROOT = Path(__file__).parents[1]


def test_a_path_comes_before_a_shipped_name(tmp_path):
    own = tmp_path / "greedy"
    own.write_text("mine")
    assert resolve("policies", "greedy", beside=tmp_path) == own
    assert resolve("policies", "greedy").name == "greedy.yaml"


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
