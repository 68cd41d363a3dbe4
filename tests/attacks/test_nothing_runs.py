"""Files that lie beside a campaign, in its workspace or in its store run nothing."""

import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

import reexplore as rx
from reexplore.errors import ExecutionError, InputError
from reexplore.execution.store import Store
from reexplore.surrogate.allegro import SavedEnsemble
from reexplore.surrogate.forecast import Forecast
from reexplore.tracking.ui import running_server
from tests.attacks.folders import CAMPAIGN, HYDROGEN
from tests.calculations import given, without_parsl

PROGRAM = Path(sys.executable).with_name("reexplore")
#: Modules that some process of a campaign imports, and files that some library runs or reads by itself.
MODULES = (
    "reexplore",
    "numpy",
    "torch",
    "json",
    "yaml",
    "rdkit",
    "parsl",
    "tblite",
    "pyscf",
    "mlflow",
    "sitecustomize",
)
OTHERS = ("sitecustomize.py", ".pyscf_conf.py", "conftest.py", "usercustomize.py", "local", "local.py")


@pytest.fixture
def ran(tmp_path):
    """Return the file that appears when anything of what lies around is run."""
    return tmp_path / "ran"


def hostile(folder, ran):
    for name in (*(f"{name}.py" for name in MODULES), *OTHERS):
        (folder / name).write_text(f"open({str(ran)!r}, 'a').write({name!r})\nraise SystemExit(9)\n")


class Payload:
    def __init__(self, ran):
        self.ran = ran

    def __reduce__(self):
        return open, (str(self.ran), "w")


@pytest.mark.engine
def test_nothing_beside_a_campaign_is_run(tmp_path, ran):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "mini.yaml").write_text(yaml.safe_dump(CAMPAIGN))
    # Whatever kind a calculation is, its process begins alike: two energies and a water are enough.
    other = tmp_path / "other"
    other.mkdir()
    with without_parsl():
        rx.Campaign(workspace / "mini.yaml", workspace=other).run()
    stores = (place / "runs" / "_store" for place in (other, workspace))
    given(*stores, lambda kind: kind.name not in ("energy", "water"))
    hostile(workspace, ran)
    (workspace / "hydrogen.xyz").write_text(HYDROGEN)
    for command in (
        ("campaign", "run", "mini.yaml"),
        ("label", "hydrogen.xyz", "--level", "quick"),
        ("label", "hydrogen.xyz", "--export", "pyscf"),
        ("structures", "relax", "hydrogen.xyz"),
        ("campaign", "replay", "mini.yaml"),
    ):
        done = subprocess.run([PROGRAM, *command], cwd=workspace, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert not ran.exists(), f"{command}: {ran.read_text()} was run"
    for folder in (workspace / "runs", workspace / "runs" / "mini", workspace / "runs" / "_mlflow"):
        hostile(folder, ran)
    for command in (("campaign", "resume", "mini.yaml"), ("campaign", "report", "mini.yaml")):
        subprocess.run([PROGRAM, *command], cwd=workspace / "runs", capture_output=True, check=False)
        subprocess.run([PROGRAM, *command], cwd=workspace, capture_output=True, check=True)
    with running_server(workspace / "runs" / "_mlflow", host="127.0.0.1", port=5471):
        assert not ran.exists(), ran.read_text()


def test_a_model_a_forecast_and_a_result_that_are_pickles_are_refused_and_not_opened(tmp_path, ran):
    payload = pickle.dumps(Payload(ran))
    pickle.loads(payload).close()
    assert ran.exists()
    ran.unlink()

    member = tmp_path / "member.pt"
    with zipfile.ZipFile(member, "w") as archive:
        archive.writestr("member/data.pkl", payload)
        archive.writestr("member/version", "3\n")
    raw = tmp_path / "raw.pt"
    raw.write_bytes(payload)
    for path in (member, raw):
        with pytest.raises(Exception, match=r"(?i)weights|damaged|member"):
            SavedEnsemble([path]).predict(None)
    forecast = tmp_path / "forecast.npz"
    np.savez(forecast, keys=np.array([Payload(ran)], dtype=object), of_members=np.zeros((1, 2)))
    with pytest.raises((ExecutionError, InputError)):
        Forecast.load(forecast)
    store = Store(tmp_path / "store")
    key = "ab" * 16
    store.folder(key).mkdir(parents=True)
    (store.folder(key) / "result.json").write_bytes(payload)
    assert store.outcome(key) is None
    assert not ran.exists()
