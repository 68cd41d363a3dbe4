"""What all tests share: calculations that are computed once, an empty MLflow store, and which tests begin first."""

import sqlite3
from contextlib import closing
from itertools import chain
from pathlib import Path
from shutil import copyfile
from unittest.mock import patch

import pytest
from filelock import FileLock

from reexplore.tracking import mlflow
from tests.calculations import quick, without_parsl

#: Tests of how calculations are run, and of what is installed: their processes are everybody's.
_AS_EVERYBODY = ("execution", "doctor")


def pytest_collection_modifyitems(items):
    """Let each of two workers begin with long tests: what is left in the end, and changes hands, is short."""
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
    by_length: dict[bool, list[list[pytest.Item]]] = {True: [], False: []}
    for tests in modules.values():
        by_length[any(test.get_closest_marker("engine") for test in tests)].append(tests)
    first, second, short = (
        list(chain.from_iterable(found)) for found in (by_length[True][::2], by_length[True][1::2], by_length[False])
    )
    # Each worker is given one half.
    room = max(len(items) // 2 - len(first), 0)
    items[:] = first + short[:room] + second + short[room:]


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory) -> Path:
    """Return a folder that the processes of this session share."""
    mine = tmp_path_factory.getbasetemp()
    return mine.parent if mine.name.startswith("popen-") else mine


@pytest.fixture(scope="module", autouse=True)
def quick_calculations(request, session_folder):
    """Compute in processes that have the engines loaded, and nothing twice."""
    if request.path.relative_to(Path(__file__).parent).parts[0] in _AS_EVERYBODY:
        yield
        return
    with quick(session_folder / "calculations"):
        yield


@pytest.fixture(scope="module")
def drivers_compute(quick_calculations):
    """Let drivers of this process run their tasks themselves; they need no workers then."""
    with without_parsl():
        yield


@pytest.fixture(scope="module", autouse=True)
def mirror_at_hand(request):
    """Let campaigns whose mirror is not looked at take it for sent; the mark `mlflow` says that it is looked at."""
    if request.node.get_closest_marker("mlflow"):
        yield
        return
    with patch("reexplore.campaign.results.report.mirror", lambda _setup, ledger, _record: ledger.mark_sent()):
        yield


@pytest.fixture(scope="session", autouse=True)
def new_mlflow_stores(session_folder):
    """Let a new MLflow store begin with a copy of an empty one: MLflow needs seconds for its tables."""
    empty, plain = session_folder / "mlflow" / mlflow.DATABASE, mlflow._prepare_database

    def prepare(path):
        if not path.exists():
            with FileLock(session_folder / "mlflow.lock"):
                if not empty.exists():
                    _make(empty)
            path.parent.mkdir(parents=True, exist_ok=True)
            copyfile(empty, path)
        plain(path)

    def _make(path):
        from mlflow import MlflowClient

        partial = path.with_suffix(".partial")
        plain(partial)
        MlflowClient(tracking_uri=f"sqlite:///{partial}").search_experiments()
        with closing(sqlite3.connect(partial)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copyfile(partial, path)

    with patch.object(mlflow, "_prepare_database", prepare):
        yield
