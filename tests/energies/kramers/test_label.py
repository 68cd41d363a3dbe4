import json
from dataclasses import replace

import pytest

from reexplore.energies.kramers.axis import Axis
from reexplore.energies.kramers.doublets import Doublet
from reexplore.energies.kramers.label import KramersLabel
from reexplore.energies.kramers.method import PRODUCTION, KramersMethod
from reexplore.errors import InputError

LABEL = KramersLabel(
    metal="Dy",
    charge=1,
    method=PRODUCTION,
    doublets=(
        Doublet(0.0, 1e-9, (0.003, 0.004, 19.9), (0.0, 0.0, 1.0)),
        Doublet(655.0, 1e-9, (0.1, 0.1, 17.0), (0.0, 0.0, 1.0)),
    ),
    next_multiplet_cm=3600.0,
    energy_hartree=-12500.0,
    spin_orbit_constant_cm=1981.0,
    l_squared=11.9,
    f_population=8.97,
    gradient_norm=5e-4,
    basis_functions=291,
    fitting_functions=1763,
    donor_distances_angstrom={1: 2.05, 4: 2.06},
    axis=Axis((1, 4), (2.05, 2.06), 179.0, (0.0, 0.0, 1.0)),
    attempts=({"method": "quasi-Newton", "steps": 8},),
    stage_cpu_seconds={"states": 3.0},
)


def test_it_survives_json():
    assert KramersLabel.from_json(json.loads(json.dumps(LABEL.to_json()))) == LABEL
    alone = replace(LABEL, axis=None)
    assert KramersLabel.from_json(json.loads(json.dumps(alone.to_json()))) == alone


def test_what_follows_from_the_doublets():
    assert LABEL.gap_cm == 655.0
    assert LABEL.transversal_g == pytest.approx(0.005)
    assert LABEL.tilt_degrees == pytest.approx(0.0)
    assert LABEL.doubts == {}


def test_a_bent_axis_and_a_magnetic_axis_elsewhere_are_doubts():
    across = replace(LABEL.doublets[0], axis=(1.0, 0.0, 0.0))
    bent = replace(LABEL.axis, angle_degrees=142.0)
    assert set(replace(LABEL, axis=bent, doublets=(across, LABEL.doublets[1])).doubts) == {
        "axis_bent",
        "axis_not_axial",
    }
    assert replace(LABEL, axis=None).doubts == {}


def test_what_a_later_version_wrote_is_refused():
    with pytest.raises(InputError, match="bkq"):
        KramersLabel.from_json(LABEL.to_json() | {"bkq": []})
    with pytest.raises(ValueError, match="version"):
        KramersMethod.from_json(PRODUCTION.to_json() | {"version": 99})
