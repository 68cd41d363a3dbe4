"""Screening geometries one by one, all at once, and refused."""

import numpy as np
import pytest

from reexplore.chemistry.families import families
from reexplore.chemistry.library import SUBSTITUENTS, Scaffold
from reexplore.chemistry.metals import METALS
from reexplore.chemistry.space import Coordination, Space
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.quality import check_complex
from reexplore.structures.screening import poses
from reexplore.structures.screening.families import complexes, graft_family, refused, screening_geometries
from tests.structures.sample import relaxed

HOPO = Scaffold("HOPO", "CN([*:2])C(=O)c1cc([*:1])cc(=[O:12])n1[O-:11]", -1, "", "", sites=2)
SPACE = Space(
    scaffolds=(HOPO,),
    substituents=tuple(SUBSTITUENTS[name] for name in ("H", "phenyl", "chloro")),
    metals=(METALS["La"], METALS["Eu"]),
    coordinations=(Coordination(1, 8),),
)


@pytest.fixture
def family():
    (found,) = families(SPACE)
    return found


def test_each_is_the_complex_asked_for_and_no_other_than_in_company(family):
    candidates = list(family.candidates())
    together = screening_geometries(family, relaxed("La_HOPO-H_1_6"), candidates)
    for candidate, structure in zip(candidates, together, strict=True):
        assert check_complex(structure, candidate=candidate).ok
    (alone,) = screening_geometries(family, relaxed("La_HOPO-H_1_6"), candidates[5:6])
    assert alone.key == together[5].key


def test_what_is_predicted_is_what_is_learned_from(family):
    (grafts,) = graft_family(family, relaxed("La_HOPO-H_1_6"))
    rows, found = complexes(family, grafts, start=0)
    assert rows == list(range(9))
    one_by_one = screening_geometries(family, relaxed("La_HOPO-H_1_6"), list(family.candidates()))
    for arrays, structure in zip(found.structures(), one_by_one, strict=True):
        assert arrays.symbols[0] == structure.symbols[0]
        assert arrays.charge == structure.charge
        for element in set(structure.symbols):
            lengths = [
                np.sort(
                    np.linalg.norm(
                        (s.positions_angstrom - s.positions_angstrom[0])[np.array(s.symbols) == element], axis=1
                    )
                )
                for s in (arrays, structure)
            ]
            np.testing.assert_allclose(*lengths, atol=1e-7)


def test_ligands_of_a_substituent_without_geometry_are_refused(family, monkeypatch):
    def none_for_phenyl(substituent, anchor):
        if substituent.name == "phenyl":
            raise CalculationFailed(FailureCode.BUILD_FAILED, "fragment", "RDKit embeds no conformer", smiles="…")
        return fragment(substituent, anchor)

    fragment = poses.fragment
    monkeypatch.setattr(poses, "fragment", none_for_phenyl)
    found = refused(family, relaxed("La_HOPO-H_1_6"))
    with_phenyl = {row for row, ligand in enumerate(family.members) if "phenyl" in ligand.substituents}
    assert set(found) == with_phenyl
    assert {failure.code for failure in found.values()} == {FailureCode.BUILD_FAILED}
    (grafts,) = graft_family(family, relaxed("La_HOPO-H_1_6"))
    assert set(complexes(family, grafts, start=0)[0]) == set(range(9)) - with_phenyl
