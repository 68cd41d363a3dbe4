import numpy as np
from scipy.spatial.transform import Rotation

from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.xtb.model_hessian import model_hessian
from reexplore.structures.xtb.relax import gradient, relax
from tests.structures.sample import relaxed

BOHR = 0.529177210903


def test_model_hessian_is_symmetric_positive_and_turns_with_the_molecule():
    structure = relaxed("La_HOPO-H_1_6")
    hessian = model_hessian(structure)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    assert np.linalg.eigvalsh(hessian).min() > 0
    rotation = Rotation.random(rng=np.random.default_rng(4)).as_matrix()
    turned = model_hessian(structure.moved_to(structure.positions_angstrom @ rotation.T))
    blocks = np.kron(np.eye(len(structure)), rotation)
    np.testing.assert_allclose(turned, blocks @ hessian @ blocks.T, atol=1e-6)


def test_model_hessian_of_water_is_near_the_true_one():
    minimum = relax(water(), solvent="gas").structure
    step = 0.005
    true = np.zeros((9, 9))
    for k in range(9):
        shift = np.zeros(9)
        shift[k] = step
        ahead, behind = (
            gradient(minimum.moved_to(minimum.positions_angstrom + sign * shift.reshape(3, 3)), solvent="gas")
            for sign in (1, -1)
        )
        true[k] = ((ahead - behind) / (2 * step / BOHR)).ravel()
    stiffest = np.linalg.eigvalsh(true)[-2:]
    # A model of all molecules is good to a factor of two.
    ratio = np.linalg.eigvalsh(model_hessian(minimum))[-2:] / stiffest
    assert np.all((ratio > 0.5) & (ratio < 2.0))
