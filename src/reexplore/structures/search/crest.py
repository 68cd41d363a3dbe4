"""CREST, an outside program that samples conformers of what the search has found, where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from reexplore.errors import CalculationFailed, FailureCode, MissingEngineError
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.engines import UNPAIRED_ELECTRONS

NAME = "crest"
STAGE = "crest"

_START = "start.xyz"
_CONFORMERS = "crest_conformers.xyz"
_TAIL = 2000


def require_crest() -> str:
    """Return the program's path; raise `MissingEngineError` when it is not on PATH."""
    program = shutil.which(NAME)
    if program is None:
        raise MissingEngineError(
            "builder 'crest' needs the program of that name on PATH: install it with"
            " `conda install -c conda-forge crest`, or name the builders without it"
        )
    return program


def sample_conformers(structure: Structure) -> list[Structure]:
    """Return the conformers CREST finds from a structure, its lowest first, in the same atom order.

    P. Pracht et al., J. Chem. Phys. 2024, 160, 114110; GFN2-xTB with ALPB water, one thread. Raises
    `MissingEngineError` when the program is not on PATH and `CalculationFailed` when it fails.
    """
    from ase import Atoms
    from ase.io import read, write

    program = require_crest()
    state = ("--chrg", str(structure.charge), "--uhf", str(UNPAIRED_ELECTRONS))
    with tempfile.TemporaryDirectory(prefix="reexplore-crest-") as name:
        folder = Path(name)
        write(folder / _START, Atoms(structure.symbols, structure.positions_angstrom), format="xyz")
        done = subprocess.run(
            [program, _START, "--gfn2", "--alpb", "water", *state, "-T", "1"],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        found = folder / _CONFORMERS
        if done.returncode != 0 or not found.is_file():
            said = (done.stdout + done.stderr)[-_TAIL:]
            raise CalculationFailed(
                FailureCode.CRASHED, STAGE, f"CREST ended with exit code {done.returncode}", output=said
            )
        return [structure.moved_to(atoms.positions) for atoms in read(found, index=":")]
