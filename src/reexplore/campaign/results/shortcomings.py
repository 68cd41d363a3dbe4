"""What a finished campaign does not have though it was asked for: an exit code of 0 would hide it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.steps.screening import Screening, recall_screening
from reexplore.chemistry.candidates import Group
from reexplore.errors import RUN_ONLY, Failure


def shortcomings(setup: Setup, ledger: Ledger) -> tuple[str, ...]:
    """Return a sentence for all that is missing: labels, scaffolds that crashes took away, groups where all failed.

    Finalists that could not be labelled again as the file asks are missing too.
    """
    screening = recall_screening(setup, ledger)
    failures = (dict(screening.refused()) if screening else {}) | ledger.label_failures()
    labelled = set(ledger.labels())
    if not labelled:
        return (f"nothing was labelled: {_codes(failures.values()) or 'no candidate was chosen'}",)
    lost = _lost_scaffolds(screening) if screening else []
    empty = _empty_groups(pool_of(setup, ledger.proposed()), failures, labelled)
    return (*lost, *empty, *_finalists(setup, ledger))


def _finalists(setup: Setup, ledger: Ledger) -> list[str]:
    theory = setup.file.theory
    failed = ledger.finalist_failures() if theory.relax or theory.confirm else {}
    done = "confirmed" if theory.confirm else "relaxed"
    return [f"{len(failed)} finalists are not {done}: {_codes(failed.values())}"] if failed else []


def _lost_scaffolds(screening: Screening) -> list[str]:
    found = {
        f"{part.family.scaffold.name} ({part.family.stoichiometry})": part.failure.code.value
        for part in screening.parts
        if part.failure is not None and part.failure.code in RUN_ONLY
    }
    return [
        f"the scaffold {name} is missing, its template ended with '{code}': `reexplore campaign retry --class {code}`"
        for name, code in found.items()
    ]


def _empty_groups(pool: Pool, failures: dict[str, Failure], labelled: set[str]) -> list[str]:
    """Return a sentence for every group of which all candidates failed."""
    groups, of_candidate = pool.groups()
    sizes = np.bincount(of_candidate, minlength=len(groups)).tolist()
    failed: dict[Group, list[Failure]] = {}
    for key, failure in failures.items():
        if key not in labelled:
            failed.setdefault(pool[key].group, []).append(failure)
    return [
        f"no candidate of {group.name} is left: {_codes(failed[group])}"
        for group, members in zip(groups, sizes, strict=True)
        if len(failed.get(group, ())) == members
    ]


def _codes(failures: Iterable[Failure]) -> str:
    counted = Counter(failure.code.value for failure in failures)
    return ", ".join(f"{code} {count}" for code, count in counted.most_common())
