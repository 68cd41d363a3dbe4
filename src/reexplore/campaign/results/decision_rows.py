"""What people decided, as the page and the report show it: the whole history, and what still holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.running.decided import subjects
from reexplore.campaign.steps.reviewing import name_of
from reexplore.tracking.decisions import PAST, Decision, DecisionRow


def decision_rows(
    pool: Pool, decisions: Sequence[Decision], *, whole_ligands: bool
) -> tuple[tuple[DecisionRow, ...], dict[str, list[Decision]]]:
    """Return every decision as a line, and the history of each candidate that any is about, by key."""
    history: dict[str, list[Decision]] = {}
    holding: dict[str, int] = {}
    left, replaced = Counter[int](), dict[int, int]()
    for number, decision in enumerate(decisions, start=1):
        for key in subjects(pool, decision, whole_ligands=whole_ligands):
            history.setdefault(key, []).append(decision)
            if (before := holding.get(key)) is not None:
                left[before] -= 1
                if not left[before]:
                    replaced[before] = number
            holding[key] = number
            left[number] += 1
    rows = tuple(
        DecisionRow(number, decision, name_of(pool, decision), replaced.get(number))
        for number, decision in enumerate(decisions, start=1)
    )
    return rows, history


def decision_table_for_terminal(rows: Sequence[DecisionRow], *, title: str) -> Table:
    """Return decisions as a table for the terminal, the first one first."""
    shown = Table(title=escape(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("no.", justify="right")
    shown.add_column("decision", no_wrap=True)
    shown.add_column("about", overflow="fold", min_width=21)
    shown.add_column("why", overflow="fold")
    shown.add_column("by", overflow="fold")
    for row in rows:
        said = row.decision
        until = f" until {row.replaced_by}" if row.replaced_by else ""
        cells = (str(row.number), f"{PAST[said.verdict]}{until}", row.name, said.comment, f"{said.by}, {said.when}")
        shown.add_row(*map(escape, cells), style="dim" if row.replaced_by else None)
    return shown
