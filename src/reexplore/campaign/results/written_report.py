"""The report of a campaign as a document: Markdown, of which HTML and PDF are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.results.citations import Citation, citations
from reexplore.campaign.results.status import Status, campaign_status
from reexplore.campaign.running.external_energies import is_elsewhere
from reexplore.errors import InputError
from reexplore.tracking.decisions import PAST
from reexplore.tracking.documents import Document, write_html, write_markdown
from reexplore.tracking.goals_view import rankings, with_error
from reexplore.tracking.journal_plots import journal_figures
from reexplore.tracking.records import CampaignRecord, CandidateRow, LigandRow

#: Which references belong to which line of the protocol.
_CITED = {
    "3D structures": ("rdkit", "architector", "openbabel", "crest", "gfnff", "gfn2", "xtb", "alpb"),
    "energies": ("pyscf", "pbe", "b3lyp", "d4", "def2", "def2diffuse", "basissetexchange", "smd"),
    "predictions": ("allegro", "nequip", "sklearn"),
    "choice": ("botorch", "logei"),
    "execution": ("parsl",),
}


def write_report(
    setup: Setup, ledger: Ledger, record: CampaignRecord, *, top: int, files: dict[str, Path | None]
) -> list[Path]:
    """Write the report to the files that are given for `html`, `pdf` and `markdown`, and return them.

    Raises `InputError` before anything is written where a file has no folder to lie in.
    """
    wanted = {kind: path for kind, path in files.items() if path is not None}
    for path in wanted.values():
        if not path.resolve().parent.is_dir():
            raise InputError(f"{path} cannot be written: the folder {path.parent} is not there; make it first")
        if path.is_dir():
            raise InputError(f"{path} is a folder: name a file")
    if not wanted:
        return []
    document = report_document(setup, ledger, record, top=top)
    for kind, path in wanted.items():
        _writer(kind)(document, path)
    return list(wanted.values())


def _writer(kind: str) -> Callable[[Document, Path], None]:
    if kind == "pdf":
        # It takes a second to load, and few want it.
        from reexplore.tracking.pdf_document import write_pdf

        return write_pdf
    return write_html if kind == "html" else write_markdown


def report_document(setup: Setup, ledger: Ledger, record: CampaignRecord, *, top: int) -> Document:
    """Return the report of a campaign with its figures; of each group the `top` strongest candidates."""
    figures = journal_figures(record)
    used = citations(setup, imported=is_elsewhere(ledger))
    status = campaign_status(setup, ledger)
    text = (
        _environment()
        .get_template("report.md.j2")
        .render(
            record=record,
            state=_state(record),
            arithmetic=setup.space.arithmetic(),
            space=list(_space(setup)),
            cited={task: _numbers(keys, used) for task, keys in _CITED.items()},
            models=list(dict.fromkeys(model for r in record.rounds for model in r.mean_absolute_errors)),
            figures=figures,
            groups={
                group: [row for row in record.rows if row.group == group and row.rank is not None][:top]
                for group in dict.fromkeys(row.group for row in record.rows)
            },
            rankings=rankings(record),
            failures=list(_failures(status)),
            status=status,
            citations=used,
            past=PAST,
            pm=_pm,
            how=_how,
            pairs=_pairs,
        )
    )
    return Document(f"{record.name}: report", text, figures)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reexplore.campaign", "results"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cell": _cell, "code": _code}
    environment.filters["number"] = lambda value: "–" if value is None else f"{value:.2f}".replace("-", "−")
    environment.filters["date"] = lambda ms: "" if ms is None else _date(ms)
    environment.filters["known"] = with_error
    return environment


def _cell(text: object) -> str:
    """Return a text that stays a text, and within its cell of a table: nothing in it is a mark of Markdown."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(str(text).split()))


def _code(text: str) -> str:
    """Return a SMILES set as code, where the bar of a table is the only mark left."""
    return f"`{text.replace('`', '').replace('|', chr(92) + '|')}`"


def _date(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _state(record: CampaignRecord) -> str:
    if record.finished_at_ms is None:
        return f"Begun {_date(record.started_at_ms)} and not finished when this was written:"
    return f"Begun {_date(record.started_at_ms)}, finished {_date(record.finished_at_ms)}:"


def _pm(value: float | None, error: float | None) -> str:
    if value is None:
        return ""
    return (f"{value:.1f}" + (f" ± {error:.1f}" if error is not None else "")).replace("-", "−")


def _pairs(row: LigandRow) -> list[tuple[str, str]]:
    pairs = zip(row.labels, row.predicted, strict=True)
    return [(with_error(label), with_error(predicted)) for label, predicted in pairs]


def _how(row: CandidateRow) -> str:
    """Return in a few words why it was chosen for labelling."""
    if row.round is None:
        return "not chosen"
    told = f"round {row.round}, {row.role}"
    chosen = row.reasons.chosen
    share = chosen.uncertainty_share if chosen and row.role == "acquisition" else None
    return told if share is None else f"{told}: {1 - share:.0%} gain, {share:.0%} uncertainty"


def _space(setup: Setup) -> Iterator[tuple[str, str]]:
    space = setup.space
    for scaffold in (each for each in space.scaffolds if each.sites):
        yield f"scaffold {scaffold.name}", f"{scaffold.smiles}, charge {scaffold.charge:+d}"
    if space.substituents:
        yield "substituents", ", ".join(substituent.name for substituent in space.substituents)
    if setup.ligands is not None:
        yield "ligands of a file", str(len(setup.ligands.accepted))
    yield "metals", ", ".join(metal.symbol for metal in space.metals)
    for said in setup.rules.say():
        yield "constraint", ", ".join(f"{name}: {value}" for name, value in said.items())
    if setup.goals:
        yield "objective", str(setup.goals)


def _failures(status: Status) -> Iterator[tuple[str, str, int]]:
    for what, found in (
        ("calculations", status.failures_by_code),
        ("ligands without a screening geometry", status.ligands_refused_by_code),
        ("ligands left out by a constraint", status.ligands_excluded_by_constraint),
        ("finalists", status.finalists_failed_by_code),
    ):
        yield from ((what, why, count) for why, count in found.items())
    yield from (("aqua ions", f"{metal}: {why}", 1) for metal, why in status.aqua_ions_failed.items())


def _numbers(keys: tuple[str, ...], used: tuple[Citation, ...]) -> str:
    found: list[Any] = [number for number, citation in enumerate(used, start=1) if citation.key in keys]
    return f"[{', '.join(map(str, found))}]" if found else ""
