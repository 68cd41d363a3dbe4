"""The choice of a batch of ligands: each is labelled with all metals that the goals of the campaign need."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reexplore.acquisition.gain import gains
from reexplore.acquisition.policy import Policy
from reexplore.acquisition.preselection import MOST, contenders
from reexplore.acquisition.select import Batch, Pick, best_improvement, select_batch
from reexplore.properties import Goals
from reexplore.properties.base import Array
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.joint_samples import joint_samples
from reexplore.surrogate.samples import Described


@dataclass(frozen=True)
class _Ligand:
    """One ligand in one stoichiometry: the keys of its complexes, metal by metal, and the ranking it stands in."""

    keys: tuple[str, ...]
    group: str
    is_labelled: bool
    is_pending: bool
    is_excluded: bool


@dataclass(frozen=True)
class Aim:
    """What is to be found: goals, and the binding energies of the aqua ions that some of them need, in kcal/mol."""

    goals: Goals
    hydration_kcal_mol: Mapping[str, float]

    def to_lower(self, binding_kcal_mol: Array) -> Array:
        """Return what is to be lowered, shape (goals, ligands, …), from rows ligand by ligand and metal by metal."""
        return self.goals.to_lower(self.goals.by_metal(binding_kcal_mol), self.hydration_kcal_mol)

    def of_labels(self, ligands: Sequence[_Ligand], labelled: Mapping[str, float]) -> dict[int, Array]:
        """Return what is to be lowered of each labelled ligand, shape (goals,), by its number."""
        known = [n for n, ligand in enumerate(ligands) if ligand.is_labelled and not ligand.is_excluded]
        binding = np.array([labelled[key] for n in known for key in ligands[n].keys], dtype=np.float64)
        return dict(zip(known, self.to_lower(binding).T, strict=True))


def choose_ligands(
    forecast: Forecast,
    *,
    samples: Sequence[Described],
    aim: Aim,
    calibration: Calibration,
    labelled: Mapping[str, float],
    excluded: Collection[str],
    pending: Collection[str] = (),
    by_lot: Collection[str] | None = None,
    policy: Policy,
    q: int,
    seed: int,
) -> Batch:
    """Choose the next ligands and return their complexes, up to `q` of them, all of one ligand after each other.

    The arguments are those of `choose`. A ligand counts as labelled when all its complexes are; one that lacks a
    complex for good is not chosen. A goal is computed for every joint sample, so that what the metals' errors have in
    common cancels in a difference.
    """
    taken = {"labelled": labelled.keys(), "pending": set(pending), "excluded": set(excluded)}
    everyone = _ligands(samples, aim.goals, **taken)
    kept, fair = _worth_sampling(everyone, forecast, aim, calibration=calibration, labelled=labelled, seed=seed)
    fair = [n for n in fair if by_lot is None or everyone[n].keys[0] in by_lot]
    ligands = [everyone[n] for n in kept]
    row_of = {key: row for row, key in enumerate(forecast.keys)}
    rows = [row_of[key] for ligand in ligands for key in ligand.keys]
    described = {sample.key: sample for sample in samples}
    table = Forecast(tuple(forecast.keys[row] for row in rows), forecast.of_members[rows])
    binding = joint_samples(
        table,
        calibration,
        ligands=[described[key].ligand for key in table.keys],
        samples=policy.samples,
        seed=seed,
    )
    for row, key in enumerate(table.keys):
        if key in labelled:
            binding[row] = labelled[key]
    known = aim.of_labels(ligands, labelled)
    place = {n: k for k, n in enumerate(kept)}
    groups: list[Hashable] = [ligand.group for ligand in ligands]
    of_goals = [
        gains(
            values,
            groups=groups,
            observed={k: float(of_label[goal]) for k, of_label in known.items()},
            typical=[place[n] for n in fair],
        )
        for goal, values in enumerate(aim.to_lower(binding))
    ]
    waiting = [k for k, ligand in enumerate(ligands) if ligand.is_pending]
    others = [k for k, ligand in enumerate(ligands) if ligand.is_excluded]
    picks = select_batch(
        of_goals[0] if len(of_goals) == 1 else np.stack(of_goals, axis=-1),
        [ligand.keys[0] for ligand in ligands],
        policy=policy,
        q=max(q // aim.goals.unit_size, 1),
        groups=groups,
        pending=waiting,
        labelled=known.keys(),
        excluded=others,
        controls={place[n] for n in fair},
        described=[described[ligand.keys[0]] for ligand in ligands],
        seed=seed,
    )
    complexes = {ligand.keys[0]: ligand.keys for ligand in ligands}
    of_complexes = [
        Pick(key, pick.role, pick.value, (pick.rank - 1) * aim.goals.unit_size + k)
        for pick in picks
        for k, key in enumerate(complexes[pick.key], start=1)
    ]
    gone = {*known, *waiting, *others}
    return Batch(of_complexes, tuple(best_improvement(gain, gone) for gain in of_goals))


def _ligands(
    samples: Sequence[Described],
    goals: Goals,
    *,
    labelled: Collection[str],
    pending: Collection[str],
    excluded: Collection[str],
) -> list[_Ligand]:
    """Return the ligands that are forecast with every metal, in the order of the key of their first complex."""
    found: dict[Hashable, dict[str, Described]] = {}
    for sample in samples:
        where = (sample.ligand, sample.group.stoichiometry)
        found.setdefault(where, {})[sample.group.metal] = sample
    ligands = []
    for by_metal in found.values():
        if not all(metal in by_metal for metal in goals.metals):
            continue
        keys = tuple(by_metal[metal].key for metal in goals.metals)
        group = by_metal[goals.metals[0]].group
        name = goals.group(group.stoichiometry, ligand_charge=group.ligand_charge)
        done = all(key in labelled for key in keys)
        waits = not done and any(key in pending for key in keys)
        ligands.append(_Ligand(keys, name, done, waits, any(key in excluded for key in keys)))
    return sorted(ligands, key=lambda ligand: ligand.keys[0])


def _worth_sampling(
    ligands: Sequence[_Ligand],
    forecast: Forecast,
    aim: Aim,
    *,
    calibration: Calibration,
    labelled: Mapping[str, float],
    seed: int,
) -> tuple[list[int], list[int]]:
    """Return which ligands are sampled at all, and those among them that were drawn by chance."""
    everyone, most = list(range(len(ligands))), MOST // aim.goals.unit_size
    if len(ligands) <= most:
        return everyone, everyone
    row_of = {key: row for row, key in enumerate(forecast.keys)}
    rows = [row_of[key] for ligand in ligands for key in ligand.keys]
    known = aim.of_labels(ligands, labelled)
    kept: set[int] = set()
    fair: list[int] = []
    for goal, of_members in enumerate(aim.to_lower(forecast.of_members[rows])):
        table = Forecast(tuple(ligand.keys[0] for ligand in ligands), of_members)
        found = contenders(
            table,
            table.sigma(calibration),
            groups=[ligand.group for ligand in ligands],
            observed={n: float(of_label[goal]) for n, of_label in known.items()},
            pending=[n for n, ligand in enumerate(ligands) if ligand.is_pending],
            seed=seed,
            most=most // len(aim.goals.goals),
        )
        kept |= set(found.rows.tolist())
        # The same for every goal: drawn from one seed.
        fair = found.fair.tolist()
    return sorted(kept), fair
