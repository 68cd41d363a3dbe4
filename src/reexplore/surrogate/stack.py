"""The stack: Allegro, the tabular models and the linear baselines, weighed on labels that none of them has seen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from reexplore.structures.screening.arrays import Complexes
from reexplore.surrogate.allegro_surrogate import Allegro
from reexplore.surrogate.base import Ensemble, HoldOut, LigandEnsemble, MemberReport, Sees
from reexplore.surrogate.choices import Choices
from reexplore.surrogate.groundwork import groundwork_of
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.lines import Complex, Line
from reexplore.surrogate.samples import Sample, folds, targets_kcal_mol
from reexplore.surrogate.tabular import TOGETHER, LoadedFit, TabularFit, draws_each, require_parts
from reexplore.surrogate.weights import stack_weights

Array = NDArray[np.float64]

#: The models in the order of the weights; the network comes last, for not every complex has a geometry.
MODELS = ("tabular", "composition", "one-hot", "allegro")
#: Folds of the labels that a member sees, on which its models are weighed; with fewer ligands the tabular one is all.
_INNER_FOLDS, _WEIGHED_FROM = 3, 8
#: With fewer labels with a geometry a network says no more than the line it starts from, and is not trained.
_NETWORK_FROM = 20

_MODELS_FILE, _NETWORK_FILE = "models.json", "allegro.pt"


@dataclass(frozen=True)
class _Fitted:
    """The models of one member fitted to the same samples; `network` is where the network lies, if there is one."""

    tabular: TabularFit
    lines: tuple[Line, Line]
    network: Path | None

    @classmethod
    def to(cls, samples: Sequence[Sample], settings: Mapping[str, Any], *, seed: int, network: Path) -> _Fitted:
        target = targets_kcal_mol(samples)
        known = [_complex(sample) for sample in samples]
        composition, one_hot = Line.fitted("composition", known, target), Line.fitted("choices", known, target)
        shown = [sample for sample in samples if sample.structure is not None]
        enough = len(shown) >= _NETWORK_FROM
        if enough:
            # The number of no fold: nothing is held out.
            Allegro.train(shown, HoldOut(2, 2, seed), settings["allegro"], network)
        tabular = TabularFit.fit(samples, seed=seed, groundwork=groundwork_of(settings))
        return cls(tabular, (composition, one_hot), network if enough else None)

    def expected(self, samples: Sequence[Sample]) -> tuple[Array, Array]:
        """Return what each model expects of samples, shape (samples, models), and the tabular model's own error.

        Where the network cannot be asked there is no number.
        """
        said = np.full((len(samples), len(MODELS)), np.nan)
        said[:, 0], spread = self.tabular.expected(samples)
        for column, line in enumerate(self.lines, start=1):
            said[:, column] = line.expected([_complex(sample) for sample in samples])
        shown = [row for row, sample in enumerate(samples) if sample.structure is not None]
        if self.network is not None and shown:
            from reexplore.surrogate.allegro import predict_member

            said[shown, -1] = predict_member(self.network, [samples[row] for row in shown])
        return said, spread


@dataclass(frozen=True)
class _Weights:
    """The weights of the models where a complex has no geometry (the network's is zero), and where it has one."""

    without: tuple[float, ...]
    within: tuple[float, ...]

    @classmethod
    def fitted(cls, said: Array, target: Array) -> _Weights:
        without = (*stack_weights(said[:, :-1], target).tolist(), 0.0)
        shown = np.isfinite(said[:, -1])
        if shown.sum() < _NETWORK_FROM:
            return cls(without, without)
        return cls(without, tuple(stack_weights(said[shown], target[shown]).tolist()))

    def weigh(self, said: Array) -> Array:
        """Return the stack of what models said, shape (…, models) to (…)."""
        shown = np.isfinite(said[..., -1:])
        weights = np.where(shown, np.array(self.within), np.array(self.without))
        return np.asarray((weights * np.nan_to_num(said)).sum(axis=-1))


_TABULAR_ALONE = _Weights((1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))


class Stack:
    """All models of the package, each as much as it is worth on labels it has not seen."""

    title: ClassVar[str] = "stack"
    sees: ClassVar[Sees] = "both"
    leans_on_groundwork: ClassVar[bool] = True

    @staticmethod
    def settings(declared: Mapping[str, Any]) -> dict[str, Any]:
        """Return Allegro's settings: the others have none."""
        return {"allegro": Allegro.settings(declared)}

    @staticmethod
    def train(samples: Sequence[Sample], out: HoldOut, settings: Mapping[str, Any], path: Path) -> MemberReport:
        """Fit and weigh all models on what the member is to see."""
        target, held_out = targets_kcal_mol(samples), out.is_held_out(samples)
        require_parts(samples)
        seed = int(np.random.SeedSequence([out.seed, out.member]).generate_state(1)[0]) >> 1
        with TemporaryDirectory() as name:
            folder = Path(name)
            seen = [samples[i] for i in np.flatnonzero(~held_out).tolist()]
            weights = _weights(seen, settings, seed=seed, folder=folder)
            fitted = _Fitted.to(seen, settings, seed=seed, network=folder / _NETWORK_FILE)
            each, spread = fitted.expected(samples)
            _save(path, out.member, fitted, weights)
        return MemberReport.of_fit(
            samples,
            out.member,
            held_out=held_out,
            target_kcal_mol=target,
            said_kcal_mol=weights.weigh(each),
            spread_kcal_mol=spread,
            first_kcal_mol=weights.weigh(np.where(np.arange(len(MODELS)) < len(MODELS) - 1, each, np.nan)),
        )

    @staticmethod
    def load(paths: Sequence[Path]) -> LigandEnsemble:
        """Return the saved members."""
        return _SavedStacks(paths)


def _complex(sample: Sample) -> Complex:
    return sample.parts, Around.of(sample.group)


def _weights(samples: Sequence[Sample], settings: Mapping[str, Any], *, seed: int, folder: Path) -> _Weights:
    if len({sample.ligand for sample in samples}) < _WEIGHED_FROM:
        return _TABULAR_ALONE
    fold_of = folds(samples, _INNER_FOLDS, seed, whole_ligands=True)
    said = np.empty((len(samples), len(MODELS)))
    for fold in range(_INNER_FOLDS):
        inside, outside = np.flatnonzero(fold_of != fold).tolist(), np.flatnonzero(fold_of == fold).tolist()
        network = folder / f"fold {fold}.pt"
        part = _Fitted.to([samples[i] for i in inside], settings, seed=seed, network=network)
        said[outside] = part.expected([samples[i] for i in outside])[0]
    return _Weights.fitted(said, targets_kcal_mol(samples))


def _save(path: Path, member: int, fitted: _Fitted, weights: _Weights) -> None:
    content = {
        "member": member,
        "tabular": fitted.tabular.to_dict(),
        "lines": [line.to_dict() for line in fitted.lines],
        "weights": [weights.without, weights.within],
    }
    with ZipFile(path, "w") as file:
        file.writestr(_MODELS_FILE, json.dumps(content, allow_nan=False))
        if fitted.network is not None:
            file.write(fitted.network, _NETWORK_FILE)


class _SavedStack:
    """One member, its network loaded."""

    def __init__(self, path: Path) -> None:
        with ZipFile(path) as file, TemporaryDirectory() as folder:
            content = json.loads(file.read(_MODELS_FILE))
            self._network: Ensemble | None = None
            if _NETWORK_FILE in file.namelist():
                self._network = Allegro.load([Path(file.extract(_NETWORK_FILE, folder))])
        self._name = f"member {content['member']}"
        self._tabular = LoadedFit(TabularFit.from_dict(content["tabular"]))
        self._lines = [Line.from_dict(data) for data in content["lines"]]
        self._weights = _Weights(*map(tuple, content["weights"]))

    def samples(self, ligands: Choices, complexes: Complexes | None, *, draws: int) -> Array:
        """Return joint samples, shape (L, M, samples): those of the tabular model about the mean of the stack."""
        drawn = self._tabular.samples(ligands, draws=draws, name=self._name)
        tabular = drawn.mean(axis=-1)
        said = np.full((*tabular.shape, len(MODELS)), np.nan)
        said[..., 0] = tabular
        for column, line in enumerate(self._lines, start=1):
            said[..., column] = line.predict(ligands)
        if self._network is not None and complexes is not None:
            said[..., -1] = self._network.predict(complexes)[..., 0]
        return np.asarray(drawn + (self._weights.weigh(said) - tabular)[..., None])


class _SavedStacks:
    def __init__(self, paths: Sequence[Path]) -> None:
        self._members = [_SavedStack(path) for path in paths]

    def predict_ligands(self, ligands: Choices, complexes: Complexes | None) -> Array:
        parts, draws = [], draws_each(len(self._members))
        for start in range(0, len(ligands), TOGETHER):
            rows = slice(start, start + TOGETHER)
            shown = None if complexes is None else complexes.ligands(start, start + TOGETHER)
            said = [member.samples(ligands.ligands(rows), shown, draws=draws) for member in self._members]
            parts.append(np.concatenate(said, axis=-1))
        return np.concatenate(parts)
