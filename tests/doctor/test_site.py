"""A worker of this machine says what it sees, whatever the stack does to it."""

import json
from dataclasses import replace

import psutil
import pytest

from reexplore.doctor import site
from reexplore.doctor.site import WorkerReport, examine_site, worker_lines
from reexplore.errors import ExecutionError, InputError
from reexplore.execution import machine


@pytest.mark.engine
def test_a_worker_reports_its_machine_and_imports_the_stack(tmp_path):
    heard = []
    (report,) = examine_site("local", ["workers=1"], folder=tmp_path, say=heard.append)
    assert heard == ["waiting for a block of local"]
    assert report.fault is None
    assert list(report.versions) == list(machine.STACK.values())
    assert report.memory_gb == pytest.approx(psutil.virtual_memory().total / 2**30, abs=0.1)
    assert 1 <= report.cores <= psutil.cpu_count()
    assert json.loads(json.dumps(report.to_dict()))["versions"]["parsl"].startswith("20")


@pytest.mark.parametrize(("site", "option"), [("nowhere", "a=1"), ("local", "workers"), ("slurm", "partitions=x")])
def test_a_faulty_site_is_refused_before_anything_is_submitted(tmp_path, site, option):
    with pytest.raises(InputError):
        examine_site(site, [option], folder=tmp_path / "runs", say=print)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("""echo '["reexplore", "1"]'; kill -SEGV $$""", "importing parsl ended with SIGSEGV"),
        ("echo no module named x >&2; exit 1", "importing reexplore ended with an error: no module named x"),
        ("exec sleep 30", "the imports took longer than 1 s"),
    ],
)
def test_an_engine_that_breaks_the_import_is_named(monkeypatch, tmp_path, script, fault):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(machine.sys, "executable", str(python))
    monkeypatch.setattr(machine, "_IMPORTS_S", 1.0)
    assert machine.machine(str(tmp_path))["fault"].startswith(fault)


def test_a_node_that_does_not_see_the_drivers_folder_is_a_fault():
    found = {"host": "n", "python": "3", "cores": 1, "memory_gb": 1.0, "gpus": [], "versions": {}, "fault": None}
    report = site._report("dear", found | {"sees_workspace": False})
    assert "start in one that all nodes share" in report.fault
    with pytest.raises(ExecutionError, match="executor 'dear' was lost: OSError: gone"):
        site._report("dear", OSError("gone"))


def test_a_report_is_a_few_lines():
    told = worker_lines(WorkerReport("gpu", "n7", "3.11.7", 64, 256.0, ["GPU 0: A100"], {"torch": "2.13"}, None))
    assert told == "ok   gpu          on n7: 64 cores, 256 GB, GPU 0: A100, Python 3.11.7\n     torch 2.13"
    told = worker_lines(WorkerReport("cpu", "n7", "3.11.7", 64, 256.0, [], {}, "no such module"))
    assert told.splitlines()[0].startswith("FAIL cpu")
    assert told.splitlines()[-1].strip() == "no such module"


def test_a_worker_that_is_to_have_a_card_and_sees_none_has_a_fault():
    report = WorkerReport("gpu", "n7", "3.11.7", 64, 256.0, [], {"torch": "2.13"}, None)
    assert "nvidia-smi lists none on this node" in site._with_card(report).fault
    seeing = replace(report, gpus=["GPU 0: A100"])
    assert site._with_card(seeing) is seeing
