"""The tabular surrogate: an additive Gaussian process and gradient boosting on what is known without a geometry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from reexplore.structures.screening.arrays import Complexes
from reexplore.surrogate.additive_process import AdditiveProcess, Labelled, Tables
from reexplore.surrogate.base import HoldOut, LigandEnsemble, MemberReport, Sees
from reexplore.surrogate.boosting import Boosting
from reexplore.surrogate.choices import Choices, gathered
from reexplore.surrogate.groundwork import SETTING, Groundwork, groundwork_of
from reexplore.surrogate.kernels import Around, parts_of
from reexplore.surrogate.samples import Sample, folds, targets_kcal_mol
from reexplore.surrogate.weights import stack_weights

Array = NDArray[np.float64]

#: Functions drawn for all members together, at least one for each; each with its mirror image, so that the mean is
#: exact.
_DRAWS = 8
#: Folds of the labels that a member sees, on which it weighs its two models; with fewer ligands it has the first only.
_INNER_FOLDS, _WEIGHED_FROM = 3, 8
#: Ligands predicted together: bounds the memory, changes no result.
TOGETHER = 16384


@dataclass(frozen=True)
class TabularFit:
    """Both models of one member, and the share of the process in what it says.

    `weights` are the process's; `known`, `targets` and `seed` are what both were fitted on. The process leans on
    `groundwork`, where there is one.
    """

    known: tuple[tuple[tuple[str, ...], Around], ...]
    targets: tuple[float, ...]
    seed: int
    weights: tuple[float, ...]
    share: float
    boosting: Boosting
    groundwork: Groundwork | None = None

    @classmethod
    def fit(cls, samples: Sequence[Sample], *, seed: int, groundwork: Groundwork | None = None) -> TabularFit:
        """Fit both models to labelled samples, and weigh them on labels that neither has seen."""
        target = targets_kcal_mol(samples)
        whole = cls._fitted(samples, target, seed, groundwork)
        if len({sample.ligand for sample in samples}) < _WEIGHED_FROM:
            return whole
        fold_of = folds(samples, _INNER_FOLDS, seed, whole_ligands=True)
        said = np.empty((len(samples), 2))
        for fold in range(_INNER_FOLDS):
            inside, outside = np.flatnonzero(fold_of != fold).tolist(), np.flatnonzero(fold_of == fold).tolist()
            part = cls._fitted([samples[i] for i in inside], target[inside], seed, groundwork)
            said[outside] = part._both([samples[i] for i in outside])[0]
        return replace(whole, share=float(stack_weights(said, target)[0]))

    @classmethod
    def _fitted(cls, samples: Sequence[Sample], target: Array, seed: int, groundwork: Groundwork | None) -> TabularFit:
        known = tuple((sample.parts, Around.of(sample.group)) for sample in samples)
        process = AdditiveProcess.fit(_labelled(known), target, groundwork)
        boosting = Boosting.fit(known, target, seed=seed)
        return cls(known, tuple(target.tolist()), seed, tuple(process.weights.tolist()), 1.0, boosting, groundwork)

    def process(self) -> AdditiveProcess:
        """Return the process again."""
        targets, weights = np.array(self.targets), np.array(self.weights)
        return AdditiveProcess(_labelled(self.known), targets, weights, self.groundwork)

    def expected(self, samples: Sequence[Sample]) -> tuple[Array, Array]:
        """Return what is expected of samples and the process's own error, in kcal/mol, both of shape (samples,)."""
        both, spread = self._both(samples)
        return np.asarray(both @ (self.share, 1 - self.share)), spread

    def _both(self, samples: Sequence[Sample]) -> tuple[Array, Array]:
        """Return what the process and boosting expect, shape (samples, 2), and the process's own error."""
        asked = [(sample.parts, Around.of(sample.group)) for sample in samples]
        process, spread = self.process().expected(_labelled(asked))
        boosting = np.empty(len(samples))
        for rows, some in gathered(asked):
            boosting[rows] = self.boosting.predict(some)[:, 0]
        return np.stack([process, boosting], axis=-1), spread

    def to_dict(self) -> dict[str, Any]:
        """Return the fit as JSON-ready values."""
        return {
            "known": [[list(smiles), list(around)] for smiles, around in self.known],
            "targets": list(self.targets),
            "seed": self.seed,
            "weights": list(self.weights),
            "share": self.share,
            "boosting": self.boosting.to_dict(),
            **({SETTING: self.groundwork.to_dict()} if self.groundwork is not None else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TabularFit:
        """Rebuild a fit from `to_dict`."""
        return cls(
            tuple((tuple(smiles), Around(*around)) for smiles, around in data["known"]),
            tuple(data["targets"]),
            data["seed"],
            tuple(data["weights"]),
            data["share"],
            Boosting.from_dict(data["boosting"]),
            groundwork_of(data),
        )


class LoadedFit:
    """A fit that is asked many times; its process is made once."""

    def __init__(self, fit: TabularFit) -> None:
        self._fit, self._process = fit, fit.process()

    def samples(self, ligands: Choices, *, draws: int, name: str) -> Array:
        """Return joint samples of every complex in kcal/mol, shape (L, M, 2 × draws).

        Their mean and their variance about it are exact for each complex. Draws of equal `name` are the same functions
        for all ligands, whoever asks.
        """
        mean, spread, drawn = self._said(ligands, draws=draws, name=name)
        size = np.sqrt((drawn**2).mean(axis=-1))
        away = drawn * np.divide(spread, size, out=np.zeros_like(spread), where=size > 0)[..., None]
        return np.concatenate([mean[..., None] + away, mean[..., None] - away], axis=-1)

    def _said(self, ligands: Choices, *, draws: int, name: str) -> tuple[Array, Array, Array]:
        """Return mean and spread of every complex, shape (L, M), and draws about the mean, shape (L, M, draws)."""
        parts, rows = ligands.parts()
        tables = self._process.tables(parts, ligands.around, draws=draws, name=name)
        mean = self._fit.share * tables.mean[:, rows].sum(axis=-1).T
        if self._fit.share < 1:
            mean = mean + (1 - self._fit.share) * self._fit.boosting.predict(ligands)
        drawn = sum((tables.draws[:, column] for column in rows.T), np.zeros((len(ligands.around), len(rows), draws)))
        return mean, np.sqrt(_variance(tables, rows)), drawn.transpose(1, 0, 2)


def draws_each(members: int) -> int:
    """Return how many functions are drawn for each of so many members."""
    return max(1, _DRAWS // members)


def require_parts(samples: Sequence[Sample]) -> None:
    """Raise `ValueError` for samples whose ligands' parts are not told."""
    if missing := [sample.key for sample in samples if not sample.parts]:
        raise ValueError(f"the parts of these samples' ligands are not told: {', '.join(missing)}")


def _variance(tables: Tables, rows: NDArray[np.intp]) -> Array:
    """Return the variance of every complex, shape (L, M)."""
    found = np.zeros((len(tables.covariance), len(rows)))
    for first in range(rows.shape[1]):
        for second in range(first + 1):
            twice = 1 if first == second else 2
            found += twice * tables.covariance[:, rows[:, first], rows[:, second]]
    return np.asarray(np.maximum(found, 0.0).T)


def _labelled(known: Sequence[tuple[tuple[str, ...], Around]]) -> Labelled:
    return Labelled(tuple(parts_of(smiles) for smiles, _ in known), tuple(around for _, around in known))


class Tabular:
    """Chemical factors and descriptors: an additive Gaussian process, weighed against gradient boosting."""

    title: ClassVar[str] = "tabular"
    sees: ClassVar[Sees] = "ligand"
    leans_on_groundwork: ClassVar[bool] = True

    @staticmethod
    def settings(declared: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG004
        """Return nothing: what it needs to know follows from the labels."""
        return {}

    @staticmethod
    def train(samples: Sequence[Sample], out: HoldOut, settings: Mapping[str, Any], path: Path) -> MemberReport:
        """Fit both models on what the member is to see."""
        target, held_out = targets_kcal_mol(samples), out.is_held_out(samples)
        require_parts(samples)
        seen = [samples[i] for i in np.flatnonzero(~held_out).tolist()]
        fit = TabularFit.fit(seen, seed=out.seed + out.member, groundwork=groundwork_of(settings))
        path.write_text(json.dumps({"member": out.member} | fit.to_dict(), allow_nan=False), encoding="utf-8")
        said, spread = fit.expected(samples)
        return MemberReport.of_fit(
            samples,
            out.member,
            held_out=held_out,
            target_kcal_mol=target,
            said_kcal_mol=said,
            spread_kcal_mol=spread,
        )

    @staticmethod
    def load(paths: Sequence[Path]) -> LigandEnsemble:
        """Return the saved members."""
        return _SavedTables(paths)


class _SavedTables:
    def __init__(self, paths: Sequence[Path]) -> None:
        read = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        self._members = [(f"member {data['member']}", LoadedFit(TabularFit.from_dict(data))) for data in read]

    def predict_ligands(self, ligands: Choices, complexes: Complexes | None) -> Array:  # noqa: ARG002
        draws = draws_each(len(self._members))
        found = np.empty((len(ligands), len(ligands.around), 2 * draws * len(self._members)))
        for start in range(0, len(ligands), TOGETHER):
            rows = slice(start, start + TOGETHER)
            some = ligands.ligands(rows)
            said = [member.samples(some, draws=draws, name=name) for name, member in self._members]
            found[rows] = np.concatenate(said, axis=-1)
        return found
