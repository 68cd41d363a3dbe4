"""Single structures share tasks with campaigns, are computed once, and fail with their reason."""

import json

import numpy as np
import pytest
from rich.console import Console

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.steps.tasks import build_tasks, complex_task, ligand_task, template_task
from reexplore.chemistry.complexes import single_candidate
from reexplore.chemistry.ligand_input import library_ligand
from reexplore.config import TheoryEntry
from reexplore.errors import CalculationFailed, Failure, FailureCode, InputError
from reexplore.execution import executor
from reexplore.execution.store import Outcome
from reexplore.structures.structure import Structure
from reexplore.workbench.complexes import Workbench, relax_file, write_files
from tests.structures.sample import relaxed

GEOMETRY = relaxed("Eu_HOPO-H_1_6").to_extxyz()
VALUES = {
    "build": {"builder": "placement", "version": "1", "structures": [GEOMETRY]},
    "template": {"extxyz": GEOMETRY, "runners_up": [], "energy_hartree": -1.0},
    "complex": {"extxyz": GEOMETRY, "energy_hartree": -1.0},
    "ligand": {"extxyz": "1\ncharge=0\nO 0 0 0\n", "energy_hartree": -0.5},
}
SINGLE = library_ligand("HOPO-H")


@pytest.fixture
def asked(monkeypatch):
    """Answer every task from `VALUES` and note it."""
    tasks = []

    def perform(task, *, store, evidence):
        tasks.append(task)
        answer = VALUES[task.kind]
        failure = answer if isinstance(answer, Failure) else None
        return Outcome(None if failure else answer, failure, {"wall_s": 1.0})

    monkeypatch.setattr(executor, "perform", perform)
    return tasks


def candidate(metal):
    from reexplore.chemistry.metals import find_metal

    return single_candidate(SINGLE.ligand, metal=find_metal(metal), ligands=1, waters=None, coordination_number=None)


def workbench(folder, **theory):
    return Workbench(folder, theory=TheoryEntry(**theory), seed=2026, console=Console(quiet=True))


def test_a_campaign_of_the_same_theory_has_the_same_keys(tmp_path, asked):
    declared = {
        "name": "same",
        "space": {
            "scaffolds": ["HOPO"],
            "substituents": ["H"],
            "metals": ["Eu"],
            "coordinations": [{"ligands": 1}],
        },
    }
    file = tmp_path / "same.yaml"
    file.write_text(json.dumps(declared))
    setup = prepare(str(file), workspace=tmp_path)
    (eu,) = setup.space.candidates()
    theory, seed = setup.file.theory, setup.file.seed
    builds = build_tasks(eu, theory, seed)
    expected = [
        *builds,
        template_task(eu, builds, theory, seed),
        complex_task(eu, VALUES["template"], theory),
        ligand_task(eu.ligand, theory, seed),
    ]
    workbench(tmp_path).build(SINGLE, candidate("Eu"))
    assert [task.key for task in asked] == [task.key for task in expected]


def test_a_failure_ends_the_build_with_its_code(tmp_path, asked, monkeypatch):
    monkeypatch.setitem(VALUES, "template", Failure(FailureCode.DONOR_LOST, "search", "O 4 is gone", {"atoms": [4]}))
    with pytest.raises(CalculationFailed, match="donor_lost in search: O 4 is gone"):
        workbench(tmp_path, builders=["placement"]).build(SINGLE, candidate("La"))
    assert [task.kind for task in asked] == ["build", "template"]


def test_a_builder_that_was_stopped_is_left_out_and_both_stopped_is_a_failure(tmp_path, asked, monkeypatch):
    monkeypatch.setitem(VALUES, "build", Failure(FailureCode.TIMEOUT, "build", "stopped", {}))
    with pytest.raises(CalculationFailed, match="timeout"):
        workbench(tmp_path).build(SINGLE, candidate("La"))
    assert [task.kind for task in asked] == ["build", "build"]


def test_relaxing_needs_an_engine_that_exists_and_an_even_number_of_electrons():
    complex_ = relaxed("Eu_HOPO-H_1_6")
    with pytest.raises(InputError, match="the surfaces are gfn2-m, gfn2"):
        relax_file(complex_, surface="mopac", frequencies=False)
    with pytest.raises(InputError, match="unpaired"):
        relax_file(Structure(complex_.symbols, complex_.positions_angstrom, 1), surface="gfn2-m", frequencies=False)


@pytest.mark.engine
def test_a_real_complex_is_found_once_and_passes_its_own_check(tmp_path):
    bench = workbench(tmp_path, surface="gfn2", builders=["placement"], placement_starts=3, refine=1)
    first = bench.build(SINGLE, candidate("La"))
    assert first.reused == ()
    stored = sorted((tmp_path / "runs" / "_store").rglob("result.json"))
    again = bench.build(SINGLE, candidate("La"))
    assert again.reused == ("build", "search", "relax", "ligand")
    assert sorted((tmp_path / "runs" / "_store").rglob("result.json")) == stored
    files = write_files(again, tmp_path / "out")
    # The xtb program's own relaxation of this complex, from another start (tests/structures/sample.py), bounds it.
    assert again.complex["energy_hartree"] < -67.9642420972 + 0.01
    written = Structure.from_extxyz((tmp_path / "out" / "complex.extxyz").read_text())
    assert np.allclose(written.positions_angstrom, first.structure.positions_angstrom)
    assert set(files) == {"complex", "ligand", "picture"}
