"""The DFT gradient against the slopes of the energy, PySCF's own gradient, and what no frame may change."""

import numpy as np
import pytest
from pyscf import dft
from pyscf.dft.gen_grid import LEBEDEV_ORDER
from pyscf.solvent import pcm, smd
from scipy.spatial.transform import Rotation

from reexplore.energies.dft.gradient import energy_and_gradient
from reexplore.energies.dft.molecule import build_molecule, principal_axes
from reexplore.energies.dft.start_density import start_density
from reexplore.energies.levels import LEVELS, QUICK
from reexplore.errors import InputError
from reexplore.structures.structure import Structure

BOHR = 0.529177210903
STEP_BOHR = 0.005
WATER = Structure(("O", "H", "H"), np.array([[0.0, 0.1, 0.2], [0.96, 0.15, 0.1], [-0.3, 1.05, 0.25]]), 0)
LANTHANUM = Structure(
    ("La", "O", "H", "H"), np.array([[0.1, 0.2, -0.1], [1.5, 1.6, 1.0], [2.3, 1.5, 1.5], [1.4, 2.5, 0.7]]), 3
)


def _slope(structure, atom, axis):
    energies = []
    for sign in (1, -1):
        positions = structure.positions_angstrom.copy()
        positions[atom, axis] += sign * STEP_BOHR * BOHR
        energies.append(energy_and_gradient(structure.moved_to(positions), level=QUICK).energy_hartree)
    return (energies[0] - energies[1]) / (2 * STEP_BOHR)


# The integration grid does not respond: 1e-4 is its noise, the gradients here are a hundred times that.
# What is left is that grid and cavity keep the directions of the principal axes, which turn with the atoms, and that
# the grid does not respond: some 1e-4.
@pytest.mark.parametrize(
    ("structure", "atom", "axis"), [(WATER, 1, 0), (WATER, 2, 1), (LANTHANUM, 1, 1), (LANTHANUM, 0, 0)]
)
def test_gradient_is_the_slope_of_the_energy(structure, atom, axis):
    gradient = energy_and_gradient(structure, level=QUICK).gradient_hartree_bohr
    assert gradient[atom, axis] == pytest.approx(_slope(structure, atom, axis), abs=3e-4)


@pytest.mark.parametrize("structure", [WATER, LANTHANUM], ids=["water", "lanthanum"])
def test_gradient_is_that_of_pyscf_s_own_classes(structure):
    ours = energy_and_gradient(structure, level=QUICK)
    mol = build_molecule(structure, level=QUICK, memory_gb=1.0)
    field = dft.RKS(mol, xc="pbe").density_fit(auxbasis=QUICK.coulomb_fitting_basis)
    field.grids.level = QUICK.grid_level
    alpha, epsilon = smd.solvent_db["water"][2], smd.solvent_db["water"][5]
    solvent = pcm.PCM(mol)
    solvent.method, solvent.eps, solvent.radii_table = "IEF-PCM", epsilon, smd.smd_radii(alpha)
    solvent.lebedev_order = next(o for o, points in LEBEDEV_ORDER.items() if points == QUICK.cavity_points_per_sphere)
    field = field.PCM(solvent)
    field.disp, field.conv_tol = QUICK.dispersion, 1e-9
    field.kernel(start_density(mol, level=QUICK).sum(axis=0))
    theirs = field.nuc_grad_method().kernel()
    theirs[0] -= theirs.sum(axis=0)
    # The solvent sees the fitted density here and the orbitals' own there.
    assert ours.gradient_hartree_bohr @ principal_axes(structure) == pytest.approx(theirs, abs=2e-4)


def test_gradient_turns_with_the_molecule_and_sums_to_zero():
    rotation = Rotation.random(rng=np.random.default_rng(5)).as_matrix()
    turned = LANTHANUM.moved_to(LANTHANUM.positions_angstrom @ rotation.T + [1.0, 2.0, -3.0])
    here, there = (energy_and_gradient(s, level=QUICK) for s in (LANTHANUM, turned))
    assert there.energy_hartree == pytest.approx(here.energy_hartree, abs=1e-6)
    assert there.gradient_hartree_bohr == pytest.approx(here.gradient_hartree_bohr @ rotation.T, abs=1e-5)
    assert np.abs(here.gradient_hartree_bohr.sum(axis=0)).max() < 1e-10


def test_a_density_to_start_from_changes_the_cost_only():
    first = energy_and_gradient(WATER, level=QUICK)
    again = energy_and_gradient(WATER, level=QUICK, density=first.density)
    assert again.energy_hartree == pytest.approx(first.energy_hartree, abs=1e-7)
    assert again.gradient_hartree_bohr == pytest.approx(first.gradient_hartree_bohr, abs=1e-5)


@pytest.mark.parametrize("level", ["workstation", "paper", "gfn2", "teacher"])
def test_levels_without_a_gradient_are_refused(level):
    with pytest.raises(InputError, match="has no gradient here"):
        energy_and_gradient(WATER, level=LEVELS[level])
