"""The review page: one HTML file with everything in it, to be opened anywhere, also offline."""

from __future__ import annotations

import base64
import hashlib
import math
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reexplore import __version__
from reexplore.tracking.anchors_view import anchor_plot
from reexplore.tracking.axes import BOTTOM, LEFT, RIGHT, TOP, round_numbers
from reexplore.tracking.candidate_cards import cards, finite, formula
from reexplore.tracking.decisions import PAST
from reexplore.tracking.goals_view import rankings, with_error
from reexplore.tracking.ligand_drawings import DRAWING_HEIGHT, DRAWING_WIDTH, draw_ligands
from reexplore.tracking.records import (
    CONTRACTION_NOTE,
    CampaignRecord,
    CandidateRow,
)

PAGE_NAME = "top_candidates.html"

#: The parts of the page's script, each needing those before it only.
_SCRIPTS = ("geometry.js", "view.js", "card.js", "compare.js", "page.js")
_STRIP_WIDTH = 120
#: Decisions on the page, the newest ones; the file has all.
_DECISIONS = 100


@dataclass(frozen=True)
class _Strip:
    low: float
    high: float
    mean: float | None
    label: float | None


@dataclass(frozen=True)
class _Line:
    row: CandidateRow
    drawing: int | None
    predicted: float | None
    sigma: float | None
    dft: float | None
    strip: _Strip | None
    moved: int


@dataclass(frozen=True)
class _Group:
    name: str
    lines: list[_Line]
    hidden: int


def review_page(record: CampaignRecord, *, top: int) -> str:
    """Return the page: for each group its `top` strongest candidates and all that were tried."""
    chosen = {name: _worth_showing(rows, top) for name, rows in _by_group(record.rows).items()}
    shown = [row for rows in chosen.values() for row in rows]
    drawings = draw_ligands(row.smiles for row in shown)
    numbers = {smiles: number for number, smiles in enumerate(drawings)}
    totals = {name: len(rows) for name, rows in _by_group(record.rows).items()}
    groups = [_group(name, rows, numbers, totals[name]) for name, rows in chosen.items()]

    styles, viewer = asset("page.css"), asset("3Dmol-min.js")
    script = Markup("\n").join(asset(name) for name in _SCRIPTS)
    return (
        _environment()
        .get_template("top_candidates.html.j2")
        .render(
            record=record,
            groups=groups,
            drawings=list(drawings.values()),
            drawing_width=DRAWING_WIDTH,
            drawing_height=DRAWING_HEIGHT,
            rankings=rankings(record),
            anchor_plots=[(panel, anchor_plot(panel)) for panel in record.anchors.panels],
            parity=_parity(record, {row.key: number for number, group in enumerate(groups) for row in _rows(group)}),
            rounds=record.rounds,
            contraction_note=CONTRACTION_NOTE,
            models=list(dict.fromkeys(model for r in record.rounds for model in r.mean_absolute_errors)),
            data=cards(shown),
            command=f"reexplore review {{}} {shlex.quote(record.reference)}",
            past=PAST,
            decisions=record.decisions[: -_DECISIONS - 1 : -1],
            started=_date(record.started_at_ms),
            finished=None if record.finished_at_ms is None else _date(record.finished_at_ms),
            version=__version__,
            css=styles,
            viewer_js=viewer,
            page_js=script,
            policy=content_security_policy(styles=(styles,), scripts=(viewer, script)),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reexplore.tracking", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["energy"] = lambda value: "–" if value is None else f"{value:.1f}".replace("-", "−")
    environment.filters["error"] = lambda value: "–" if finite(value) is None else f"{value:.2f}"
    environment.filters["formula"] = formula
    environment.filters["with_error"] = with_error
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "allow_nan": False}
    environment.filters["blank"] = lambda value: "" if value is None else value
    return environment


def asset(name: str) -> Markup:
    """Return a file of `page/` as it is, to be embedded."""
    return Markup((files("reexplore.tracking") / "page" / name).read_text(encoding="utf-8"))


def content_security_policy(*, styles: Iterable[str], scripts: Iterable[str]) -> str:
    """Return the policy that allows exactly the embedded scripts and styles, and nothing from anywhere else."""

    def hashes(texts: Iterable[str]) -> str:
        digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
        return " ".join(f"'sha256-{digest}'" for digest in digests)

    return (
        f"default-src 'none'; script-src {hashes(scripts)}; style-src {hashes(styles)};"
        # RDKit writes its colours as style attributes.
        " style-src-attr 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _by_group(rows: Iterable[CandidateRow]) -> dict[str, list[CandidateRow]]:
    groups: dict[str, list[CandidateRow]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    return groups


def _worth_showing(rows: list[CandidateRow], top: int) -> list[CandidateRow]:
    ordered = sorted(rows, key=lambda row: (math.inf if row.rank is None else row.rank, row.name))
    out = {status: [row for row in ordered if row.status == status] for status in ("rejected", "excluded")}
    others = [row for row in ordered if row.status not in out]
    tried = [
        row for place, row in enumerate(others) if place < top or row.status != "predicted" or _is_decided_alone(row)
    ]
    # What constraints or a person leave out may be most of a space: the table has all of it.
    alone = [row for row in out["rejected"] if _is_decided_alone(row)]
    family = [row for row in out["rejected"] if not _is_decided_alone(row)]
    return [*tried, *alone, *family[:top], *out["excluded"][:top]]


def _is_decided_alone(row: CandidateRow) -> bool:
    return any(decision.candidate for decision in row.decisions)


def _rows(group: _Group) -> list[CandidateRow]:
    return [line.row for line in group.lines]


def _group(name: str, rows: list[CandidateRow], drawings: dict[str, int], total: int) -> _Group:
    ends = [end for row in rows for end in (*_interval(row), finite(row.dft_kcal_mol)) if end is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 0.0)
    scale = (_STRIP_WIDTH - 12) / (high - low) if high > low else 0.0

    def place(energy: float | None) -> float | None:
        return None if energy is None else round(6 + (energy - low) * scale, 1)

    def strip(row: CandidateRow) -> _Strip | None:
        left, right = _interval(row)
        label = place(finite(row.dft_kcal_mol))
        if not scale or (left is None and label is None):
            return None
        return _Strip(place(left) or 0.0, place(right) or 0.0, place(finite(row.predicted_kcal_mol)), label)

    lines = [
        _Line(
            row,
            drawings.get(row.smiles),
            finite(row.predicted_kcal_mol),
            finite(row.sigma_kcal_mol),
            finite(row.dft_kcal_mol),
            strip(row),
            (row.reasons.rank_before or row.rank) - row.rank if row.rank is not None else 0,
        )
        for row in rows
    ]
    return _Group(name, lines, total - len(rows))


def _interval(row: CandidateRow) -> tuple[float | None, float | None]:
    mean, sigma = finite(row.predicted_kcal_mol), finite(row.sigma_kcal_mol) or 0.0
    return (None, None) if mean is None else (mean - sigma, mean + sigma)


def _date(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, tz=UTC).strftime("%d %B %Y %H:%M UTC").lstrip("0")


def _parity(record: CampaignRecord, groups: dict[str, int]) -> dict[str, Any] | None:
    """Return the parity plot in pixels: only predictions made before their label was known."""
    points = [p for r in record.rounds for p in r.parity if p.before_labelling]
    if not points:
        return None
    ends = [
        end
        for p in points
        for end in (
            p.observed_kcal_mol,
            p.predicted_kcal_mol - p.sigma_kcal_mol,
            p.predicted_kcal_mol + p.sigma_kcal_mol,
        )
    ]
    margin = 0.05 * (max(ends) - min(ends)) or 1.0
    low, high = min(ends) - margin, max(ends) + margin

    def across(energy: float) -> float:
        return round(LEFT + (energy - low) / (high - low) * (RIGHT - LEFT), 1)

    def up(energy: float) -> float:
        return round(BOTTOM - (energy - low) / (high - low) * (BOTTOM - TOP), 1)

    return {
        "ticks": [{"x": across(t), "y": up(t), "text": f"{t:g}".replace("-", "−")} for t in round_numbers(low, high)],
        "points": [
            {
                "key": p.key,
                "group": groups.get(p.key, ""),
                "title": f"{p.name}: predicted {p.predicted_kcal_mol:.1f} ± {p.sigma_kcal_mol:.1f},"
                f" label {p.observed_kcal_mol:.1f}",
                "x": across(p.observed_kcal_mol),
                "y": up(p.predicted_kcal_mol),
                "low": up(p.predicted_kcal_mol - p.sigma_kcal_mol),
                "high": up(p.predicted_kcal_mol + p.sigma_kcal_mol),
            }
            for p in points
        ],
    }
