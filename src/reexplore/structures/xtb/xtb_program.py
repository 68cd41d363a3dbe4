"""The xtb program: its energies, and its own optimiser ANCopt."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import CalculationFailed, FailureCode, InputError, MissingEngineError
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.engines import UNPAIRED_ELECTRONS, Solvent, method

Array = NDArray[np.float64]

_STAGE = "relaxation"
_INPUT = "complex.xyz"
_SOLVENT_ARGUMENTS: dict[Solvent, tuple[str, ...]] = {
    "alpb-water": ("--alpb", "water"),
    "gbsa-water": ("--gbsa", "h2o"),
    "gas": (),
}

#: ANCopt's levels → the gradient norm in hartree/bohr at which they stop (xtb's documentation).
ANCOPT_LEVELS = {"normal": 1e-3, "tight": 8e-4, "vtight": 2e-4, "extreme": 5e-5}


class XtbProgram:
    """The surface of one molecule, each point a run of its own from scratch."""

    def __init__(self, structure: Structure, solvent: Solvent) -> None:
        self.name = f"xtb {_program()[1]} {method(solvent)}"
        self.calls = 0
        self._structure = structure
        self._solvent = solvent

    def at(self, positions_angstrom: Array) -> tuple[float, Array]:
        """Return the energy in hartree and the gradient in hartree/bohr."""
        self.calls += 1
        with tempfile.TemporaryDirectory(prefix="reexplore-xtb-") as name:
            folder = Path(name)
            output = _run(self._structure.moved_to(positions_angstrom), self._solvent, ("--grad",), folder)
            return _energy_and_gradient(folder, output)


def ancopt_level(gradient_norm_hartree_bohr: float) -> str:
    """Return the loosest level of ANCopt that reaches a gradient norm; raise `InputError` below the tightest."""
    for level, reached in ANCOPT_LEVELS.items():
        if reached <= gradient_norm_hartree_bohr:
            return level
    raise InputError(
        f"the xtb program stops at a gradient norm of {min(ANCOPT_LEVELS.values()):g} Eh/bohr at best,"
        f" not {gradient_norm_hartree_bohr:g}"
    )


def ancopt(
    structure: Structure, *, solvent: Solvent, max_steps: int, gradient_norm_hartree_bohr: float
) -> tuple[Structure, int]:
    """Relax with the program's own optimiser; return the minimum and the number of its cycles.

    Raises `CalculationFailed` when the program fails or does not converge within `max_steps` cycles.
    """
    level = ancopt_level(gradient_norm_hartree_bohr)
    with tempfile.TemporaryDirectory(prefix="reexplore-xtb-") as name:
        folder = Path(name)
        output = _run(structure, solvent, ("--opt", level, "--cycles", str(max_steps)), folder)
        cycles = re.search(r"GEOMETRY OPTIMIZATION CONVERGED AFTER (\d+) ITERATIONS", output)
        if cycles is None:
            raise CalculationFailed(
                FailureCode.NOT_CONVERGED, _STAGE, f"no minimum after {max_steps} cycles", output=output[-2000:]
            )
        from ase.io import read

        return structure.moved_to(read(folder / "xtbopt.xyz").positions), int(cycles[1])


@lru_cache(maxsize=8)
def _version(path: str) -> str:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"xtb version (\S+)", said.stdout)
    return found[1] if found else "?"


def _program() -> tuple[str, str]:
    path = shutil.which("xtb")
    if path is None:
        raise MissingEngineError(
            "the engine 'xtb' needs the xtb program on PATH: install it with `apt-get install xtb` or"
            " `conda install -c conda-forge xtb`, or choose the engine 'tblite'"
        )
    return path, _version(path)


def _run(structure: Structure, solvent: Solvent, task: tuple[str, ...], folder: Path) -> str:
    from ase import Atoms
    from ase.io import write

    write(folder / _INPUT, Atoms(structure.symbols, structure.positions_angstrom), format="xyz")
    state = ("--gfn", "2", "--chrg", str(structure.charge), "--uhf", str(UNPAIRED_ELECTRONS))
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [_program()[0], _INPUT, *state, *_SOLVENT_ARGUMENTS[solvent], *task],
        cwd=folder,
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode != 0:
        code = FailureCode.NOT_CONVERGED if "did not converge" in said else FailureCode.CRASHED
        raise CalculationFailed(
            code, _STAGE, f"the xtb program ended with exit code {done.returncode}", output=said[-2000:]
        )
    return said


def _energy_and_gradient(folder: Path, output: str) -> tuple[float, Array]:
    file = (folder / _INPUT).with_suffix(".engrad")
    if not file.exists():
        raise CalculationFailed(FailureCode.CRASHED, _STAGE, "the xtb program wrote no gradient", output=output[-2000:])
    numbers = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    atoms, energy = int(numbers[0]), float(numbers[1])
    return energy, np.array(numbers[2 : 2 + 3 * atoms], dtype=np.float64).reshape(atoms, 3)
