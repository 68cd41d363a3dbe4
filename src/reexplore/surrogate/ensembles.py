"""An ensemble of members: how many there are, from how many labels on, and the error bars of what it says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reexplore.surrogate.base import HoldOut, Sees, Surrogate, seen_by
from reexplore.surrogate.calibration import (
    TRUSTED_FROM,
    Calibration,
    calibrate,
    calibrate_intervals,
    shared_by_ligand,
)
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.samples import Described, Sample, targets_kcal_mol

#: Below this number no fold could be held out.
FEWEST_LABELS = 3
#: Where ligands are held out whole.
_FEWEST_LIGANDS = 2


def can_be_learned(labelled: Collection[Described], *, whole_ligands: bool) -> bool:
    """Return whether so many labels are enough for an ensemble."""
    ligands = {each.ligand for each in labelled}
    return len(labelled) >= FEWEST_LABELS and not (whole_ligands and len(ligands) < _FEWEST_LIGANDS)


def holds_out_ligands(labelled: Collection[Described], *, sees: Sees, for_goals: bool) -> bool:
    """Return whether the complexes of a ligand are held out together: for goals, and where the model knows ligands.

    What is known of a ligand by itself is known for all its metals; one ligand alone cannot be held out.
    """
    return for_goals or (sees != "geometry" and len({each.ligand for each in labelled}) >= _FEWEST_LIGANDS)


def member_count(known: Sequence[Sample], *, wanted: int, sees: Sees, whole_ligands: bool) -> int:
    """Return how many members there are: a fold is left out by each, of labels or of ligands."""
    parts = len({sample.ligand for sample in known} if whole_ligands else known)
    # Few labels are left out one by one, where a member is cheap: four folds of twelve would each cost a quarter.
    one_by_one = sees != "geometry" and len(known) < TRUSTED_FROM
    return parts if one_by_one else min(wanted, parts)


@dataclass(frozen=True)
class Trained:
    """The files of an ensemble's members, and by key what the member that did not see a label says of it.

    `own_spread` is how far members took themselves to be off, where they can tell.
    """

    paths: tuple[Path, ...]
    held_out: dict[str, float]
    own_spread: dict[str, float]


def train_ensemble(
    kind: type[Surrogate],
    known: Sequence[Sample],
    *,
    settings: Mapping[str, Any],
    members: int,
    seed: int,
    whole_ligands: bool,
    folder: Path,
) -> Trained:
    """Train the members of an ensemble one after the other, in this process, into a folder."""
    count = member_count(known, wanted=members, sees=seen_by(kind), whole_ligands=whole_ligands)
    paths = tuple(folder / f"member-{member}" for member in range(count))
    held_out: dict[str, float] = {}
    own_spread: dict[str, float] = {}
    for member, path in enumerate(paths):
        report = kind.train(known, HoldOut(member, count, seed, whole_ligands), settings, path)
        held_out |= report.out_of_fold_kcal_mol
        own_spread |= report.out_of_fold_spread_kcal_mol or {}
    return Trained(paths, held_out, own_spread)


def calibrated(
    table: Forecast,
    known: Sequence[Sample],
    held_out: Mapping[str, float],
    own_spread: Mapping[str, float],
    *,
    sees: Sees,
    declared_floor_kcal_mol: float,
    whole_ligands: bool,
) -> Calibration:
    """Return how the error bars of a forecast follow from what members said of labels that they had not seen.

    `held_out` has that by key for all that is `known`, `own_spread` how far members took themselves to be off, where
    they can tell. With `whole_ligands` the share of the errors that complexes of one ligand have in common is measured
    too.
    """
    observed = dict(zip((sample.key for sample in known), targets_kcal_mol(known).tolist(), strict=True))
    row_of = table.rows(held_out)
    fitted = calibrate_intervals if sees != "geometry" else calibrate
    calibration = fitted(
        residuals=[held_out[key] - observed[key] for key in held_out],
        spread=[own_spread.get(key, float(table.spreads[row_of[key]])) for key in held_out],
        declared_floor_kcal_mol=declared_floor_kcal_mol,
    )
    if not whole_ligands:
        return calibration
    share = shared_by_ligand(
        [held_out[sample.key] - observed[sample.key] for sample in known],
        table.of_members[[row_of[sample.key] for sample in known]],
        ligands=[(sample.ligand, sample.group.stoichiometry) for sample in known],
        floor_kcal_mol=calibration.floor_kcal_mol,
    )
    return replace(calibration, shared_by_ligand=share)
