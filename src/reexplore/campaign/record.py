"""From the ledger to plain values that can be shown: read only, at any time."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import replace
from functools import cache, partial

import yaml

from reexplore.campaign.aquo import why_no_exchange
from reexplore.campaign.elsewhere import is_elsewhere, program_of
from reexplore.campaign.learning import Estimate, estimates
from reexplore.campaign.ledger import Ledger, Pick, Round
from reexplore.campaign.scales import Label, labels, reasons, selectivities
from reexplore.campaign.screening import Screening, recall_screening
from reexplore.campaign.series import contraction_rows
from reexplore.campaign.setup import Setup
from reexplore.chemistry.candidates import Candidate
from reexplore.energies.binding import why_exchange_not_comparable, why_not_comparable
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import Failure
from reexplore.execution.store import Store
from reexplore.execution.tasks import MEMBER_FILE
from reexplore.tracking.records import CampaignRecord, CandidateRow, ParityPoint, RoundRecord

_PACKAGES = [
    "reexplore",
    "torch",
    "nequip",
    "nequip-allegro",
    "botorch",
    "architector",
    "xtb",
    "tblite",
    "pyscf",
    "pyscf-dispersion",
    "basis-set-exchange",
    "rdkit",
    "parsl",
    "mlflow",
    "numpy",
]

#: Predictions shown per group beside everything that was chosen or failed.
_SHOWN_PREDICTIONS = 25


def campaign_record(setup: Setup, ledger: Ledger) -> CampaignRecord:
    """Return the whole campaign as it stands in the ledger."""
    pool = {candidate.key: candidate for candidate in setup.space.candidates()}
    found = labels(pool, ledger, aqua_waters=setup.file.theory.aqua_waters)
    rows = _rows(setup, ledger, pool, found)
    rounds = ledger.rounds()
    chosen = {row.key: row for row in rows}
    store = Store(setup.store)
    theory = setup.file.theory
    return CampaignRecord(
        key=str(ledger.meta("key")),
        name=setup.file.name,
        level=f"{setup.level.name}: {setup.level.summary}",
        candidates=setup.space.size,
        config_yaml=yaml.safe_dump(setup.resolved(), sort_keys=False, allow_unicode=True),
        started_at_ms=_ms(float(str(ledger.meta("started_at")))),
        finished_at_ms=_ms(rounds[-1].finished_at) if rounds and rounds[-1].finished_at else None,
        environment=environment(),
        engines={
            "3D structures": "Architector and placement, then GFN2-xTB with ALPB water"
            if not theory.sketch
            else "sketch (FAKE)",
            "energies": _energies(setup, ledger),
            "predictions": f"Allegro, {setup.file.surrogate.members} members",
            "choice": f"BoTorch, policy {setup.policy.name}",
            "execution": f"Parsl, {setup.file.execution.parsl}",
        },
        banner="; ".join(setup.fakes) or None,
        warnings=(*setup.warnings, *_vouched_for(setup, ledger)),
        rows=tuple(rows),
        rounds=tuple(_round(r, chosen, store, setup) for r in rounds),
        contraction=contraction_rows(pool, ledger.labels(), ledger),
        selectivity=selectivities(found.values(), level=setup.level),
        why_groups=reasons((candidate.group for candidate in pool.values()), why_not_comparable),
        why_exchange=_why_exchange(setup, ledger, found),
    )


def environment() -> dict[str, str]:
    """Return the versions of everything that decides a result."""
    return {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES}


@cache
def _version(package: str) -> str:
    return importlib.metadata.version(package)


def _energies(setup: Setup, ledger: Ledger) -> str:
    if is_elsewhere(ledger):
        return f"imported: {program_of(ledger) or 'none yet'}"
    return "teacher oracle (FAKE)" if setup.level.is_fake else setup.level.engine


def _vouched_for(setup: Setup, ledger: Ledger) -> tuple[str, ...]:
    """Return the sentence that stands wherever imported energies are shown."""
    program = program_of(ledger)
    if program is None:
        return ()
    return (f"energies are imported, from {program}: that they are of level '{setup.level.name}' is not checked",)


def _why_exchange(setup: Setup, ledger: Ledger, found: dict[str, Label]) -> tuple[str, ...]:
    """Return why some exchange energies may not be compared, and why some metals have none."""
    groups = (label.candidate.group for label in found.values() if label.aquo is not None)
    # One metal stands for all that the level describes in its way: each reason is told once.
    alike: dict[str, str] = {}
    told = (replace(g, metal=alike.setdefault(setup.level.treatment_of(g.metal).kind, g.metal)) for g in groups)
    mixed = reasons(told, partial(why_exchange_not_comparable, level=setup.level))
    failed = (why_no_exchange(metal, failure) for metal, failure in ledger.aquo_failures().items())
    return (*mixed, *failed)


def _rows(setup: Setup, ledger: Ledger, pool: dict[str, Candidate], labelled: dict[str, Label]) -> list[CandidateRow]:
    predictions = estimates(setup, ledger)
    failures = ledger.label_failures()
    keys = ledger.labels()
    picks = {pick.candidate: pick for pick in ledger.picks()}
    screening = recall_screening(setup, ledger)
    rows = []
    for key, candidate in pool.items():
        failure = failures.get(key) or (screening.failure(key) if screening else None)
        row = _row(candidate, pick=picks.get(key), failure=failure, estimate=predictions.get(key))
        if key in labelled:
            row = _labelled(row, labelled[key], geometry=ledger.value(keys[key].structure)["extxyz"])
        rows.append(row)
    shown = _ranked(rows)
    return _with_geometries(shown, pool, screening) if screening else shown


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
        waters=candidate.waters,
        charge=candidate.charge,
        status="failed" if failure else "selected" if pick else "predicted",
        predicted_kcal_mol=estimate.mean_kcal_mol if estimate else None,
        sigma_kcal_mol=estimate.sigma_kcal_mol if estimate else None,
        round=pick.round if pick else None,
        role=pick.role if pick else None,  # type: ignore[arg-type]  # the ledger holds these three only
        warnings=candidate.ligand.warnings,
        failure=failure,
    )


def _labelled(row: CandidateRow, label: Label, *, geometry: str) -> CandidateRow:
    return replace(
        row,
        status="labelled",
        dft_kcal_mol=label.binding_kcal_mol,
        dft_error_kcal_mol=label.binding_error_kcal_mol,
        exchange_kcal_mol=label.exchange_kcal_mol,
        exchange_error_kcal_mol=label.exchange_error_kcal_mol,
        geometry_xyz=geometry,
        terms_hartree=_terms_hartree(label),
    )


def _with_geometries(rows: list[CandidateRow], pool: dict[str, Candidate], screening: Screening) -> list[CandidateRow]:
    """Return the rows with the geometry that the model saw where there is no better one."""
    geometries = screening.structures([pool[row.key] for row in rows if row.geometry_xyz is None])
    return [
        replace(row, geometry_xyz=geometries[row.key].to_extxyz()) if row.key in geometries else row for row in rows
    ]


def _terms_hartree(label: Label) -> dict[str, float]:
    parts = label.parts if label.aquo is None else {**label.parts, "aquo ion": label.aquo}
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


def _ranked(rows: list[CandidateRow]) -> list[CandidateRow]:
    """Order the rows group by group, give ranks, and drop weak predictions nobody chose."""
    ordered: list[CandidateRow] = []
    for group in dict.fromkeys(row.group for row in rows):
        members = [row for row in rows if row.group == group]
        known = [(energy, row) for row in members if not row.failure and (energy := _best_estimate(row)) is not None]
        ranked = [row for _, row in sorted(known, key=lambda item: item[0])]
        kept = [
            replace(row, rank=rank)
            for rank, row in enumerate(ranked, start=1)
            if rank <= _SHOWN_PREDICTIONS or row.status != "predicted"
        ]
        ordered += kept + [row for row in members if row.failure or _best_estimate(row) is None]
    return ordered


def _best_estimate(row: CandidateRow) -> float | None:
    return row.dft_kcal_mol if row.dft_kcal_mol is not None else row.predicted_kcal_mol


def _round(current: Round, rows: dict[str, CandidateRow], store: Store, setup: Setup) -> RoundRecord:
    learned = current.learned or {}
    return RoundRecord(
        number=current.number,
        kind=current.kind,
        started_at_ms=_ms(current.started_at),
        finished_at_ms=_ms(current.finished_at) if current.finished_at else None,
        labels=learned.get("labels", 0),
        metrics=learned.get("metrics", {}),
        params={
            "policy": setup.policy.name,
            "level": setup.level.name,
            "members": str(setup.file.surrogate.members),
            "uncertainty floor from": learned.get("calibration", {}).get("source", "not trained"),
        },
        batch=tuple(row for row in rows.values() if row.round == current.number),
        parity=tuple(ParityPoint(**point) for point in learned.get("parity", [])),
        files={
            f"member-{number}": store.folder(key) / MEMBER_FILE for number, key in enumerate(learned.get("members", []))
        },
    )


def _ms(seconds: float) -> int:
    return round(1000 * seconds)
