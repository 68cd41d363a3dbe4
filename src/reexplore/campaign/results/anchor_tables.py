"""Measured anchors as tables for the terminal."""

from __future__ import annotations

from rich import box
from rich.markup import escape
from rich.table import Table

from reexplore.tracking.anchor_records import AnchorPanel, AnchorsRecord
from reexplore.tracking.goals_view import with_error


def anchor_tables(record: AnchorsRecord) -> list[Table]:
    """Return a table for each panel: its anchors, and the candidates that stand on the same axis."""
    return [_anchor_table(panel) for panel in record.panels]


def anchor_notes(record: AnchorsRecord) -> list[str]:
    """Return what the numbers of the tables are, or why there is none."""
    return [f"measured anchors: {note[0].lower()}{note[1:]}" for note in record.notes]


def _anchor_table(panel: AnchorPanel) -> Table:
    shown = Table(
        title=f"measured anchors: {panel.title}",
        caption=panel.verdict,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    shown.add_column("anchor", overflow="fold")
    shown.add_column(f"measured {panel.measured}", justify="right")
    shown.add_column(f"computed {panel.computed}" if panel.is_constant else "computed, kcal/mol", justify="right")
    if panel.is_constant:
        shown.add_column("calibrated", justify="right", no_wrap=True)
        shown.add_column("ΔG, kcal/mol", justify="right")
    for row in panel.rows:
        name = row.ligand if row.source == "shipped" else f"{row.ligand} [{row.source}]"
        own = [_signed(row.calibrated), _signed(row.energy_kcal_mol)] if panel.is_constant else []
        shown.add_row(escape(name), f"{row.measured:.2f}".replace("-", "−"), _signed(row.computed), *own)
    if panel.candidates:
        shown.add_section()
        few = len(panel.candidates) < panel.among
        shown.add_row("[bold]" + (f"the strongest of {panel.among} candidates" if few else "candidates") + "[/]")
    for one in panel.candidates:
        own = [with_error(one.calibrated), _signed(one.energy_kcal_mol)] if panel.is_constant else []
        shown.add_row(escape(one.name), "–", _signed(one.computed), *own)
    return shown


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}".replace("-", "−")
