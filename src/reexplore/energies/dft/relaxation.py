"""Relaxation on a density functional's energy surface, gradient by gradient, gone on with after a kill."""

from __future__ import annotations

from collections.abc import Callable
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
from reexplore.energies.levels import Level
from reexplore.energies.relaxed import CONVERGED_HARTREE_BOHR, LevelMinimum
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.engines import Surface
from reexplore.structures.xtb.vibrations import numerical_hessian

Array = NDArray[np.float64]

STAGE = "DFT relaxation"
MOST_GRADIENTS = 60
#: The largest step of an atom, and the least curvature of the first Hessian: flat modes of waters move no further.
_MAX_STEP_ANGSTROM = 0.1
_FLOOR_HARTREE_BOHR2 = 0.015
#: Positions are written with eight decimals.
_SAME_PLACE_ANGSTROM = 1e-5


def relax_by_dft(
    structure: Structure, *, level: Level, surface: Surface, folder: Path | None = None, memory_gb: float = 4.0
) -> LevelMinimum:
    """Relax a closed shell at a level, in its water, from a minimum of a cheap surface.

    Quasi-Newton steps (ASE's BFGS) from the Hessian that `surface` has at the start. With a `folder` every gradient is
    kept there, and a killed relaxation goes on. Raises `InputError` for a level or a shell without gradients,
    `CalculationFailed` when a field does not converge or no minimum is reached in `MOST_GRADIENTS`.
    """
    path = folder / "gradients.extxyz" if folder is not None else None
    frames = descend_by_dft(
        structure,
        level=level,
        surface=surface,
        path=path,
        is_done=lambda found: len(found) >= MOST_GRADIENTS or slope_hartree_bohr(found[-1]) < CONVERGED_HARTREE_BOHR,
        memory_gb=memory_gb,
    )
    first, last = frames[0], frames[-1]
    largest = slope_hartree_bohr(last)
    if largest >= CONVERGED_HARTREE_BOHR:
        raise CalculationFailed(
            FailureCode.NOT_CONVERGED,
            STAGE,
            f"no minimum after {len(frames)} gradients: the largest is {largest:.1e} Hartree/bohr",
            gradient_max_hartree_bohr=largest,
        )
    return LevelMinimum(
        structure.moved_to(last.positions),
        last.get_potential_energy() / Hartree,
        first.get_potential_energy() / Hartree,
        largest,
        len(frames),
    )


def slope_hartree_bohr(frame: Atoms) -> float:
    """Return the largest component of a frame's gradient."""
    return float(np.abs(frame.get_forces()).max() * Bohr / Hartree)


def frames_of(path: Path | None) -> list[Atoms]:
    """Return the gradients that are kept in a file; a frame that a kill has cut short is left out."""
    if path is None or not path.is_file():
        return []
    lines = path.read_text().splitlines(keepends=True)
    size = int(lines[0]) + 2 if lines and lines[0].strip().isdigit() else len(lines) + 1
    whole = len(lines) - len(lines) % size
    if whole < len(lines):
        path.write_text("".join(lines[:whole]))
    return read(path, index=":") if whole else []


def descend_by_dft(
    structure: Structure,
    *,
    level: Level,
    surface: Surface,
    path: Path | None,
    is_done: Callable[[list[Atoms]], bool],
    memory_gb: float = 4.0,
) -> list[Atoms]:
    """Step downhill from a structure until `is_done` says so; return one frame a gradient, energies in eV.

    The frames of the file `path` are not computed again, as long as the way is the same.
    """
    kept = frames_of(path)
    if kept and is_done(kept):
        return kept
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    values, vectors = np.linalg.eigh(numerical_hessian(surface.at, structure.positions_angstrom))
    atoms = Atoms(structure.symbols, structure.positions_angstrom)
    atoms.calc = calculator = _Kept(structure, level, path, kept, memory_gb)
    optimizer = BFGS(atoms, logfile=None, maxstep=_MAX_STEP_ANGSTROM)
    optimizer.H0 = (vectors * np.maximum(np.abs(values), _FLOOR_HARTREE_BOHR2)) @ vectors.T * Hartree / Bohr**2
    for _ in optimizer.irun(fmax=0.0):
        if is_done(calculator.frames):
            break
    return calculator.frames


class _Kept(Calculator):
    """DFT gradients, of which those of the file are not computed again."""

    implemented_properties = ("energy", "forces")

    def __init__(
        self, structure: Structure, level: Level, path: Path | None, kept: list[Atoms], memory_gb: float
    ) -> None:
        super().__init__()
        self._structure, self._level, self._path, self._kept = structure, level, path, list(kept)
        self._memory_gb = memory_gb
        self._density: Array | None = None
        self.frames: list[Atoms] = []

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        number = len(self.frames)
        if number < len(self._kept) and self._is_here(self._kept[number], atoms.positions):
            frame = self._kept[number]
        else:
            self._forget(number)
            frame = self._computed(atoms.positions)
        self.results = {"energy": frame.get_potential_energy(), "forces": frame.get_forces()}
        self.frames.append(frame)

    @staticmethod
    def _is_here(frame: Atoms, positions: Array) -> bool:
        return bool(np.abs(frame.positions - positions).max() < _SAME_PLACE_ANGSTROM)

    def _forget(self, number: int) -> None:
        """Let go of what is kept from the gradient of this number on: the way has been another one."""
        if number < len(self._kept) and self._path is not None:
            write(self._path, self._kept[:number], format="extxyz") if number else self._path.unlink()
        del self._kept[number:]

    def _computed(self, positions: Array) -> Atoms:
        there = self._structure.moved_to(positions)
        slope = energy_and_gradient(there, level=self._level, density=self._density, memory_gb=self._memory_gb)
        self._density = slope.density
        frame = Atoms(self._structure.symbols, positions)
        frame.info["charge"] = self._structure.charge
        forces = -slope.gradient_hartree_bohr * Hartree / Bohr
        frame.calc = SinglePointCalculator(frame, energy=slope.energy_hartree * Hartree, forces=forces)
        if self._path is not None:
            write(self._path, frame, append=True, format="extxyz")
        return frame
