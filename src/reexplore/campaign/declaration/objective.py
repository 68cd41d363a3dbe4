"""The objective that a campaign file declares, and whether budget and policy go with it."""

from __future__ import annotations

from reexplore.acquisition.policy import Policy
from reexplore.config import CampaignFile, TheoryEntry
from reexplore.energies.levels import Level
from reexplore.energies.own_levels import in_solvent
from reexplore.errors import InputError, of_key
from reexplore.properties import Goals, read_goals


def declared_goals(file: CampaignFile, level: Level) -> Goals:
    """Return the goals of a campaign.

    Raises `InputError` for what makes no objective, what the level may not compare, a second solvent that does not go
    with it, and for a budget that would end in
    the middle of a ligand.
    """
    with of_key("objective"):
        goals = read_goals(file.objective)
        goals.require_comparable(level)
        if goals.needs_thermal_terms and file.theory.sketch:
            raise InputError(
                "free energies need vibrations, which the builder 'sketch' has none of: take another builder"
            )
    if goals.needs_ph and file.theory.conditional is None:
        raise InputError(
            "across_charges compares ligands that compete with protons at a pH: give one, such as {pH: 5}",
            key="theory.conditional",
        )
    _require_second_solvent(file.theory, level, goals)
    budget = file.budget
    for key, count in (("seed_labels", budget.seed_labels), ("batch", budget.batch), ("labels", budget.labels)):
        if count % goals.unit_size:
            raise InputError(
                f"{count}, but the objective labels {goals.unit_size} complexes of each ligand"
                f" ({' '.join(goals.metals)}): take a multiple of {goals.unit_size}",
                key=f"budget.{key}",
            )
    return goals


def weighing(goals: Goals, policy: Policy) -> Policy:
    """Return a policy; raise `InputError` when it cannot weigh several goals against each other."""
    if len(goals.goals) > 1 and policy.acquisition not in ("qLogExpectedImprovement", "random"):
        raise InputError(
            f"'{policy.name}' ({policy.acquisition}) weighs one goal, and the objective has {len(goals.goals)}:"
            " take one with qLogExpectedImprovement, such as balanced",
            key="policy",
        )
    return policy


def _require_second_solvent(theory: TheoryEntry, level: Level, goals: Goals) -> None:
    """Raise `InputError` for a second solvent that SMD lacks or the level has already, and for goals without theirs."""
    if theory.organic is None:
        if goals.learns_transfer:
            raise InputError("transfer_free_energy needs a second solvent, such as toluene", key="theory.organic")
        return
    with of_key("theory.organic"):
        in_solvent(level, theory.organic)
        if theory.organic == level.solvent:
            raise InputError(f"{theory.organic} is the level's own solvent: name another, such as toluene")
    for key in ("relax", "confirm"):
        if goals.learns_transfer and getattr(theory, key) is not None:
            told = f"finalists stand in the level's solvent only, and transfer_free_energy needs two: leave {key} out"
            raise InputError(told, key=f"theory.{key}")
