"""The DFT gradient against the slopes of the energy, PySCF's own gradient, and what no frame may change."""

from dataclasses import replace

import numpy as np
import pytest
from pyscf import dft
from pyscf.dft.gen_grid import LEBEDEV_ORDER
from pyscf.solvent import pcm, smd
from scipy.spatial.transform import Rotation

from reexplore.energies.dft.gradient import energy_and_gradient
from reexplore.energies.dft.molecule import build_molecule, principal_axes
from reexplore.energies.dft.start_density import start_density
from reexplore.energies.levels import LEVELS, PAPER, QUICK, WORKSTATION
from reexplore.errors import InputError
from reexplore.structures.structure import Structure

BOHR = 0.529177210903
STEP_BOHR = 0.005
WATER = Structure(("O", "H", "H"), np.array([[0.0, 0.1, 0.2], [0.96, 0.15, 0.1], [-0.3, 1.05, 0.25]]), 0)
LANTHANUM = Structure(
    ("La", "O", "H", "H"), np.array([[0.1, 0.2, -0.1], [1.5, 1.6, 1.0], [2.3, 1.5, 1.5], [1.4, 2.5, 0.7]]), 3
)
LUTETIUM = Structure(("Lu", *LANTHANUM.symbols[1:]), LANTHANUM.positions_angstrom, 3)


def _slope(structure, level, atom, axis):
    energies = []
    for sign in (1, -1):
        positions = structure.positions_angstrom.copy()
        positions[atom, axis] += sign * STEP_BOHR * BOHR
        energies.append(energy_and_gradient(structure.moved_to(positions), level=level).energy_hartree)
    return (energies[0] - energies[1]) / (2 * STEP_BOHR)


# What is left is that grid and cavity keep the directions of the principal axes, which turn with the atoms, and that
# the grid does not respond: some 1e-4.
@pytest.mark.parametrize(
    ("structure", "level", "atom", "axis"),
    [
        (WATER, QUICK, 1, 0),
        (WATER, WORKSTATION, 2, 1),
        (WATER, PAPER, 1, 1),
        (LANTHANUM, QUICK, 0, 0),
        pytest.param(LANTHANUM, WORKSTATION, 1, 1, marks=pytest.mark.engine),
        pytest.param(LANTHANUM, PAPER, 0, 0, marks=pytest.mark.engine),
        pytest.param(LUTETIUM, PAPER, 1, 0, marks=pytest.mark.engine),
    ],
)
def test_gradient_is_the_slope_of_the_energy(structure, level, atom, axis):
    gradient = energy_and_gradient(structure, level=level).gradient_hartree_bohr
    assert gradient[atom, axis] == pytest.approx(_slope(structure, level, atom, axis), abs=3e-4)


@pytest.mark.parametrize("level", [QUICK, WORKSTATION], ids=["quick", "workstation"])
@pytest.mark.parametrize("structure", [WATER, LANTHANUM], ids=["water", "lanthanum"])
def test_gradient_is_that_of_pyscf_s_own_classes(structure, level):
    ours = energy_and_gradient(structure, level=level)
    mol = build_molecule(structure, level=level, memory_gb=1.0)
    field = dft.RKS(mol, xc=level.functional).density_fit(auxbasis=level.coulomb_fitting_basis)
    field.grids.level = level.grid_level
    alpha, epsilon = smd.solvent_db["water"][2], smd.solvent_db["water"][5]
    solvent = pcm.PCM(mol)
    solvent.method, solvent.eps, solvent.radii_table = "IEF-PCM", epsilon, smd.smd_radii(alpha)
    solvent.lebedev_order = next(o for o, points in LEBEDEV_ORDER.items() if points == level.cavity_points_per_sphere)
    field = field.PCM(solvent)
    field.disp, field.conv_tol = level.dispersion, 1e-9
    field.kernel(start_density(mol, level=level).sum(axis=0))
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


@pytest.mark.parametrize("level", [LEVELS["gfn2"], LEVELS["teacher"], replace(QUICK, functional="r2scan")])
def test_levels_without_a_gradient_are_refused(level):
    with pytest.raises(InputError, match=r"has no gradient here: take .* quick or workstation"):
        energy_and_gradient(WATER, level=level)


def test_an_open_shell_is_refused_with_the_levels_that_have_none():
    gadolinium = Structure(("Gd", *LANTHANUM.symbols[1:]), LANTHANUM.positions_angstrom, 3)
    with pytest.raises(InputError, match=r"open shell.*4f electrons in the core, quick or workstation"):
        energy_and_gradient(gadolinium, level=PAPER)
