"""One fit: a model, what it learns, and one test part; named by all that decides it, and kept as a file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reexplore.errors import CalculationFailed, ExecutionError
from reexplore.study.atoms import line_of_atoms
from reexplore.study.models import Model
from reexplore.study.splits import Part
from reexplore.surrogate.samples import Sample, targets_kcal_mol

#: Raised when a fit becomes something else than before for the same samples.
_VERSION = 1


@dataclass(frozen=True, eq=False)
class Fit:
    """A model that learns the targets of the known samples and is asked about the tested ones.

    With `by_atoms` a line on the elements' counts is fitted to the known targets and taken off first, without any
    penalty: the energy of a complex is nearly the sum of its atoms'.
    """

    model: Model
    strategy: str
    part: Part
    known: Sequence[Sample]
    tested: Sequence[Sample]
    by_atoms: bool

    @property
    def name(self) -> str:
        """Return a name to read."""
        return f"{self.model.name}, {self.strategy}, {self.part.split} {self.part.name}"

    def key(self, digests: Mapping[str, str]) -> str:
        """Return a hash of all that decides what it says; `digests` are those of the samples as the model sees them."""
        said = [_VERSION, self.model.name, dict(self.model.settings), self.model.version, self.by_atoms, self.part.seed]
        known = [[digests[sample.key], sample.target_kcal_mol] for sample in self.known]
        asked = [digests[sample.key] for sample in self.tested]
        return hashlib.sha256(json.dumps([*said, known, asked], allow_nan=False).encode()).hexdigest()[:24]


def sample_digest(sample: Sample, *, shows_places: bool) -> str:
    """Return a hash of what a model sees of a sample, but for its label."""
    structure = sample.structure
    atoms = None if structure is None else [structure.symbols, structure.charge]
    told = [sample.key, repr(sample.group), sample.scaffold, sample.substituents, sample.parts, atoms]
    if shows_places and structure is not None:
        told.append(structure.key)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def run_fit(fit: Fit, path: Path) -> None:
    """Make a fit and keep what it says of the tested samples in a file, or why it came to nothing."""
    target, base = targets_kcal_mol(fit.known), np.zeros(len(fit.tested))
    if fit.by_atoms:
        line, base = line_of_atoms(fit.known, fit.tested, target)
        target = target - line
    known = [replace(fit.model.view(s), target_kcal_mol=y) for s, y in zip(fit.known, target.tolist(), strict=True)]
    # Labels of what is asked about are not even handed over.
    asked = [replace(fit.model.view(s), target_kcal_mol=None) for s in fit.tested]
    told: dict[str, object] = {"fit": fit.name, "known": len(known)}
    try:
        said = fit.model.predict(known, asked, fit.model.settings, fit.part.seed) + base
        told |= {"predicted_kcal_mol": dict(zip((s.key for s in asked), said.tolist(), strict=True))}
    except CalculationFailed as failed:
        told |= {"failure": str(failed.failure)}
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(told, allow_nan=False), encoding="utf-8")
    partial.replace(path)


def read_fit(fit: Fit, path: Path) -> dict[str, float] | str:
    """Return what a fit said of each tested sample by key, or why it came to nothing."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if "failure" in data:
            return str(data["failure"])
        said = data["predicted_kcal_mol"]
        return {sample.key: float(said[sample.key]) for sample in fit.tested}
    except (ValueError, KeyError, TypeError):
        raise ExecutionError(f"{path} is damaged: remove it, and the same command makes that fit again") from None
