import numpy as np
import pytest

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SCAFFOLDS
from reexplore.chemistry.metals import METALS
from reexplore.structures.geometry import Layout
from reexplore.structures.quality import DONOR_RADII_ANGSTROM, check_complex
from reexplore.structures.sketch import sketch_complex
from tests.structures.sample import ligand


@pytest.mark.parametrize("ligands", [1, 2, 3, 4])
@pytest.mark.parametrize("scaffold", SCAFFOLDS)
def test_sketch_has_the_layout_and_passes_quality_control(scaffold, ligands):
    who = Candidate(ligand(scaffold, "methyl"), METALS["La"], ligands, 8 - 2 * ligands)
    sketch = sketch_complex(who, seed=1)
    assert len(sketch) == len(Layout.of(who))
    assert sketch.charge == who.charge
    report = check_complex(sketch, candidate=who)
    assert report.ok
    radii = [
        METALS["La"].shannon_radius_angstrom + DONOR_RADII_ANGSTROM[sketch.symbols[d]] for d in Layout.of(who).donors
    ]
    np.testing.assert_allclose(report.donor_distances_angstrom, radii, atol=0.05)


def test_seed_decides():
    who = Candidate(ligand("CAM", "chloro"), METALS["La"], 2, 4)
    assert sketch_complex(who, seed=3).key == sketch_complex(who, seed=3).key
    assert sketch_complex(who, seed=3).key != sketch_complex(who, seed=4).key
