"""From the ledger to plain values that can be shown: read only, at any time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import yaml

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.declaration.proposed import size_with
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.borrowed import borrowed
from reexplore.campaign.ledger.ended import finished_at
from reexplore.campaign.ledger.labels import labels, selectivities
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Pick, Round
from reexplore.campaign.results.by_goals import REVIEW, goal_records, ligand_rows
from reexplore.campaign.results.contraction import contraction_rows
from reexplore.campaign.results.decision_rows import decision_rows
from reexplore.campaign.results.measured_anchors import MeasuredAnchors
from reexplore.campaign.results.proposed_rows import proposed_rows
from reexplore.campaign.results.ranks import group_numbers, ordered
from reexplore.campaign.results.reasons import Explained
from reexplore.campaign.results.shortlists import shortlists
from reexplore.campaign.results.spending import spent
from reexplore.campaign.results.versions import PACKAGES, environment, python_version
from reexplore.campaign.running.external_energies import is_elsewhere, program_of
from reexplore.campaign.steps.aqua_ions import why_no_exchange
from reexplore.campaign.steps.ending import ended
from reexplore.campaign.steps.learning import Estimate, estimates, predicted_kcal_mol
from reexplore.campaign.steps.screening import Screening, recall_screening
from reexplore.chemistry.candidates import Candidate
from reexplore.config import SurrogateEntry
from reexplore.energies.comparisons import binding_reasons, exchange_reasons
from reexplore.energies.kramers.label import KramersLabel
from reexplore.energies.kramers.method import METHOD
from reexplore.energies.protons import log_p
from reexplore.energies.reactions import Reaction
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import Failure, FailureCode
from reexplore.execution.kinds import MEMBER_FILE
from reexplore.execution.store import Store
from reexplore.properties.label import Label
from reexplore.structures.holding import held_by
from reexplore.structures.structure import Structure
from reexplore.surrogate.known import SURROGATES
from reexplore.tracking.decisions import Decision
from reexplore.tracking.doublets import DoubletRecord, MagnetRecord
from reexplore.tracking.records import (
    OMISSIONS,
    PROTONS,
    THERMAL_TERMS,
    CampaignRecord,
    CandidateRow,
    RoundRecord,
    Status,
)

#: Predictions shown per group beside everything that was chosen or failed.
_SHOWN_PREDICTIONS = 25


def campaign_record(setup: Setup, ledger: Ledger, *, pool: Pool | None = None) -> CampaignRecord:
    """Return the whole campaign as it stands in the ledger; `pool` is its space's, where that is at hand."""
    pool = pool or pool_of(setup, ledger.proposed())
    found = labels(pool, ledger, at_ph=setup.at_ph)
    screening = recall_screening(setup, ledger)
    excluded = dict(screening.left_out()) if screening else {}
    failures = (dict(screening.refused()) if screening else {}) | ledger.label_failures()
    anchors = MeasuredAnchors.of(setup, found.values())
    decisions, history = decision_rows(pool, ledger.decisions(), whole_ligands=setup.goals.unit_size > 1)
    rows = [
        replace(row, log_k=anchors.of_label(found[row.key])) if row.key in found else row
        for row in _rows(
            setup, ledger, pool, found, screening=screening, excluded=excluded, failures=failures, history=history
        )
    ]
    explained = Explained(setup, ledger, pool, found, failures | excluded)
    rows = [replace(row, reasons=explained.reasons(row)) for row in rows]
    rounds = ledger.rounds()
    chosen = {row.key: row for row in rows}
    store = Store(setup.store)
    theory, calculations = setup.file.theory, ledger.calculations()
    return CampaignRecord(
        key=str(ledger.meta("key")),
        name=setup.file.name,
        level=METHOD if setup.goals.learns_gap else f"{setup.level.name}: {setup.level.summary}",
        candidates=size_with(setup.space, len(ledger.proposed())),
        config_yaml=yaml.safe_dump(setup.resolved(), sort_keys=False, allow_unicode=True),
        started_at_ms=_ms(float(str(ledger.meta("started_at")))),
        finished_at_ms=None if (at := finished_at(ledger, labels_wanted=setup.file.budget.labels)) is None else _ms(at),
        environment=python_version() | environment(PACKAGES),
        engines={
            "3D structures": "sketch (FAKE)"
            if theory.sketch
            else f"{' and '.join(theory.builders)}, then {setup.surface.name}: {setup.surface.summary}",
            "energies": _energies(setup, ledger),
            "predictions": _predictions(setup.file.surrogate),
            "choice": f"BoTorch, policy {setup.policy.name}",
            "execution": f"Parsl, {setup.file.execution.parsl}",
        },
        banner="; ".join(setup.fakes) or None,
        omissions=_omissions(setup),
        is_free=setup.goals.needs_thermal_terms,
        warnings=(*setup.warnings, *_vouched_for(setup, ledger)),
        ended=str(ended(setup, ledger, candidates=screening.count) or "") if screening else "",
        learn_from=others.told if (others := borrowed(ledger)) is not None else "",
        rows=tuple(rows),
        rounds=tuple(_round(r, chosen, store, setup, spent(calculations, r)) for r in rounds),
        contraction=contraction_rows(pool, ledger.labels(), ledger),
        selectivity=selectivities(found.values(), level=setup.level),
        why_groups=binding_reasons(pool.groups()[0]),
        why_exchange=_why_exchange(setup, ledger, found),
        goals=goal_records(setup.goals),
        by_goals=anchors.with_constants(
            ligand_rows(setup, ledger, pool, found, failures | excluded | _rejections(ledger, history)), setup.goals
        ),
        anchors=anchors.record,
        shortlists=shortlists(found, setup.goals, ledger),
        decisions=decisions,
        proposed=proposed_rows(pool, ledger.proposed()),
        reference=setup.reference,
        labels_wanted=setup.file.budget.labels,
    )


def _rejections(ledger: Ledger, history: Mapping[str, Sequence[Decision]]) -> dict[str, Failure]:
    """Return why candidates that were never chosen have left the pool by a person's decision, by key."""
    chosen = {pick.candidate for pick in ledger.picks()}
    last = {key: told[-1] for key, told in history.items() if key not in chosen}
    return {
        key: Failure(FailureCode.EXCLUDED, REVIEW, decision.said, {})
        for key, decision in last.items()
        if decision.verdict == "reject"
    }


def _energies(setup: Setup, ledger: Ledger) -> str:
    if is_elsewhere(ledger):
        return f"imported: {program_of(ledger) or 'none yet'}"
    if setup.goals.learns_gap:
        return METHOD
    return "teacher oracle (FAKE)" if setup.level.is_fake else setup.level.engine


def _predictions(surrogate: SurrogateEntry) -> str:
    kind, _version = SURROGATES.find(surrogate.model)
    return f"{kind.title}, {surrogate.members} members"


def _omissions(setup: Setup) -> tuple[str, ...]:
    """Return what the energies of a campaign do not contain."""
    contained = {THERMAL_TERMS: setup.goals.needs_thermal_terms, PROTONS: setup.at_ph is not None}
    return tuple(part for part in OMISSIONS if not contained.get(part))


def _vouched_for(setup: Setup, ledger: Ledger) -> tuple[str, ...]:
    """Return the sentence that stands wherever imported energies are shown."""
    program = program_of(ledger)
    if program is None:
        return ()
    return (f"energies are imported, from {program}: that they are of level '{setup.level.name}' is not checked",)


def _why_exchange(setup: Setup, ledger: Ledger, found: dict[str, Label]) -> tuple[str, ...]:
    """Return why some exchange energies may not be compared, and why some metals have none."""
    groups = [label.candidate.group for label in found.values() if label.aqua is not None]
    ranked_apart = binding_reasons(groups)
    # What no scale may rank is told once, with the binding energies.
    mixed = [reason for reason in exchange_reasons(groups, level=setup.level) if reason not in ranked_apart]
    failed = (why_no_exchange(metal, failure) for metal, failure in ledger.aqua_failures().items())
    return (*mixed, *failed)


def _rows(
    setup: Setup,
    ledger: Ledger,
    pool: Pool,
    labelled: dict[str, Label],
    *,
    screening: Screening | None,
    excluded: dict[str, Failure],
    failures: dict[str, Failure],
    history: Mapping[str, Sequence[Decision]],
) -> list[CandidateRow]:
    """Return what is shown, group by group: all that was chosen, decided about or failed, and the best predictions."""
    picks = {pick.candidate: pick for pick in ledger.picks()}
    keys = ledger.labels()
    rejected = _rejections(ledger, history)
    chosen = {*picks, *history}
    ranks = _ranks(setup, ledger, pool, labelled, failures, excluded={*excluded, *rejected}, chosen=chosen)
    shown = [pool.at(row) for row in ranks]
    # Predictions of another energy stand with the goals only.
    seen = () if not setup.goals.learns_binding else {candidate.key for candidate in shown}
    predictions = estimates(setup, ledger, seen)
    rows = []
    for candidate, rank in zip(shown, ranks.values(), strict=True):
        key = candidate.key
        failure = excluded.get(key) or failures.get(key)
        row = _row(candidate, pick=picks.get(key), failure=failure, estimate=predictions.get(key))
        if told := tuple(history.get(key, ())):
            row = replace(row, decisions=told, status="rejected" if key in rejected and not failure else row.status)
        if (label := labelled.get(key)) is not None:
            label_geometry = Structure.from_extxyz(ledger.value(keys[key].structure)["extxyz"])
            row = _with_geometry(_labelled(row, label), label_geometry, label.candidate)
        rows.append(replace(row, rank=rank))
    return _with_geometries(rows, pool, screening) if screening else rows


def _ranks(
    setup: Setup,
    ledger: Ledger,
    pool: Pool,
    labelled: dict[str, Label],
    failures: Collection[str],
    *,
    excluded: Collection[str],
    chosen: Collection[str],
) -> dict[int, int | None]:
    """Return the rank within its group of each position of the pool that is shown, in the order they are shown.

    Numbers only: of a million candidates no more than the shown ones are made.
    """
    group = group_numbers(pool, labelled)
    energy = np.full(len(pool), np.nan)
    if setup.goals.learns_binding:
        keys, means = predicted_kcal_mol(setup, ledger)
        energy[pool.rows(keys)] = means
    bound = {key: label.binding.energy_kcal_mol for key, label in labelled.items() if label.magnet is None}
    energy[pool.rows(bound)] = list(bound.values())
    failed, taken = np.zeros(len(pool), dtype=bool), np.zeros(len(pool), dtype=bool)
    failed[pool.rows({*failures, *excluded})] = True
    taken[pool.rows({*chosen, *labelled})] = True
    energy[failed] = np.nan
    order, place = ordered(group, energy)
    kept = (place < _SHOWN_PREDICTIONS) | taken[order] | failed[order]
    known = ~np.isnan(energy[order])
    return {
        int(row): int(rank) + 1 if ranked else None
        for row, rank, ranked in zip(order[kept], place[kept], known[kept], strict=True)
    }


def _row(
    candidate: Candidate, *, pick: Pick | None, failure: Failure | None, estimate: Estimate | None
) -> CandidateRow:
    return CandidateRow(
        key=candidate.key,
        name=candidate.name,
        group=candidate.group.name,
        ligand=candidate.ligand.name,
        smiles=candidate.ligand.canonical_smiles,
        metal=candidate.metal.symbol,
        ligands=candidate.ligands,
        waters=candidate.group.waters,
        co_ligands=candidate.group.co_ligands,
        charge=candidate.charge,
        status=_status(pick, failure),
        predicted_kcal_mol=estimate.mean if estimate else None,
        sigma_kcal_mol=estimate.sigma if estimate else None,
        round=pick.round if pick else None,
        role=pick.role if pick else None,  # type: ignore[arg-type]  # the ledger holds these only
        warnings=candidate.ligand.warnings,
        failure=failure,
    )


def _status(pick: Pick | None, failure: Failure | None) -> Status:
    if failure is not None:
        return "excluded" if failure.code is FailureCode.EXCLUDED else "failed"
    return "selected" if pick else "predicted"


def _labelled(row: CandidateRow, label: Label) -> CandidateRow:
    row = replace(
        row,
        name=label.candidate.closed.name,
        waters=label.candidate.waters,
        status="labelled",
        group=label.group_name,
        warnings=(*row.warnings, *label.doubts),
    )
    if label.magnet is not None:
        return replace(row, magnet=_magnet(label.magnet))
    return replace(
        row,
        other_waters_kcal_mol=label.other_waters_kcal_mol,
        dft_kcal_mol=label.binding.energy_kcal_mol,
        dft_error_kcal_mol=label.binding.error_kcal_mol,
        exchange_kcal_mol=_energy(label.exchange),
        exchange_error_kcal_mol=label.exchange.error_kcal_mol if label.exchange else None,
        terms_hartree=_terms_hartree(label),
        transfer_kcal_mol=_energy(label.transfer),
        log_p=_log_p(label.transfer),
        ligand_transfer_kcal_mol=_energy(label.ligand_transfer),
        ligand_log_p=_log_p(label.ligand_transfer),
    )


def _magnet(label: KramersLabel) -> MagnetRecord:
    found = tuple(DoubletRecord(each.energy_cm, each.g) for each in label.doublets)
    return MagnetRecord(found, label.doublets[0].axis, label.tilt_degrees)


def _energy(reaction: Reaction | None) -> float | None:
    return None if reaction is None else reaction.energy_kcal_mol


def _log_p(transfer: Reaction | None) -> float | None:
    return None if transfer is None else log_p(transfer.energy_kcal_mol)


def _with_geometries(
    rows: list[CandidateRow], pool: Mapping[str, Candidate], screening: Screening
) -> list[CandidateRow]:
    """Return the rows with the geometry that the model saw where there is no better one."""

    def is_worth_one(row: CandidateRow) -> bool:
        # A family that was rejected may be most of a space.
        alone = row.status != "rejected" or any(decision.candidate for decision in row.decisions)
        return row.geometry_xyz is None and row.status != "excluded" and alone

    geometries = screening.structures([pool[row.key] for row in rows if is_worth_one(row)])
    return [_with_geometry(row, geometries[row.key], pool[row.key]) if row.key in geometries else row for row in rows]


def _with_geometry(row: CandidateRow, structure: Structure, candidate: Candidate) -> CandidateRow:
    return replace(row, geometry_xyz=structure.to_extxyz(), contacts=held_by(structure, candidate))


def _terms_hartree(label: Label) -> dict[str, float]:
    parts = label.parts if label.aqua is None else {**label.parts, "aqua ion": label.aqua}
    parts = {**parts, **{f"{part} in the second solvent": term for part, term in label.organic.items()}}
    return {f"{part} {name}": value for part, term in parts.items() for name, value in _named(term)}


def _named(term: EnergyTerms) -> list[tuple[str, float]]:
    total = [("total", term.total_hartree)]
    if not any((term.dispersion_hartree, term.solvent_electrostatic_hartree, term.solvent_cds_hartree)):
        # GFN2-xTB and some imported energies are one number.
        return total
    return [
        *total,
        ("electronic", term.electronic_hartree),
        ("dispersion", term.dispersion_hartree),
        ("solvent electrostatic", term.solvent_electrostatic_hartree),
        ("solvent CDS", term.solvent_cds_hartree),
    ]


def _round(
    current: Round, rows: dict[str, CandidateRow], store: Store, setup: Setup, costs: dict[str, float]
) -> RoundRecord:
    learned, model = current.learned, current.model
    members = model.members if model else ()
    return RoundRecord(
        number=current.number,
        kind=current.kind,
        started_at_ms=_ms(current.started_at),
        finished_at_ms=_ms(current.finished_at) if current.finished_at else None,
        labels=learned.labels if learned else 0,
        metrics=learned.metrics if learned else {},
        params={
            "policy": setup.policy.name,
            "level": setup.level.name,
            "members": str(setup.file.surrogate.members),
            "uncertainty floor from": model.calibration.source if model else "not trained",
        },
        batch=tuple(row for row in rows.values() if row.round == current.number),
        parity=learned.parity if learned else (),
        costs=costs,
        files={f"member-{number}": store.folder(key) / MEMBER_FILE for number, key in enumerate(members)},
    )


def _ms(seconds: float) -> int:
    return round(1000 * seconds)
