import subprocess
import sys

import pytest

# The second starts with tblite imported, when it is too late for another BLAS.
ENERGY = """
{before}
from reexplore.structures.xtb.blas import lend_openblas
from reexplore.structures.xtb.relax import single_point_energy
from tests.structures.sample import relaxed
print(repr(single_point_energy(relaxed("La_CAM-H_1_6"))), lend_openblas(), sep=";")
"""

# PySCF's own libraries find the global OpenBLAS too: the energy of a molecule before, between and after.
BESIDE_PYSCF = """
from pyscf import dft, gto
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.xtb.relax import single_point_energy
def kohn_sham():
    molecule = gto.M(atom="O 0 0 0.1173; H 0 0.7572 -0.4692; H 0 -0.7572 -0.4692", basis="def2-svp", verbose=0)
    return dft.RKS(molecule, xc="pbe").density_fit().kernel()
{lines}
"""


def _last_line(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_the_lent_openblas_gives_the_energy_of_the_reference_blas():
    lent, own = (_last_line(ENERGY.format(before=before)).split(";") for before in ("", "import tblite.interface"))
    assert lent[1].startswith("OpenBLAS ")
    assert own[1] == "own BLAS"
    assert float(lent[0]) == pytest.approx(float(own[0]), abs=1e-8)


def test_pyscf_works_in_the_process_that_lent_openblas():
    alone = _last_line(BESIDE_PYSCF.format(lines="print(kohn_sham())"))
    after = _last_line(BESIDE_PYSCF.format(lines="single_point_energy(water())\nprint(kohn_sham())"))
    between = _last_line(BESIDE_PYSCF.format(lines="kohn_sham()\nsingle_point_energy(water())\nprint(kohn_sham())"))
    assert float(after) == pytest.approx(float(alone), abs=1e-8)
    assert float(between) == pytest.approx(float(alone), abs=1e-8)
