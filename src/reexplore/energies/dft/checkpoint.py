"""The last density, or orbitals, of an unfinished calculation, so that a killed one goes on from there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Checkpoint:
    """A folder with one density, or one set of orbitals, per stage of a calculation; without a folder nothing is kept.

    Only these are read back, never energies: what a checkpoint holds can shorten a calculation,
    not decide its result.
    """

    folder: Path | None

    def save(self, stage: str, density: Array) -> None:
        """Keep a stage's density in place of its last one, whole or not at all."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self._path(stage).with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, density)
        part.replace(self._path(stage))

    def load(self, stage: str, shape: tuple[int, ...] | None = None) -> Array | None:
        """Return what a stage reached before, None when there is none, or none of this shape."""
        path = self._path(stage) if self.folder is not None else None
        if path is None or not path.is_file():
            return None
        try:
            density = np.load(path, allow_pickle=False)
        except (ValueError, EOFError):
            # A file that another hand has cut short is no reason to fail: the stage starts anew.
            return None
        fits = shape in (None, density.shape) and np.isfinite(density).all()
        return np.asarray(density) if fits else None

    def _path(self, stage: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{stage.replace(' ', '-')}.npy"
