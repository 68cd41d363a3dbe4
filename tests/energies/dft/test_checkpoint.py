from __future__ import annotations

import numpy as np
import pytest

from reexplore.energies.dft.checkpoint import Checkpoint

DENSITY = np.arange(8.0).reshape(2, 2, 2)


def test_a_stage_finds_its_last_density(tmp_path):
    kept = Checkpoint(tmp_path / "new")
    kept.save("4f 01", DENSITY)
    kept.save("4f 01", DENSITY + 1)
    np.testing.assert_array_equal(kept.load("4f 01", (2, 2, 2)), DENSITY + 1)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["4f-01.npy"]


def test_without_a_folder_nothing_is_kept():
    kept = Checkpoint(None)
    kept.save("field", DENSITY)
    assert kept.load("field", (2, 2, 2)) is None


@pytest.mark.parametrize("length", [0, 20, 140])
def test_a_torn_file_is_not_read(tmp_path, length):
    kept = Checkpoint(tmp_path)
    kept.save("field", DENSITY)
    path = tmp_path / "field.npy"
    path.write_bytes(path.read_bytes()[:length])
    assert kept.load("field", (2, 2, 2)) is None


def test_another_molecules_density_is_not_read(tmp_path):
    kept = Checkpoint(tmp_path)
    kept.save("field", DENSITY)
    assert kept.load("field", (2, 3, 3)) is None
