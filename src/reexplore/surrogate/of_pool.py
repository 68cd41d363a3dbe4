"""An ensemble that learns from a pool of labels alone, and its errors on what a pool does not hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.base import HoldOut, Surrogate
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.choices import gathered
from reexplore.surrogate.ensembles import calibrated, train_ensemble
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.samples import Sample, targets_kcal_mol

#: What can be left out of a pool as a whole.
TRAITS = ("scaffold", "substituent", "metal")
#: So many of them are left out, one after the other; each costs a training.
_MOST_LEFT_OUT = 6
#: With fewer labels left nothing is learned that would say anything.
_FEWEST_LEFT = 8


def train_on_pool(
    kind: type[Surrogate],
    samples: Sequence[Sample],
    *,
    settings: Mapping[str, Any],
    members: int,
    seed: int,
    folder: Path,
) -> dict[str, Any]:
    """Train members into a folder and return the names of their files, and the calibration of what they say.

    Ligands are held out whole. The surrogate has to see ligands: there are no geometries.
    """
    how: dict[str, Any] = {"settings": settings, "members": members, "seed": seed}
    trained = train_ensemble(kind, samples, **how, whole_ligands=True, folder=folder)
    table = Forecast(tuple(s.key for s in samples), predicted_of(kind.load(trained.paths), samples))
    calibration = calibrated(
        table,
        samples,
        trained.held_out,
        trained.own_spread,
        sees="ligand",
        # Not used where ligands are seen.
        declared_floor_kcal_mol=0.0,
        whole_ligands=True,
    )
    return {
        "members": [path.name for path in trained.paths],
        "calibration": calibration.to_dict(),
        "out_of_fold_mae": _mean_error(trained.held_out, samples),
    }


def predicted_of(ensemble: Any, asked: Sequence[Sample]) -> NDArray[np.float64]:
    """Return joint samples of some complexes given by their parts, shape (asked, samples)."""
    found: list[NDArray[np.float64]] = [np.empty(0)] * len(asked)
    for rows, choices in gathered([(sample.parts, Around.of(sample.group)) for sample in asked]):
        for row, said in zip(rows, ensemble.predict_ligands(choices, None)[:, 0], strict=True):
            found[row] = said
    return np.stack(found)


def calibration_of(data: Mapping[str, Any]) -> Calibration:
    """Return the calibration that `train_on_pool` returned."""
    return Calibration(**data["calibration"])


@dataclass(frozen=True)
class _LeftOut(HoldOut):
    """Samples of some keys are not seen."""

    keys: frozenset[str] = frozenset()

    def is_held_out(self, samples: Sequence[Sample]) -> NDArray[np.bool_]:
        return np.array([sample.key in self.keys for sample in samples])


def left_out(
    kind: type[Surrogate], samples: Sequence[Sample], *, trait: str, settings: Mapping[str, Any], seed: int
) -> dict[str, dict[str, float]]:
    """Return for each scaffold, substituent or metal what a model without it says of the labels that have it, by key.

    Of many six are drawn. Those are missing without which too few labels would be left; a substituent is left out with
    all ligands that have it anywhere.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    for sample in samples:
        for value in traits_of(sample)[trait]:
            keys[value].add(sample.key)
    can = sorted(value for value, mine in keys.items() if len(samples) - len(mine) >= _FEWEST_LEFT)
    drawn = [can[i] for i in np.random.default_rng(seed).permutation(len(can))[:_MOST_LEFT_OUT]]
    found = {}
    with TemporaryDirectory() as folder:
        for value in sorted(drawn):
            out = _LeftOut(0, 1, seed, whole_ligands=True, keys=frozenset(keys[value]))
            found[value] = kind.train(samples, out, settings, Path(folder) / "member").out_of_fold_kcal_mol
    return found


def traits_of(sample: Sample) -> dict[str, set[str]]:
    """Return a sample's scaffold and substituents (SMILES) and its metal, by the names of `TRAITS`."""
    scaffold, *substituents = sample.parts
    return {"scaffold": {scaffold}, "substituent": set(substituents), "metal": {sample.group.metal}}


def _mean_error(held_out: Mapping[str, float], samples: Sequence[Sample]) -> float:
    target = dict(zip((s.key for s in samples), targets_kcal_mol(samples).tolist(), strict=True))
    return float(np.mean([abs(said - target[key]) for key, said in held_out.items()]))
