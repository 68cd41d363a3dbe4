"""What labelled candidates are ranked by: binding energies within a group, or the goals of the objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reexplore.properties import Goals, Measured
from reexplore.properties.label import Label


@dataclass(frozen=True)
class Ranking:
    """One quantity over what may be compared by it: the `values` are those of candidates that are judged together.

    `values` are by these candidates' keys; `sign` turns them into something to be lowered.
    """

    group: str
    title: str
    unit: str
    sign: int
    values: dict[tuple[str, ...], Measured] = field(default_factory=dict)

    @property
    def ordered(self) -> list[tuple[str, ...]]:
        """Return the candidates, best first; equals keep the order in which they were picked."""
        return sorted(self.values, key=lambda members: self.sign * self.values[members].value)


def rankings(labels: Mapping[str, Label], goals: Goals) -> list[Ranking]:
    """Return the rankings of labelled candidates: one a group, with an objective one a goal and group.

    Ligands that lack a label or the value of a goal are not in its ranking.
    """
    found: dict[tuple[str, int], Ranking] = {}
    if not goals:
        for key, label in labels.items():
            ranking = Ranking(label.group_name, "binding energy", "kcal/mol", 1)
            found.setdefault((ranking.group, 0), ranking).values[key,] = Measured.of(label.binding)
        return list(found.values())
    for by_metal in _ligands(labels).values():
        if not set(goals.metals) <= by_metal.keys():
            continue
        members = tuple(by_metal[metal] for metal in goals.metals)
        first = labels[members[0]].candidate
        group = goals.group(first.group.stoichiometry, ligand_charge=first.ligand.charge)
        values = goals.values({metal: labels[by_metal[metal]] for metal in goals.metals})
        for number, (goal, value) in enumerate(zip(goals.goals, values, strict=True)):
            if value is not None:
                ranking = Ranking(group, goal.quantity.title, goal.quantity.unit, goal.sign)
                found.setdefault((group, number), ranking).values[members] = value
    return list(found.values())


def _ligands(labels: Mapping[str, Label]) -> dict[tuple[str, str], dict[str, str]]:
    """Return the keys of the labelled complexes of each ligand and stoichiometry, by their metals."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for key, label in labels.items():
        candidate = label.candidate
        mine = found.setdefault((candidate.ligand.identity, candidate.group.stoichiometry), {})
        mine[candidate.metal.symbol] = key
    return found
