"""DFT relaxations at the level `quick`, gradient by gradient, kept as extended XYZ and gone on with after a kill.

FOLDER/<metal>_<probe>.extxyz holds one frame a gradient: positions in Å, energy in eV, forces in eV/Å. Steps are
quasi-Newton (ASE's BFGS) from the Hessian of the surface on which the start was relaxed.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from ase.optimize import BFGS
from ase.units import Bohr, Hartree
from numpy.typing import NDArray

from reexplore.energies.dft.gradient import energy_and_gradient
from reexplore.energies.levels import QUICK
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.engines import Surface
from reexplore.structures.xtb.vibrations import numerical_hessian

Array = NDArray[np.float64]

#: The largest step of an atom, and the least curvature of the first Hessian: flat modes of waters move no further.
_MAX_STEP_ANGSTROM = 0.1
_FLOOR_HARTREE_BOHR2 = 0.015
#: Largest component of the gradient at which a relaxation is done.
CONVERGED_HARTREE_BOHR = 8e-4
_SAME_PLACE_ANGSTROM = 1e-5


def frames_of(path: Path) -> list[Atoms]:
    """Return the gradients of a relaxation so far; a frame that a kill has cut short is left out."""
    if not path.is_file():
        return []
    text = path.read_text().splitlines(keepends=True)
    size = int(text[0]) + 2
    whole = len(text) - len(text) % size
    if whole < len(text):
        path.write_text("".join(text[:whole]))
    return read(path, index=":") if whole else []


def relax_by_dft(structure: Structure, surface: Surface, path: Path, *, gradients: int) -> list[Atoms]:
    """Relax a structure with up to so many gradients, from where the file ends; return the frames.

    `surface` gives the first Hessian, at the structure it was relaxed to.
    """
    kept = frames_of(path)
    if is_done(kept, gradients):
        return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    hessian = numerical_hessian(surface.at, structure.positions_angstrom)
    values, vectors = np.linalg.eigh(hessian)
    atoms = Atoms(structure.symbols, structure.positions_angstrom)
    atoms.calc = _Kept(structure, path, kept)
    optimizer = BFGS(atoms, logfile=None, maxstep=_MAX_STEP_ANGSTROM)
    optimizer.H0 = (vectors * np.maximum(np.abs(values), _FLOOR_HARTREE_BOHR2)) @ vectors.T * Hartree / Bohr**2
    for _ in optimizer.irun(fmax=0.0, steps=gradients - 1):
        if is_done(atoms.calc.frames, gradients):
            break
    return list(atoms.calc.frames)


def is_done(frames: list[Atoms], gradients: int) -> bool:
    """Return whether a relaxation has its gradients or has come to its end before."""
    if not frames:
        return False
    slope = np.abs(frames[-1].get_forces()).max() * Bohr / Hartree
    return len(frames) >= gradients or bool(slope < CONVERGED_HARTREE_BOHR)


class _Kept(Calculator):
    """DFT gradients, of which those of the file are not computed again."""

    implemented_properties = ("energy", "forces")

    def __init__(self, structure: Structure, path: Path, kept: list[Atoms]) -> None:
        super().__init__()
        self._structure, self._path, self._kept = structure, path, list(kept)
        self._density: Array | None = None
        self.frames: list[Atoms] = []

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        known = self._kept[len(self.frames)] if len(self.frames) < len(self._kept) else None
        if known is not None and np.abs(known.positions - atoms.positions).max() < _SAME_PLACE_ANGSTROM:
            self.results = {"energy": known.get_potential_energy(), "forces": known.get_forces()}
            self.frames.append(known)
            return
        cpu_s = time.process_time()
        slope = energy_and_gradient(self._structure.moved_to(atoms.positions), level=QUICK, density=self._density)
        self._density = slope.density
        energy, forces = slope.energy_hartree * Hartree, -slope.gradient_hartree_bohr * Hartree / Bohr
        self.results = {"energy": energy, "forces": forces}
        frame = Atoms(self._structure.symbols, atoms.positions)
        frame.info["charge"] = self._structure.charge
        frame.info["cpu_s"] = round(time.process_time() - cpu_s, 1)
        frame.calc = SinglePointCalculator(frame, energy=energy, forces=forces)
        write(self._path, frame, append=True, format="extxyz")
        self.frames.append(frame)
