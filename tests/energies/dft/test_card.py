"""DFT on a graphics card: the same number, and a sentence or the processor where there is none.

PySCF's own classes stand in for gpu4pyscf's, which have their names, and NumPy for CuPy; on a machine with a card the
real ones are used.
"""

import sys
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace

import numpy as np
import pyscf.df
import pyscf.dft
import pyscf.solvent.pcm
import pytest

from reexplore.device import VARIABLE
from reexplore.energies.dft.card import _kept_pairs, needed_bytes
from reexplore.energies.dft.gradient import energy_and_gradient
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.dft.single_point import single_point
from reexplore.energies.levels import PAPER, QUICK, WORKSTATION
from reexplore.errors import ExecutionError, MissingEngineError
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.structure import Structure
from tests.structures.sample import relaxed

ION = Structure(("Lu",), np.zeros((1, 3)), 3)
LUTETIUM = Structure(
    ("Lu", "O", "H", "H"), np.array([[0.1, 0.2, -0.1], [1.5, 1.6, 1.0], [2.3, 1.5, 1.5], [1.4, 2.5, 0.7]]), 3
)
NAME = "Stand-in"


def stand_in(monkeypatch, *, free_gb=80.0, total_gb=80.0, count=1):
    """Put PySCF and NumPy in the places of gpu4pyscf and CuPy."""
    cupy = ModuleType("cupy")
    runtime = SimpleNamespace(getDeviceCount=lambda: count, getDeviceProperties=lambda _number: {"name": NAME.encode()})
    device = SimpleNamespace(id=0, mem_info=(free_gb * 1e9, total_gb * 1e9))
    cupy.asarray, cupy.asnumpy, cupy.linalg = np.asarray, np.asarray, np.linalg
    cupy.cuda = SimpleNamespace(runtime=runtime, Device=lambda: device)
    cupy.get_default_memory_pool = lambda: SimpleNamespace(free_all_blocks=lambda: None)
    for name, module in (
        ("cupy", cupy),
        ("gpu4pyscf", pyscf),
        ("gpu4pyscf.dft", pyscf.dft),
        ("gpu4pyscf.solvent", pyscf.solvent),
        ("gpu4pyscf.lib", pyscf.lib),
        ("gpu4pyscf.lib.cupy_helper", pyscf.lib),
    ):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr("reexplore.energies.dft.card._LOOK_S", 0.0)
    return cupy


@pytest.fixture
def card(monkeypatch):
    """Return the name of the card: the machine's own, or a stand-in's."""
    monkeypatch.setenv(VARIABLE, "auto")
    if find_spec("cupy") and find_spec("gpu4pyscf"):
        import cupy

        return cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    stand_in(monkeypatch)
    return NAME


@pytest.mark.parametrize(("structure", "level"), [(water(), QUICK), (water(), PAPER), (ION, QUICK), (ION, WORKSTATION)])
def test_a_closed_shell_has_the_energy_of_the_processor_in_every_part(card, monkeypatch, structure, level):
    there = single_point(structure, level=level)
    monkeypatch.setenv(VARIABLE, "cpu")
    here = single_point(structure, level=level)
    assert [a["method"] for a in there.attempts] == [a["method"] for a in here.attempts]
    assert {a["card"] for a in there.attempts} == {card}
    assert not any("card" in a for a in here.attempts)
    assert there.total_hartree == pytest.approx(here.total_hartree, abs=1e-5)
    # The processor's field sees the fitted density's solvent: what that moves between two parts cancels in the sum.
    for part in ("electronic", "dispersion", "solvent_electrostatic", "solvent_cds"):
        assert getattr(there, f"{part}_hartree") == pytest.approx(getattr(here, f"{part}_hartree"), abs=5e-5)
    assert there.gap_hartree == pytest.approx(here.gap_hartree, abs=5e-4)
    assert (there.electrons, there.multiplicity, there.level) == (here.electrons, here.multiplicity, here.level)


def test_where_no_card_is_asked_for_none_is_looked_at(monkeypatch):
    cupy = stand_in(monkeypatch)
    cupy.cuda = None
    monkeypatch.setenv(VARIABLE, "cpu")
    assert single_point(water(), level=QUICK).attempts[-1]["method"] == "diis"


@pytest.mark.engine
def test_an_open_shell_has_the_energy_and_the_state_of_the_processor(card, monkeypatch):
    ion = Structure(("Tm",), np.zeros((1, 3)), 3)
    there = single_point(ion, level=PAPER)
    monkeypatch.setenv(VARIABLE, "cpu")
    here = single_point(ion, level=PAPER)
    assert {a["card"] for a in there.attempts} == {card}
    assert there.total_hartree == pytest.approx(here.total_hartree, abs=1e-5)
    assert there.spin_squared == pytest.approx(here.spin_squared, abs=1e-3)
    assert there.f_population == pytest.approx(here.f_population, abs=1e-3)


@pytest.mark.parametrize(("structure", "level"), [(water(), QUICK), (water(), WORKSTATION), (LUTETIUM, WORKSTATION)])
def test_a_gradient_is_that_of_the_processor(card, monkeypatch, structure, level):
    there = energy_and_gradient(structure, level=level)
    monkeypatch.setenv(VARIABLE, "cpu")
    here = energy_and_gradient(structure, level=level)
    # The processor's field, and so its gradient, sees the fitted density's solvent.
    assert there.gradient_hartree_bohr == pytest.approx(here.gradient_hartree_bohr, abs=2e-4)
    assert there.energy_hartree == pytest.approx(here.energy_hartree, abs=3e-4)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError("Out of memory allocating 9 bytes"), "Out of memory allocating 9 bytes"),
        (RuntimeError("cudaErrorDevicesUnavailable: busy"), "cudaErrorDevicesUnavailable: busy"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_a_card_that_fails_in_the_middle_leaves_the_task_to_the_processor_unless_it_was_asked_for(
    monkeypatch, tmp_path, error, told
):
    cycles = iter(range(3))

    def fail(array):
        if next(cycles, None) is None:
            raise error
        return np.asarray(array)

    stand_in(monkeypatch).asnumpy = fail
    monkeypatch.setenv(VARIABLE, "auto")
    terms = single_point(water(), level=QUICK, checkpoint=tmp_path)
    assert [(a["method"], a.get("fault")) for a in terms.attempts] == [("gpu4pyscf", told), ("diis", None)]
    assert terms.attempts[-1]["converged"]
    assert energy_and_gradient(water(), level=QUICK).gradient_hartree_bohr.shape == (3, 3)
    monkeypatch.setenv(VARIABLE, "cuda")
    with pytest.raises(ExecutionError, match=f"{NAME} failed .*then resume"):
        single_point(water(), level=QUICK)


def test_a_card_that_is_broken_from_the_start_is_recorded(monkeypatch):
    stand_in(monkeypatch)
    monkeypatch.setenv(VARIABLE, "auto")
    monkeypatch.setattr(pyscf.solvent.pcm, "PCM", lambda _mol: (_ for _ in ()).throw(RuntimeError("no kernel image")))
    assert [a.get("fault") for a in single_point(water(), level=QUICK).attempts] == ["no kernel image", None]


def test_a_card_that_is_too_small_is_told_before_the_start(monkeypatch):
    stand_in(monkeypatch, total_gb=2.0, free_gb=2.0)
    monkeypatch.setenv(VARIABLE, "auto")
    assert single_point(water(), level=QUICK).attempts[0]["method"] == "diis"
    monkeypatch.setenv(VARIABLE, "cuda")
    with pytest.raises(ExecutionError, match=r"3 atoms at quick need 3 GB of a card's memory, Stand-in has 2 of 2 GB"):
        single_point(water(), level=QUICK)


def test_a_card_that_others_fill_is_waited_for_where_it_was_asked_for(monkeypatch):
    device = stand_in(monkeypatch, free_gb=1.0).cuda.Device()
    monkeypatch.setenv(VARIABLE, "cuda")
    monkeypatch.setattr("reexplore.energies.dft.card._WAIT_S", 0.05)
    with pytest.raises(ExecutionError, match=r"Stand-in has 1 of 80 GB free: .* fewer workers on it"):
        single_point(water(), level=QUICK)
    monkeypatch.setattr("reexplore.energies.dft.card._WAIT_S", 60.0)
    monkeypatch.setattr("time.sleep", lambda _s: setattr(device, "mem_info", (50e9, 80e9)))
    assert single_point(water(), level=QUICK).attempts[0]["card"] == NAME
    device.mem_info = (1e9, 80e9)
    monkeypatch.setenv(VARIABLE, "auto")
    assert "card" not in single_point(water(), level=QUICK).attempts[0]


def test_a_task_that_another_one_is_faster_than_waits_again(monkeypatch):
    stand_in(monkeypatch)
    monkeypatch.setenv(VARIABLE, "cuda")
    full = iter([MemoryError(), None])
    build = pyscf.df.DF.build

    def build_later(fit, *arguments, **options):
        if (error := next(full, None)) is not None:
            raise error
        return build(fit, *arguments, **options)

    monkeypatch.setattr(pyscf.df.DF, "build", build_later)
    assert single_point(water(), level=WORKSTATION).attempts[-1]["card"] == NAME


def test_four_ligands_at_paper_fit_on_a_card_of_40_gb(monkeypatch):
    mol = build_molecule(relaxed("La_HOPO-H_4_0"), level=PAPER, memory_gb=4.0)
    everything = needed_bytes(mol, PAPER, pairs=mol.nao * (mol.nao + 1) / 2)
    kept = needed_bytes(mol, PAPER, pairs=_kept_pairs(mol))
    assert 30e9 < kept < 0.9 * 40e9 < everything
    # The Coulomb energy alone keeps no integrals.
    assert needed_bytes(mol, QUICK, pairs=1e9) < 12e9


def test_without_package_or_card_one_that_is_asked_for_is_a_sentence(monkeypatch):
    monkeypatch.setenv(VARIABLE, "cuda")
    stand_in(monkeypatch, count=0)
    with pytest.raises(MissingEngineError, match="finds no NVIDIA card with a driver that is new enough"):
        single_point(water(), level=QUICK)
    monkeypatch.setitem(sys.modules, "gpu4pyscf", None)
    with pytest.raises(MissingEngineError, match=r"needs gpu4pyscf .*pip install 'reexplore\[gpu\]'"):
        single_point(water(), level=QUICK)


def test_a_driver_that_is_too_old_is_told(monkeypatch):
    cupy = stand_in(monkeypatch)

    def refuse():
        raise RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient")

    cupy.cuda.runtime.getDeviceCount = refuse
    monkeypatch.setenv(VARIABLE, "cuda")
    with pytest.raises(MissingEngineError, match="cudaErrorInsufficientDriver"):
        single_point(water(), level=QUICK)
    monkeypatch.setenv(VARIABLE, "auto")
    assert single_point(water(), level=QUICK).attempts[0]["method"] == "diis"
