"""What a single point needs, compared with what one takes."""

import subprocess
import sys

import pytest

from reexplore.energies.levels import GFN2, PAPER, QUICK
from reexplore.energies.memory import basis_function_count, estimated_memory_gb, kept_integrals_gb, require_memory
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure
from tests.structures.sample import relaxed


def test_functions_are_those_of_pyscfs_molecule():
    from reexplore.energies.dft.molecule import build_molecule

    complex_ = relaxed("La_HOPO-H_1_6")
    assert basis_function_count(complex_, QUICK) == build_molecule(complex_, level=QUICK, memory_gb=1).nao


def test_more_atoms_and_more_functions_need_more():
    small, large = relaxed("La_HOPO-H_1_6"), relaxed("La_HOPO-H_4_0")
    assert 1 < estimated_memory_gb(small, QUICK) < estimated_memory_gb(large, QUICK)
    assert estimated_memory_gb(large, QUICK) < estimated_memory_gb(large, PAPER)
    assert kept_integrals_gb(small, QUICK) < kept_integrals_gb(small, PAPER)
    assert estimated_memory_gb(large, GFN2) < 2


def test_the_refusal_has_the_numbers():
    with pytest.raises(CalculationFailed) as failed:
        require_memory(relaxed("La_HOPO-H_4_0"), QUICK, memory_gb=2.0)
    failure = failed.value.failure
    assert failure.code is FailureCode.OUT_OF_MEMORY
    assert failure.message.startswith("77 atoms at level 'quick' need about")
    assert failure.evidence["needed_gb"] > failure.evidence["memory_gb"] == 2.0
    require_memory(relaxed("La_HOPO-H_4_0"), QUICK, memory_gb=64.0)


def test_the_estimate_stands_above_what_laying_a_real_cavity_takes():
    # The cavity of 38 atoms, measured by the kernel in a fresh process; it is a part of the calculation's need.
    # Its ru_maxrss would be that of the process which started it, where that one is larger: it outlives exec.
    complex_ = relaxed("La_HOPO-H_1_6")
    script = f"""
from pathlib import Path
from reexplore.energies.levels import QUICK
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.dft.solvent import Cavity
from reexplore.structures.structure import Structure
mol = build_molecule(Structure.from_extxyz({complex_.to_extxyz()!r}), level=QUICK, memory_gb=1)
Cavity(mol, QUICK)
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout
    measured_gb = float(told) / 2**20
    assert measured_gb < estimated_memory_gb(complex_, QUICK) < 3 * measured_gb


def test_an_ion_is_small():
    ion = Structure(("Lu",), [[0.0, 0.0, 0.0]], 3)
    assert estimated_memory_gb(ion, PAPER) < 1.5
