"""The funnel: all candidates are predicted without a geometry, and some are let through to be grafted.

Let through are the promising and the uncertain, by the first look of every choice (`acquisition/preselection.py`), some
that are drawn by lot, and all that were picked before. Only these are predicted with the network, and chosen among.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from reexplore.acquisition.preselection import contenders
from reexplore.campaign.declaration.pool import groups_of
from reexplore.campaign.ledger.ranked import rankings
from reexplore.campaign.ledger.rows import Funnel
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.steps.labelling import known_labels
from reexplore.campaign.steps.screening import Part
from reexplore.chemistry.families import Family
from reexplore.chemistry.members import Members
from reexplore.execution.store import Store
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast

#: What the first level is called beside the baselines.
FIRST_LEVEL = "without geometry"
#: The best of a ranking, at least one, count as winners.
_WINNERS = 0.1


def hash_of(digests: Sequence[str]) -> str:
    """Return a hash of what the first level looks at."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]


def in_order(parts: Sequence[Part]) -> list[Part]:
    """Return parts in the order in which they are predicted: the grafted ones, then listed ligands by their digests."""
    listed = (part for part in parts if not part.family.scaffold.sites)
    return [*(part for part in parts if part.family.scaffold.sites), *sorted(listed, key=lambda part: part.digest)]


def let_through(
    store: Store,
    parts: Sequence[Part],
    first: Forecast,
    *,
    calibration: Calibration,
    observed: Mapping[str, float],
    picked: Collection[str],
    most: int,
    seed: int,
) -> tuple[list[Part], Funnel]:
    """Return about `most` candidates' ligands in parts of their own, and how they came through.

    `first` is the forecast of `parts`, in their order; `observed` are labels in kcal/mol and `picked` all that was ever
    chosen, by key.
    """
    row_of = first.rows({*observed, *picked})
    known = {row_of[key]: label for key, label in observed.items()}
    found = contenders(
        first,
        first.sigma(calibration),
        groups=groups_of(part.family for part in parts)[1],
        observed=known,
        pending=[row_of[key] for key in picked if key not in observed and key in row_of],
        seed=seed,
        most=most,
    )
    lot = _ligands(parts, found.fair)
    wanted = _ligands(parts, np.union1d(found.promising, np.fromiter(row_of.values(), dtype=np.intp)))
    drawn, only = _parts(store, parts, lot & wanted), _parts(store, parts, lot - wanted)
    others = _parts(store, parts, wanted - lot)
    return [*others, *drawn, *only], Funnel(
        hash_of([part.digest for part in parts]),
        tuple(part.digest for part in (*drawn, *only)),
        tuple(part.digest for part in only),
    )


def _ligands(parts: Sequence[Part], rows: NDArray[np.intp]) -> set[tuple[int, int]]:
    """Return the ligands of some rows of the forecast, as numbers of their parts and there."""
    starts = np.array([0, *accumulate(len(part.family) for part in parts)])
    numbers = np.searchsorted(starts, rows, side="right") - 1
    metals = np.array([len(part.family.metals) for part in parts])
    return set(zip(numbers.tolist(), ((rows - starts[numbers]) // metals[numbers]).tolist(), strict=True))


def _parts(store: Store, parts: Sequence[Part], ligands: Collection[tuple[int, int]]) -> list[Part]:
    """Return some ligands in parts of their own, those of one family together."""
    of_family: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for number, row in sorted(ligands):
        family = parts[number].family
        of_family.setdefault((family.scaffold.name, family.stoichiometry, parts[number].template), []).append(
            (number, row)
        )
    return [part for places in of_family.values() for part in _chunks(store, parts, places)]


def _chunks(store: Store, parts: Sequence[Part], places: Sequence[tuple[int, int]]) -> Iterator[Part]:
    first = parts[places[0][0]]
    rows: dict[int, list[int]] = {}
    for number, row in places:
        rows.setdefault(number, []).append(row)
    some = [parts[number].family.members.taken(mine) for number, mine in rows.items()]
    whole = first.family.of(Members.joined(some))
    for chunk in whole.portions():
        yield Part(chunk, store.put_text(chunk.to_text()), first.template, {}, None, first.contraction)


def kept_winners(context: CampaignContext, number: int) -> dict[str, float]:
    """Return how many labels the first level would have thrown away, and how many of the best, as counts.

    Counted are labels that were chosen by a model: each as the model stood that it was chosen by. The best are 10 % of
    every ranking, at least one. Labels that came in by lot alone tell of what was thrown away; they are few.
    """
    rounds, labels = context.ledger.rounds(), known_labels(context)
    best: set[str] = set()
    for ranking in rankings(labels, context.setup.goals):
        count = max(1, round(_WINNERS * len(ranking.values)))
        best |= {key for members in ranking.ordered[:count] for key in members}
    counts = dict.fromkeys(("labels", "labels_by_lot_alone", "winners", "winners_by_lot_alone"), 0.0)
    thrown: dict[int, set[str]] = {}
    for pick in context.ledger.picks():
        before = rounds[pick.round - 1].model if 0 < pick.round <= number else None
        if before is None or before.funnel is None or pick.role == "promoted" or pick.candidate not in labels:
            continue
        if pick.round not in thrown:
            families = (Family.from_text(context.store.get_text(digest)) for digest in before.funnel.only_by_lot)
            thrown[pick.round] = {candidate.key for family in families for candidate in family.candidates()}
        alone, wins = pick.candidate in thrown[pick.round], pick.candidate in best
        counts["labels"] += 1
        counts["labels_by_lot_alone"] += alone
        counts["winners"] += wins
        counts["winners_by_lot_alone"] += wins and alone
    return {f"funnel/{name}": count for name, count in counts.items()}


def told(metrics: Mapping[str, float]) -> str:
    """Return in a sentence what the first level would have thrown away; empty without a funnel."""
    if "funnel/winners" not in metrics:
        return ""
    labels, alone, winners, lost = (
        round(metrics[f"funnel/{name}"])
        for name in ("labels", "labels_by_lot_alone", "winners", "winners_by_lot_alone")
    )
    return (
        f"without a geometry {winners - lost} of {winners} of the best labels were found worth grafting; {alone} of"
        f" {labels} labels came in by lot alone, {lost} of them among the best"
    )
