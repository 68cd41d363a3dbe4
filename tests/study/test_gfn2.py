"""GFN2-xTB on the geometry of a complex and its parts, kept as a file."""

import pytest

from reexplore.chemistry.candidates import Group
from reexplore.energies.gfn2 import gfn2_energy
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.errors import ExecutionError
from reexplore.structures.structure import Structure
from reexplore.study.gfn2 import gfn2_file, keep_gfn2, read_gfn2
from tests.surrogate.sample import read_complex

HOPO = Group("La", 1, 6, -1)


def test_the_parts_are_those_of_the_complex_as_they_lie_in_it(tmp_path):
    structure = read_complex("La_HOPO-H_1_6")
    path = gfn2_file(tmp_path, structure, HOPO)
    keep_gfn2(structure, HOPO, path)
    found = read_gfn2(path)
    assert found.complex_hartree == pytest.approx(gfn2_energy(structure).total_hartree)
    # The atoms of the file: metal, ligand, then waters as O, H, H.
    parts = [Structure(("La",), structure.positions_angstrom[:1], 3)]
    ligand = slice(1, len(structure) - 18)
    parts.append(Structure(structure.symbols[ligand], structure.positions_angstrom[ligand], -1))
    waters = range(len(structure) - 18, len(structure), 3)
    parts += [Structure(structure.symbols[i : i + 3], structure.positions_angstrom[i : i + 3], 0) for i in waters]
    alone = sum(gfn2_energy(part).total_hartree for part in parts)
    assert found.kcal_mol("binding") == pytest.approx((found.complex_hartree - alone) * HARTREE_TO_KCAL_MOL, abs=1e-4)
    assert found.kcal_mol("binding") < -300
    assert found.kcal_mol("absolute") == pytest.approx(found.complex_hartree * HARTREE_TO_KCAL_MOL)


def test_what_is_not_made_of_its_parts_says_so(tmp_path):
    structure = read_complex("La_HOPO-H_1_6")
    path = gfn2_file(tmp_path, structure, Group("La", 2, 4, -1))
    keep_gfn2(structure, Group("La", 2, 4, -1), path)
    assert read_gfn2(path).failure == "it holds 1 ligands and 6 waters by its bonds, not 2 and 4"


def test_a_file_is_named_by_what_decides_it_and_damage_is_named(tmp_path):
    structure = read_complex("La_HOPO-H_1_6")
    path = gfn2_file(tmp_path, structure, HOPO)
    assert path == gfn2_file(tmp_path, read_complex("La_HOPO-H_1_6"), HOPO)
    assert path != gfn2_file(tmp_path, read_complex("La_CAM-H_1_6"), HOPO)
    assert path != gfn2_file(tmp_path, structure, Group("La", 1, 6, -3))
    path.write_text("{")
    with pytest.raises(ExecutionError, match="is damaged: remove it"):
        read_gfn2(path)
