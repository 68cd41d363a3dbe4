"""What relaxing finalists at the level, or searching for them, did to their values and ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.ranked import Ranking, rankings
from reexplore.campaign.ledger.relaxed_labels import relaxed_labels
from reexplore.campaign.steps.aqua_ions import why_no_exchange
from reexplore.energies import HARTREE_TO_KCAL_MOL
from reexplore.errors import Failure
from reexplore.properties import Goals, Measured
from reexplore.properties.label import Label
from reexplore.tracking.estimates import Estimated
from reexplore.tracking.goals_view import with_error
from reexplore.tracking.records import FinalistComplex, FinalistRow, Shortlist

#: Of two the rank correlation is 1 or -1, whatever they are.
_FEWEST_CORRELATED = 3


def shortlists(found: Mapping[str, Label], goals: Goals, ledger: Ledger) -> tuple[Shortlist, ...]:
    """Return the finalists of every ranking of a campaign's labels; nothing where none was labelled again."""
    known = _Known(found, relaxed_labels(found, ledger), _complexes(found, ledger), ledger.aqua_failures(relaxed=True))
    # An atom that has come to the metal is told; it does not put a finalist into another ranking.
    alike = {key: replace(label, other_donors=found[key].other_donors) for key, label in known.relaxed.items()}
    after = {(each.group, each.title): each.values for each in rankings(alike, goals)}
    lists = []
    for before in rankings(found, goals):
        finalists = [members for members in before.ordered if set(members) <= known.complexes.keys()]
        values = after.get((before.group, before.title), {})
        if finalists:
            rows = [known.row(m, before.values[m], values.get(m)) for m in finalists]
            lists.append(_ranked(before, rows, searched=ledger.finalists_are_searched))
    return tuple(lists)


def finalist_tables(shortlists: Sequence[Shortlist], *, level: str) -> list[Table]:
    """Return what labelling the finalists again did, one table a shortlist for the terminal."""
    return [_table(shortlist, level) for shortlist in shortlists]


def _table(shortlist: Shortlist, level: str) -> Table:
    shown = Table(
        title=f"{shortlist.title} ({level}): {shortlist.quantity}, {shortlist.unit}; {shortlist.group}",
        caption=shortlist.verdict,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    shown.add_column("finalist", overflow="fold")
    of_geometry = ("geometry lower by",) if shortlist.searched else ("gradients", "largest force")
    for heading in ("rank", "before", "after", *of_geometry):
        shown.add_column(heading, justify="right", no_wrap=heading != "largest force")
    for row in shortlist.rows:
        rank = f"{row.rank_before} → {'–' if row.rank_after is None else row.rank_after}"
        force = "–" if row.gradient_max_hartree_bohr is None else f"{row.gradient_max_hartree_bohr:.1e}"
        name = row.name + (" !" if row.warnings else "") + (f"\n{row.reason}" if row.reason else "")
        gradients = ", ".join(map(str, row.gradients))
        lower = ", ".join(f"{gained:.1f}" for gained in row.gained_kcal_mol)
        cells = (lower,) if shortlist.searched else (gradients, force)
        shown.add_row(escape(name), rank, with_error(row.before), with_error(row.after), *cells)
    return shown


@dataclass(frozen=True)
class _Known:
    """What is known of finalists, by their keys: labels before and after, relaxations, and aqua ions that failed."""

    found: Mapping[str, Label]
    relaxed: Mapping[str, Label]
    complexes: Mapping[str, FinalistComplex]
    aqua_failures: Mapping[str, Failure]

    def row(self, members: tuple[str, ...], before: Measured, after: Measured | None) -> FinalistRow:
        """Return a finalist; its ranks are not known yet."""
        candidate = self.found[members[0]].candidate
        doubts = [doubt for key in members for doubt in self.relaxed.get(key, self.found[key]).doubts]
        return FinalistRow(
            key=members[0],
            name=candidate.closed.name if len(members) == 1 else candidate.ligand.name,
            smiles=candidate.ligand.canonical_smiles,
            before=Estimated(before.value, before.error),
            rank_before=0,
            after=None if after is None else Estimated(after.value, after.error),
            rank_after=None,
            complexes=tuple(self.complexes[key] for key in members),
            reason="" if after is not None else self._reason(members),
            warnings=(*candidate.ligand.warnings, *dict.fromkeys(doubts)),
        )

    def _reason(self, members: tuple[str, ...]) -> str:
        """Return why there is no value after."""
        failures = [(each.name, each.failure) for key in members if (each := self.complexes[key]).failure]
        metals = [self.found[key].candidate.metal.symbol for key in members]
        ions = [why_no_exchange(metal, self.aqua_failures[metal]) for metal in metals if metal in self.aqua_failures]
        own = [f"{name}: {f.code.value} in {f.stage}: {f.message}" for name, f in failures if f is not None]
        return "; ".join(own or ions)


def _complexes(found: Mapping[str, Label], ledger: Ledger) -> dict[str, FinalistComplex]:
    """Return every finalist by its key."""
    complexes, of_labels = {}, ledger.labels()
    for key, keys in ledger.finalists().items():
        if key in found:
            name, value = found[key].candidate.closed.name, ledger.value(keys.relaxed["complex"])
            if ledger.finalists_are_searched:
                gained = _lower_kcal_mol(value, ledger.value(of_labels[key].structure))
                complexes[key] = FinalistComplex(key, name, gained_kcal_mol=gained, geometry_xyz=value["extxyz"])
                continue
            complexes[key] = FinalistComplex(
                key,
                name,
                value["gradients"],
                value["gradient_max_hartree_bohr"],
                (value["start_hartree"] - value["energy_hartree"]) * HARTREE_TO_KCAL_MOL,
                value["extxyz"],
            )
    for key, failure in ledger.finalist_failures().items():
        if key in found:
            complexes[key] = FinalistComplex(key, found[key].candidate.closed.name, failure=failure)
    return complexes


def _lower_kcal_mol(searched: Mapping[str, Any], label: Mapping[str, Any]) -> float | None:
    """Return how much lower a searched geometry lies on the surface than that of its label, where both tell it.

    Sketches and the minima of free energies tell no energy of the surface.
    """
    if "energy_hartree" not in searched:
        return None
    return float(label["energy_hartree"] - searched["energy_hartree"]) * HARTREE_TO_KCAL_MOL


def _ranked(ranking: Ranking, rows: Sequence[FinalistRow], *, searched: bool) -> Shortlist:
    """Return the rows, best first, with their ranks before and after."""
    known = sorted(
        (number for number, row in enumerate(rows) if row.after is not None),
        key=lambda number: ranking.sign * rows[number].after.value,  # type: ignore[union-attr]  # only where it is known
    )
    after = {number: place + 1 for place, number in enumerate(known)}
    ranked = tuple(
        replace(row, rank_before=number + 1, rank_after=after.get(number)) for number, row in enumerate(rows)
    )
    return Shortlist(ranking.group, ranking.title, ranking.unit, ranked, _spearman(ranked), searched)


def _spearman(rows: Sequence[FinalistRow]) -> float | None:
    pairs = [(row.before.value, row.after.value) for row in rows if row.after is not None]
    if len(pairs) < _FEWEST_CORRELATED:
        return None
    # It takes a while to load, and few campaigns have finalists.
    from scipy.stats import spearmanr

    return float(spearmanr(*zip(*pairs, strict=True)).statistic)
