"""A campaign as plain values: what the ledger hands over to be shown.

Binding energies are in kcal/mol and more negative binds stronger; times are epoch milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reexplore.chemistry.candidates import stoichiometry_name
from reexplore.errors import Failure, ReexploreError
from reexplore.tracking.anchor_records import AnchorsRecord
from reexplore.tracking.decisions import Decision, DecisionRow
from reexplore.tracking.doublets import MagnetRecord
from reexplore.tracking.estimates import Estimated, LogK
from reexplore.tracking.reasons import Reasons

Status = Literal["predicted", "selected", "labelled", "failed", "excluded", "rejected"]
Role = Literal["seed", "acquisition", "control", "promoted"]

#: A round's metrics under this prefix are errors of one model each: `mae_kcal_mol/ensemble`,
#: `mae_kcal_mol/composition`, … The learning curve draws every one of them.
MAE_PREFIX = "mae_kcal_mol/"

#: Under this prefix they are errors of a goal of the objective, by goal and model: `mae/selectivity Lu over La,
#: kcal/mol/ensemble`.
GOAL_MAE_PREFIX = "mae/"

#: The model whose error is drawn first; every other name under `MAE_PREFIX` is a baseline.
ENSEMBLE = "ensemble"

#: What an electronic binding energy in a continuum solvent does not contain.
THERMAL_TERMS = "thermal and entropic terms"
PROTONS = "pH and the competition of protons for the ligand"
OMISSIONS = (THERMAL_TERMS, PROTONS, "basis-set superposition error")

#: What a reader of contraction slopes has to know; see docs/structures.md.
CONTRACTION_NOTE = (
    "Slopes are in Å of metal-donor distance per Å of Shannon radius, lanthanides only. In crystals they are near 1:"
    " plain GFN2-xTB gives 0.3 to 0.5, gfn2-m 1.1 to 1.3 at coordination number 8 and 1.5 to 1.7 at 6 (sulfur 0.9)."
    " They judge the geometries, not the ligands."
)


_EXCHANGE_NOTE = (
    "Exchange: n L + [M(H2O)a]3+ → [M Ln (H2O)m] + (a − m) H2O. A selectivity is the second metal's exchange energy"
    " less the first's for the same ligand and stoichiometry, in kcal/mol: negative, the second metal is held more"
    " strongly. {} ± is the spread over the f occupations that were tried, not the error of the method."
)
_ELECTRONIC = "These are electronic energies in water at one geometry each, without entropy and vibrations."
_FREE = "These are free energies at 25 °C and 1 mol/l, with the vibrations of one minimum each."


#: What a reader of a shortlist has to know; see docs/energies.md and docs/structures.md.
_RELAXED_NOTE = (
    "Finalists are relaxed by the gradients of the level, in its water, with all that their values are counted from:"
    " complex, free ligand, water and aqua ion. `before` is the label, which the models learn from, `after` the same on"
    " the relaxed geometries. Ranks are those among the finalists that are listed."
)
_CONFIRMED_NOTE = (
    "Finalists are labelled again with a complex that is searched for; all else is as in the label. `before` is the"
    " label in series, which the models learn from, `after` that on the searched geometry. Ranks are those among the"
    " finalists that are listed."
)


class TrackingError(ReexploreError):
    """The mirror could not be written; the ledger has everything and the mirror can be sent later."""

    exit_code = 6


@dataclass(frozen=True)
class CandidateRow:
    """One candidate as a line of a table and as a card.

    `rank` counts within `group` only, 1 binds strongest; it is absent for a failed candidate.
    `predicted_kcal_mol` and `sigma_kcal_mol` are the newest prediction, `dft_kcal_mol` the label,
    `exchange_kcal_mol` the reaction energy from the aqua ion, each with the error that the spreads of its
    terms leave in it. `geometry_xyz` is XYZ or extended XYZ text, `contacts` the numbers of the atoms that hold its
    metal, and `terms_hartree` the energies the label is made of. Where the number of waters is open `waters` is None
    before the label, and `other_waters_kcal_mol` says how far the free energies of the other numbers lie above it.
    `log_k` is there where they are free energies. Where the campaign has a second solvent `transfer_kcal_mol` takes the
    complex there from water, `log_p` is log10 of its partition ratio, and the same of the free ligand it is counted
    from. `decisions` are what people decided about it, the last one last.
    `magnet` are the doublets of a label that is a Kramers gap, and `reasons` explain its place.
    """

    key: str
    name: str
    group: str
    ligand: str
    smiles: str
    metal: str
    ligands: int
    waters: int | None
    charge: int
    status: Status
    rank: int | None = None
    predicted_kcal_mol: float | None = None
    sigma_kcal_mol: float | None = None
    dft_kcal_mol: float | None = None
    dft_error_kcal_mol: float | None = None
    exchange_kcal_mol: float | None = None
    exchange_error_kcal_mol: float | None = None
    round: int | None = None
    role: Role | None = None
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    geometry_xyz: str | None = None
    terms_hartree: dict[str, float] | None = None
    contacts: tuple[int, ...] = ()
    co_ligands: str = ""
    other_waters_kcal_mol: dict[int, float] = field(default_factory=dict)
    log_k: LogK | None = None
    transfer_kcal_mol: float | None = None
    log_p: float | None = None
    ligand_transfer_kcal_mol: float | None = None
    ligand_log_p: float | None = None
    decisions: tuple[Decision, ...] = ()
    reasons: Reasons = field(default_factory=Reasons)
    magnet: MagnetRecord | None = None

    @property
    def decision(self) -> Decision | None:
        """Return the decision that holds, None where there is none or the last one clears those before."""
        return self.decisions[-1] if self.decisions and self.decisions[-1].verdict != "clear" else None

    @property
    def review(self) -> str:
        """Return what people decided, such as `rejected by anna, …: too heavy`; nothing where nothing holds."""
        return self.decision.said if self.decision else ""

    @property
    def constant(self) -> str:
        """Return which constant its energy stands for, nothing where it stands for none."""
        return self.log_k.name if self.log_k else ""

    @property
    def computed_log_k(self) -> float | None:
        """Return its constant as it was computed, None where it has none."""
        return None if self.log_k is None else self.log_k.computed

    @property
    def calibrated_log_k(self) -> float | None:
        """Return its constant with what anchors lack, None where too few were computed."""
        return self.log_k.calibrated.value if self.log_k and self.log_k.calibrated else None

    @property
    def calibrated_log_k_error(self) -> float | None:
        """Return what anchors that are left out are off by."""
        return self.log_k.calibrated.error if self.log_k and self.log_k.calibrated else None

    @property
    def verdict(self) -> str:
        """Return the status with its cause, such as `failed: donor_lost` or `excluded: sa_score`."""
        return f"{self.status}: {self.cause}" if self.cause else self.status

    @property
    def cause(self) -> str:
        """Return the code of the failure, or the constraint that leaves the ligand out; nothing without either."""
        if self.failure is None:
            return ""
        return str(self.failure.evidence.get("constraint", self.failure.code.value))

    @property
    def reason(self) -> str:
        """Return in words why it failed or is left out."""
        if self.failure is None and self.status == "rejected":
            return self.review
        return self.failure.message if self.failure else ""


@dataclass(frozen=True)
class ParityPoint:
    """A label beside what the model said of it; only `before_labelling` points test the model."""

    key: str
    name: str
    predicted_kcal_mol: float
    sigma_kcal_mol: float
    observed_kcal_mol: float
    before_labelling: bool


@dataclass(frozen=True)
class RoundRecord:
    """One round: what it bought, what the model knew after it, and the files it left.

    `labels` counts the labels in hand after the round. A round without `finished_at_ms` is still
    running: its metrics may change and are not mirrored yet. `files` maps a name such as
    `member-0` to a model file. `costs` are core-hours and failures up to its end, named as they are tracked: a campaign
    that was interrupted has others.
    """

    number: int
    kind: Literal["seed", "acquisition"]
    started_at_ms: int
    finished_at_ms: int | None
    labels: int
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    batch: tuple[CandidateRow, ...] = ()
    parity: tuple[ParityPoint, ...] = ()
    files: dict[str, Path] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)

    @property
    def mean_absolute_errors(self) -> dict[str, float]:
        """Return the error of each model in kcal/mol, the ensemble first."""
        errors = {k.removeprefix(MAE_PREFIX): v for k, v in self.metrics.items() if k.startswith(MAE_PREFIX)}
        return dict(sorted(errors.items(), key=lambda item: (item[0] != ENSEMBLE, item[0])))

    @property
    def goal_errors(self) -> dict[str, dict[str, float]]:
        """Return the error of each goal by each model, the ensemble first; goals are named with their unit."""
        found: dict[str, dict[str, float]] = {}
        for name, error in self.metrics.items():
            if name.startswith(GOAL_MAE_PREFIX):
                goal, _, model = name.removeprefix(GOAL_MAE_PREFIX).rpartition("/")
                found.setdefault(goal, {})[model] = error
        return {
            goal: dict(sorted(errors.items(), key=lambda item: (item[0] != ENSEMBLE, item[0])))
            for goal, errors in found.items()
        }


@dataclass(frozen=True)
class ContractionRow:
    """How the metal-donor distances of one ligand and stoichiometry follow the ionic radius.

    `slope` is that of the mean over all donors against the Shannon radius with its standard error,
    `donor_slopes` those of each donor element of the ligand and of `water`, all in Å per Å.
    `mean_distances_angstrom` belong to `metals`, one by one.
    """

    ligand: str
    smiles: str
    ligands: int
    waters: int
    metals: tuple[str, ...]
    mean_distances_angstrom: tuple[float, ...]
    slope: float
    slope_error: float
    donor_slopes: dict[str, float]
    warnings: tuple[str, ...] = ()
    co_ligands: str = ""

    @property
    def name(self) -> str:
        """Return a name to read, such as `CAM-methyl (1 L, 6 H2O)`."""
        return f"{self.ligand} ({stoichiometry_name(self.ligands, self.waters, self.co_ligands)})"


@dataclass(frozen=True)
class SelectivityRow:
    """How a ligand tells two metals apart at one stoichiometry, on the exchange scale.

    `selectivity_kcal_mol` is the second metal's exchange energy less the first's: positive when the ligand
    prefers the first. `error_kcal_mol` is what the spreads of the terms leave in it. `waters` is None where it is open:
    each metal has its own number.
    """

    ligand: str
    smiles: str
    ligand_charge: int
    ligands: int
    waters: int | None
    first_metal: str
    second_metal: str
    selectivity_kcal_mol: float
    error_kcal_mol: float | None = None
    warnings: tuple[str, ...] = ()
    co_ligands: str = ""

    @property
    def name(self) -> str:
        """Return a name to read, such as `CAM-methyl (1 L, 6 H2O)`."""
        return f"{self.ligand} ({stoichiometry_name(self.ligands, self.waters, self.co_ligands)})"

    @property
    def group(self) -> str:
        """Return the stoichiometry and charge at which selectivities may be compared."""
        return f"{stoichiometry_name(self.ligands, self.waters, self.co_ligands)}, L charge {self.ligand_charge:+d}"


@dataclass(frozen=True)
class GoalRecord:
    """One goal of a campaign's objective: a property with its unit, and whether `lower` or `higher` is wanted.

    `meaning` says what a low value means, `short` is the name as a column of a table.
    """

    title: str
    unit: str
    direction: Literal["lower", "higher"]
    meaning: str

    @property
    def short(self) -> str:
        """Return the title as a column's name, such as `selectivity_Lu_over_La`."""
        return self.title.replace(" ", "_")


@dataclass(frozen=True)
class LigandRow:
    """One ligand in one stoichiometry, judged by the goals of its campaign, one entry of `labels` and `predicted` each.

    `rank` counts within `group`: by the one goal, or by the Pareto layers of several, labels before predictions.
    `on_front` tells the labelled ligands that no other labelled one of the group surpasses in every goal.
    `round` is the one in which the ligand was chosen, `key` that of its first complex. `waters` is None where their
    number is open: `waters_by_metal` has those of the labelled complexes.
    `round` is the one in which the ligand was chosen, `key` that of its first complex. `log_k` are the constants that
    its labels of free energies of complexation are, one entry a goal or none at all.
    """

    key: str
    ligand: str
    smiles: str
    group: str
    ligand_charge: int
    ligands: int
    waters: int | None
    status: Status
    labels: tuple[Estimated | None, ...]
    predicted: tuple[Estimated | None, ...]
    rank: int | None = None
    on_front: bool = False
    round: int | None = None
    role: Role | None = None
    warnings: tuple[str, ...] = ()
    reason: str = ""
    co_ligands: str = ""
    waters_by_metal: dict[str, int] = field(default_factory=dict)
    log_k: tuple[LogK | None, ...] = ()

    @property
    def name(self) -> str:
        """Return a name to read, such as `CAM-methyl (1 L, 6 H2O)`."""
        return f"{self.ligand} ({stoichiometry_name(self.ligands, self.waters, self.co_ligands)})"

    @property
    def is_labelled(self) -> bool:
        """Return whether every goal has its label."""
        return self.status == "labelled"


@dataclass(frozen=True)
class ProposedRow:
    """A ligand that joined the space at the end of a round, and the names of the ligands that it was made from."""

    identity: str
    name: str
    smiles: str
    proposer: str
    round: int
    parents: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Return where it comes from."""
        made = f", from {' and '.join(self.parents)}" if self.parents else ""
        return f"Its ligand was proposed at the end of round {self.round} ({self.proposer}){made}."


@dataclass(frozen=True)
class FinalistComplex:
    """A complex relaxed at the level from its label geometry, or searched for, or the `failure` of that.

    `gained_kcal_mol` is how far its energy fell: that of the level, or on the surface that is searched. `geometry_xyz`
    is the minimum as extended XYZ. What is searched for has no gradients of the level.
    """

    key: str
    name: str
    gradients: int | None = None
    gradient_max_hartree_bohr: float | None = None
    gained_kcal_mol: float | None = None
    geometry_xyz: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class FinalistRow:
    """A finalist in one shortlist: its value on label geometries and on those relaxed at the level or searched for.

    `complexes` are those whose labels are in the value. `after` is absent where one of them, or what it is counted
    from, failed, as `reason` then says. `key` is that of the first complex.
    """

    key: str
    name: str
    smiles: str
    before: Estimated
    rank_before: int
    after: Estimated | None
    rank_after: int | None
    complexes: tuple[FinalistComplex, ...]
    reason: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def gradients(self) -> tuple[int, ...]:
        """Return how many gradients each of its complexes took."""
        return tuple(each.gradients for each in self.complexes if each.gradients is not None)

    @property
    def gained_kcal_mol(self) -> tuple[float, ...]:
        """Return how far the energy of each of its complexes fell."""
        return tuple(each.gained_kcal_mol for each in self.complexes if each.gained_kcal_mol is not None)

    @property
    def gradient_max_hartree_bohr(self) -> float | None:
        """Return the largest component of the last gradients of its complexes, None where none was relaxed."""
        found = [each.gradient_max_hartree_bohr for each in self.complexes]
        return max((slope for slope in found if slope is not None), default=None)


@dataclass(frozen=True)
class Shortlist:
    """The finalists of one ranking, in the order of their labels; `quantity` is what they are ranked by, in `unit`.

    `spearman` is the rank correlation of the values before and after, None for fewer than three. They were relaxed at
    the level, or `searched` for.
    """

    group: str
    quantity: str
    unit: str
    rows: tuple[FinalistRow, ...]
    spearman: float | None = None
    searched: bool = False

    @property
    def title(self) -> str:
        """Return what was done."""
        return "finalists labelled again on searched geometries" if self.searched else "finalists relaxed at the level"

    @property
    def note(self) -> str:
        """Return what a reader has to know."""
        return _CONFIRMED_NOTE if self.searched else _RELAXED_NOTE

    @property
    def verdict(self) -> str:
        """Return in words what that did to the order."""
        known = [row for row in self.rows if row.rank_after is not None]
        moved = sum(row.rank_after != row.rank_before for row in known)
        done = "confirmed" if self.searched else "relaxed"
        told = f"{len(known)} of {len(self.rows)} {done}, {moved} with another rank"
        return told if self.spearman is None else f"{told}, Spearman {self.spearman:.2f}"


@dataclass(frozen=True)
class CampaignRecord:
    """A whole campaign, ready to be shown.

    `key` identifies it for ever, `name` is for people. `engines` maps a task to the engine that did
    it; `banner` is set when one of them is a fake and is shown loudly. `rows` are the candidates
    worth a look: every selected, labelled or failed one and the strongest predictions;
    `candidates` counts the whole space. `is_free` tells free energies from electronic ones. `why_groups` says why ranks
    end at a group, `why_exchange` why exchange energies of some groups are not compared either, or why there are none.
    `by_goals` are the ligands by the campaign's `goals`, best first; without an objective in the file there are none.
    `shortlists` are its finalists, where the file has them labelled again.
    `anchors` are what was measured beside what was computed in the campaign's way.
    `decisions` are what people decided about candidates; `reference` is how commands name the campaign.
    `learn_from` says whose labels it learned from beside its own, where there are some. `ended` says why it has ended,
    and what makes it go on. `labels_wanted` is its budget of labels. Without `finished_at_ms` it is not at its end,
    whether somebody drives it or not.
    """

    key: str
    name: str
    level: str
    candidates: int
    config_yaml: str
    started_at_ms: int
    finished_at_ms: int | None = None
    environment: dict[str, str] = field(default_factory=dict)
    engines: dict[str, str] = field(default_factory=dict)
    banner: str | None = None
    warnings: tuple[str, ...] = ()
    omissions: tuple[str, ...] = OMISSIONS
    is_free: bool = False
    rows: tuple[CandidateRow, ...] = ()
    rounds: tuple[RoundRecord, ...] = ()
    contraction: tuple[ContractionRow, ...] = ()
    selectivity: tuple[SelectivityRow, ...] = ()
    why_groups: tuple[str, ...] = ()
    why_exchange: tuple[str, ...] = ()
    goals: tuple[GoalRecord, ...] = ()
    by_goals: tuple[LigandRow, ...] = ()
    shortlists: tuple[Shortlist, ...] = ()
    anchors: AnchorsRecord = field(default_factory=AnchorsRecord)
    decisions: tuple[DecisionRow, ...] = ()
    proposed: tuple[ProposedRow, ...] = ()
    reference: str = ""
    learn_from: str = ""
    ended: str = ""
    labels_wanted: int | None = None

    def best_ligands_by_round(self, goal: int) -> dict[str, list[tuple[int, float]]]:
        """Return, group by group, the best label of a goal known after each round, as (round, value)."""
        sign = 1 if self.goals[goal].direction == "lower" else -1
        found: dict[str, list[tuple[int, float]]] = {}
        for row in self.by_goals:
            if row.round is not None and (label := row.labels[goal]) is not None:
                found.setdefault(row.group, []).append((row.round, label.value))
        numbers = [r.number for r in self.rounds if r.finished_at_ms is not None]
        curves = {}
        for group, labels in found.items():
            known = [(n, [value for r, value in labels if r <= n]) for n in numbers]
            curves[group] = [(n, sign * min(sign * v for v in values)) for n, values in known if values]
        return curves

    @property
    def exchange_note(self) -> str:
        """Return what a reader of its exchange energies and selectivities has to know; see docs/energies.md."""
        return _EXCHANGE_NOTE.format(_FREE if self.is_free else _ELECTRONIC)

    @property
    def selectivity_lines(self) -> tuple[tuple[SelectivityRow, ...], ...]:
        """Return the selectivities of each ligand against the first of its metals: all others follow from them."""
        lines: list[tuple[SelectivityRow, ...]] = []
        for rows in _by_ligand(self.selectivity):
            seconds: set[str] = set()
            for first in dict.fromkeys(row.first_metal for row in rows):
                line = tuple(row for row in rows if row.first_metal == first)
                if first not in seconds:
                    lines.append(line)
                seconds |= {row.second_metal for row in line}
        return tuple(lines)

    @property
    def goal_errors(self) -> dict[str, dict[str, float]]:
        """Return the newest errors of the goals, on ligands that were held out whole."""
        return next((found for round_ in reversed(self.rounds) if (found := round_.goal_errors)), {})

    @property
    def labels(self) -> int:
        """Return the number of labelled candidates."""
        # A magnet's label is no energy.
        return sum(row.dft_kcal_mol is not None or row.status == "labelled" for row in self.rows)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return every warning of a ligand in the tables once, in alphabetical order."""
        told = {warning for row in self.rows if row.status != "excluded" for warning in row.warnings}
        told |= {warning for row in self.contraction for warning in row.warnings}
        return tuple(sorted(told | {warning for row in self.selectivity for warning in row.warnings}))

    def best_by_round(self) -> dict[str, list[tuple[int, float]]]:
        """Return, group by group, the strongest label known after each round, as (round, kcal/mol)."""
        best: dict[str, list[tuple[int, float]]] = {}
        numbers = [r.number for r in self.rounds if r.finished_at_ms is not None]
        for group in dict.fromkeys(row.group for row in self.rows):
            labels = [
                (row.round, row.dft_kcal_mol)
                for row in self.rows
                if row.group == group and row.dft_kcal_mol is not None and row.round is not None
            ]
            curve = [(n, [energy for r, energy in labels if r <= n]) for n in numbers]
            if known := [(n, min(energies)) for n, energies in curve if energies]:
                best[group] = known
        return best


def _by_ligand(rows: tuple[SelectivityRow, ...]) -> list[list[SelectivityRow]]:
    found: dict[tuple[str, int, int | None, str], list[SelectivityRow]] = {}
    for row in rows:
        found.setdefault((row.smiles, row.ligands, row.waters, row.co_ligands), []).append(row)
    return list(found.values())
