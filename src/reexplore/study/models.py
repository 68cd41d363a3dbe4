"""The models of a study by name, what each needs to see, and the baselines that stand beside them all."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reexplore.config import SurrogateEntry
from reexplore.errors import InputError
from reexplore.execution.kinds import KINDS
from reexplore.surrogate.base import HoldOut, needs_geometries, seen_by
from reexplore.surrogate.baselines import fit_ridge
from reexplore.surrogate.boosting import Boosting
from reexplore.surrogate.choices import gathered
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.known import SURROGATES
from reexplore.surrogate.predicting import Blocks
from reexplore.surrogate.samples import Sample, factors, targets_kcal_mol
from reexplore.surrogate.settings import published

Array = NDArray[np.float64]

#: Positions; atoms alone; the SMILES of the ligand's parts; those and positions where there are some; names alone.
Needs = Literal["geometry", "atoms", "ligand", "both", "names"]


@dataclass(frozen=True)
class Model:
    """A model by name; `settings` and `version` are all that decides what it becomes.

    `predict` returns what the model says of samples, shape (asked,), in kcal/mol, once it has learned others.
    """

    name: str
    needs: Needs
    predict: Callable[[Sequence[Sample], Sequence[Sample], Mapping[str, Any], int], Array]
    settings: Mapping[str, Any]
    version: str

    def view(self, sample: Sample) -> Sample:
        """Return a sample with what the model sees of it, and nothing else."""
        has_places = sample.structure is not None and bool(np.isfinite(sample.structure.positions_angstrom).all())
        shown = self.needs in ("geometry", "atoms") or (self.needs == "both" and has_places)
        parts = sample.parts if self.needs in ("ligand", "both") else ()
        return replace(sample, structure=sample.structure if shown else None, parts=parts)


#: How the published networks are asked for; any other name is a surrogate of campaigns.
_PUBLISHED = {"published-2": 2, "published-4": 4}


def find_model(name: str) -> Model:
    """Return a model by name; raise `InputError` with the nearest name when there is none."""
    if name in _PUBLISHED:
        settings = {"kind": "allegro"} | published(tensor_features=_PUBLISHED[name]).declaration()
        return Model(name, "geometry", _of_surrogate, settings, _methods())
    names = (*SURROGATES.names, *_PUBLISHED)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        raise InputError(f"unknown model '{name}': " + (f"did you mean '{near[0]}'?" if near else ", ".join(names)))
    kind, version = SURROGATES.find(name)
    sees = seen_by(kind)
    needs: Needs = sees if sees != "geometry" or needs_geometries(kind) else "atoms"
    settings = {"kind": name} | kind.settings(SurrogateEntry(model=name).model_dump())
    return Model(name, needs, _of_surrogate, settings, f"{_methods()} {version}")


def is_slow(model: Model) -> bool:
    """Return whether a model reads every atom: hundreds of times as many edges as around the metal."""
    return model.settings.get("readout") == "all"


def _methods() -> str:
    return f"member {KINDS['member'].version}"


def _of_surrogate(known: Sequence[Sample], asked: Sequence[Sample], settings: Mapping[str, Any], seed: int) -> Array:
    """Return what one member says that has learned all that is known, as a campaign trains it."""
    kind, _ = SURROGATES.find(settings["kind"])
    said = {name: value for name, value in settings.items() if name != "kind"}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "member"
        # The number of no fold: nothing is held out.
        kind.train(known, HoldOut(2, 2, seed), said, path)
        return np.asarray(Blocks(asked).predicted(kind.load([path])).mean(axis=1))


def _mean(known: Sequence[Sample], asked: Sequence[Sample], _settings: Mapping[str, Any], _seed: int) -> Array:
    return np.full(len(asked), targets_kcal_mol(known).mean())


def _one_hot(known: Sequence[Sample], asked: Sequence[Sample], _settings: Mapping[str, Any], _seed: int) -> Array:
    return fit_ridge([factors(each) for each in known], targets_kcal_mol(known)).predict([factors(e) for e in asked])


def _boosting(known: Sequence[Sample], asked: Sequence[Sample], _settings: Mapping[str, Any], seed: int) -> Array:
    learned = Boosting.fit([_choice(each) for each in known], targets_kcal_mol(known), seed=seed)
    found = np.empty(len(asked))
    for rows, some in gathered([_choice(each) for each in asked]):
        found[rows] = learned.predict(some)[:, 0]
    return found


def _choice(sample: Sample) -> tuple[tuple[str, ...], Around]:
    return sample.parts, Around.of(sample.group)


#: Stand beside every model: a model that is no better has learned nothing of use.
BASELINES = (
    Model("mean", "names", _mean, {}, "1"),
    replace(find_model("composition"), version="1"),
    Model("one-hot", "names", _one_hot, {}, "1"),
    Model("boosting", "ligand", _boosting, {}, "1"),
)
