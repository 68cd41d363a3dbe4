from __future__ import annotations

import subprocess
import sys

import pytest

from reexplore.energies.dft.single_point import single_point
from reexplore.energies.interchange.exporting import export_label
from reexplore.energies.levels import PAPER, QUICK
from tests.energies.examples import LANTHANUM_TWO_WATERS, WATER, ion, turned


def run(structure, level, folder, multiplicity=None):
    """Return what the script prints, run as a user would: by itself, in an empty folder."""
    text = export_label(structure, level=level, program="pyscf", multiplicity=multiplicity)
    assert "import reexplore" not in text
    assert "from reexplore" not in text
    path = folder / "label.py"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, path.name], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


@pytest.mark.engine
@pytest.mark.parametrize("structure", [WATER, LANTHANUM_TWO_WATERS], ids=["water", "lanthanum"])
def test_the_script_has_our_energy_term_by_term(structure, tmp_path):
    ours = single_point(structure, level=QUICK)
    found = run(structure, QUICK, tmp_path)
    # Our iterations see the solvent through the fitted density: an error of second order in the total only.
    for name, tolerance in (
        ("total", 3e-6),
        ("dispersion", 1e-9),
        ("solvent_electrostatic", 1e-4),
        ("solvent_cds", 1e-9),
    ):
        assert found[f"{name}_hartree"] == pytest.approx(getattr(ours, f"{name}_hartree"), abs=tolerance)


def test_the_script_has_the_potential_that_is_kept_here(tmp_path):
    ours = single_point(ion("Nd"), level=QUICK).total_hartree
    assert run(ion("Nd"), QUICK, tmp_path)["total_hartree"] == pytest.approx(ours, abs=3e-6)


def test_the_script_does_not_depend_on_how_a_structure_lies(tmp_path):
    found = [run(structure, QUICK, tmp_path)["total_hartree"] for structure in (WATER, turned(WATER))]
    assert found[0] == pytest.approx(found[1], abs=1e-7)


@pytest.mark.engine
def test_an_open_4f_shell_keeps_its_electrons(tmp_path):
    # Eu3+ is 7F: six 4f electrons, S = 3, ⟨S²⟩ = 12.
    found = run(ion("Eu"), PAPER, tmp_path)
    assert found["f_population"] == pytest.approx(6.0, abs=0.05)
    assert found["spin_squared"] == pytest.approx(12.0, abs=0.05)
