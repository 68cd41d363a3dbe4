import numpy as np
import pytest

from reexplore.errors import ExecutionError, InputError
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.xtb.metal_donor import MetalDonor, Push, shipped_pushes
from reexplore.structures.xtb.relax import relax, single_point_energy
from reexplore.structures.xtb.surfaces import (
    DEFAULT,
    GFN2_M,
    SURFACES,
    find_surface,
    own_surface,
    surface_of_recipe,
)
from tests.structures.sample import relaxed

GFN2 = SURFACES["gfn2"]
PUSH = Push("La", "water", 0.01, 1.0, 2.5)


def test_the_default_is_gfn2_and_the_correction():
    structure = relaxed("La_CAM-H_1_6")
    ours, plain = (surface.of(structure).at(structure.positions_angstrom) for surface in (GFN2_M, GFN2))
    energy, gradient = MetalDonor(structure, shipped_pushes()).at(structure.positions_angstrom)
    assert DEFAULT == "gfn2-m"
    assert ours[0] - plain[0] == pytest.approx(energy, abs=1e-9)
    assert np.abs(ours[1] - plain[1] - gradient).max() < 1e-7


def test_without_a_metal_the_default_is_plain_gfn2():
    molecule = water()
    assert single_point_energy(molecule) == single_point_energy(molecule, surface=GFN2)
    assert relax(molecule).engine == relax(molecule, surface=GFN2).engine


def test_a_result_names_its_surface_and_version():
    structure = relaxed("La_CAM-H_1_6")
    assert GFN2_M.of(structure).name.endswith(f"metal-donor correction gfn2-m, version {GFN2_M.version}")
    assert "correction" not in GFN2.of(structure).name


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("metal", [True, False])
def test_a_recipe_names_the_surface_it_was_made_of(name, metal):
    surface = SURFACES[name]
    found = surface_of_recipe(surface.recipe(metal=metal))
    assert found == surface or not metal


def test_keys_of_plain_gfn2_and_of_what_holds_no_metal_are_those_from_before_there_were_surfaces():
    assert GFN2.recipe(metal=True) == GFN2.recipe(metal=False) == GFN2_M.recipe(metal=False) == {"engine": "tblite"}
    assert SURFACES["gfn2-xtb"].recipe(metal=True) == {"engine": "xtb"}
    assert GFN2_M.recipe(metal=True) == {"surface": {"name": "gfn2-m", "version": GFN2_M.version}}


def test_a_worker_with_another_version_of_the_correction_refuses():
    with pytest.raises(ExecutionError, match="surface 'gfn2-m' is version"):
        surface_of_recipe({"surface": {"name": "gfn2-m", "version": "0"}})


def test_numbers_of_a_users_own_are_in_the_key_and_in_the_name():
    mine = own_surface("mine", (PUSH,))
    structure = relaxed("La_CAM-H_1_6")
    assert surface_of_recipe(mine.recipe(metal=True)).pushes == mine.pushes
    assert {"metal": "La", "donor": "water", "height_hartree": 0.01, "decay_per_bohr": 1.0, "at_angstrom": 2.5} in (
        mine.recipe(metal=True)["surface"]["correction"]
    )
    assert mine.of(structure).name.endswith("numbers of your own")
    assert (
        mine.of(structure).at(structure.positions_angstrom)[0]
        != GFN2_M.of(structure).at(structure.positions_angstrom)[0]
    )
    with pytest.raises(InputError, match="is there already"):
        own_surface("gfn2", (PUSH,))
    with pytest.raises(InputError, match="two corrections for one metal and donor"):
        own_surface("mine", (PUSH, PUSH))


def test_an_unknown_surface_is_told_with_the_nearest():
    with pytest.raises(InputError, match="unknown surface 'gfn2m': did you mean 'gfn2-m'"):
        find_surface("gfn2m")
