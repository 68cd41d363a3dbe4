"""Builders as tasks: cut off by limits of their own, and what they built is reused."""

from dataclasses import replace

import pytest

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import find_metal
from reexplore.errors import ExecutionError, FailureCode
from reexplore.execution.guard import perform
from reexplore.execution.kinds import KINDS, Resources
from reexplore.execution.recipes import Build
from reexplore.execution.task import Task

ACETOHYDROXAMATE = Ligand("CC(=[O:1])N[O-:1]", -1, "acetohydroxamate", ())


def limit(monkeypatch, resources):
    monkeypatch.setitem(KINDS, "build", replace(KINDS["build"], resources=resources))


def build_task(builder, count):
    candidate = Candidate(ACETOHYDROXAMATE, find_metal("La"), 1, 6)
    return Task.of(Build(candidate, builder, count, seed=1), title=f"{candidate.name} by {builder}")


@pytest.mark.engine
def test_a_builder_that_takes_too_long_is_a_coded_failure_with_its_output(tmp_path, monkeypatch):
    limit(monkeypatch, Resources(memory_gb=3, time_s=1.0))
    outcome = perform(build_task("architector", 10), store=tmp_path / "store", evidence=tmp_path / "evidence")
    assert outcome.run_only
    assert outcome.failure.code is FailureCode.TIMEOUT
    assert (tmp_path / "evidence").is_dir()


@pytest.mark.engine
def test_a_builder_that_takes_too_much_memory_is_a_coded_failure(tmp_path, monkeypatch):
    limit(monkeypatch, Resources(memory_gb=0.05, time_s=60.0))
    outcome = perform(build_task("architector", 10), store=tmp_path / "store", evidence=tmp_path / "evidence")
    assert outcome.failure.code is FailureCode.OUT_OF_MEMORY


@pytest.mark.engine
def test_what_architector_built_is_reused_although_it_is_not_seeded(tmp_path):
    folders = {"store": tmp_path / "store", "evidence": tmp_path / "evidence"}
    first, again = (perform(build_task("architector", 1), **folders) for _ in range(2))
    assert first.value["structures"]
    assert again == first
    assert "openbabel" in first.value["version"]


def test_a_search_asks_for_the_structures_it_needs_by_name(tmp_path):
    task = Task("template", {"candidate": {}, "builds": ["0" * 32], "refine": 1, "engine": "tblite"})
    inputs = {**task.inputs, "candidate": build_task("placement", 1).inputs["candidate"]}
    with pytest.raises(ExecutionError, match="are not in the store"):
        perform(Task("template", inputs), store=tmp_path / "store", evidence=tmp_path / "evidence")
