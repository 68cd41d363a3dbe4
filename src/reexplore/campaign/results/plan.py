"""What a campaign will cost, said before the first task."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from rich import box
from rich.table import Table

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.declaration.space import Counted, count_excluded
from reexplore.campaign.results.prices import (
    CARD_BASIS,
    COMPLEX_GRADIENTS,
    SMALL_GRADIENTS,
    TEACHER_S,
    Cards,
    Price,
    Prices,
)
from reexplore.campaign.steps.borrowing import to_borrow
from reexplore.campaign.steps.groundwork import groundwork_size
from reexplore.chemistry.acidity import REFERENCE_ACIDS, sites
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.space import Space
from reexplore.config import TheoryEntry
from reexplore.proposals.asked import ASK_A_GENERATOR
from reexplore.structures.bipyramid import STARTS
from reexplore.structures.structure import Layout
from reexplore.surrogate.base import seen_by
from reexplore.surrogate.known import SURROGATES

#: Ligands assembled to estimate the size of all.
_SAMPLE = 64

# Measured on one core of a 2.6 GHz server processor; see docs/validation/structures.md and docs/validation/learning.md.
#: Architector starts, and each structure of a ligand of one or two donors, or of more.
_ARCHITECTOR_S, _ARCHITECTOR_S_EACH, _ARCHITECTOR_S_EACH_MORE_DONORS = 6.0, 5.0, 40.0
_GRADIENT_S_AT_40_ATOMS = 0.02
_GRADIENT_POWER = 2.5
#: Force field, GFN2-xTB energy and a share of the loose relaxations for each start, in gradients.
_RANKING_GRADIENTS = 15
#: A minimum and its neighbours.
_TEMPLATE_CYCLES = 350
#: An aqua ion; lanthanum's has its template beside it.
_AQUO_ATOMS = 25
_REFERENCE_ACID_ATOMS = 11
#: The template and one of its runners-up.
_EXCHANGE_CYCLES = 80
#: All starts of a bipyramid together.
_BIPYRAMID_GRADIENTS = 320
#: A round of proposals from twenty labels (screened; bred takes half), and a string of a generator's epoch.
_PROPOSING_S, _STRING_S = 7.0, 0.0032
#: Aliphatic ligands, docs/magnets.md; aromatic ones take twice as long.
_GAP_S_AT_40_ATOMS, _GAP_POWER = 45.0, 1.8
_LIGAND_CYCLES = 40
#: Six of each atom's displacements; one complex in twelve goes on downhill and is looked at again.
_VIBRATION_GRADIENTS_PER_ATOM = 8
_TRAINING_S = 10.0
_TRAINING_S_PER_LABEL = 0.04
_SCREENING_S = 4e-4
#: Of a complex and its ligand.
_GROUNDWORK_S = 0.2
#: Without a geometry: 18.0 CPU-s for a million candidates (docs/validation/learning.md).
_WITHOUT_GEOMETRY_S = 1.8e-5


@dataclass(frozen=True)
class Stage:
    """One kind of work: how many tasks, and what one is expected to cost on one core.

    `gpu_seconds_each` is for how much of that time it holds a graphics card as well.
    """

    name: str
    tasks: int
    seconds_each: float
    basis: str
    gpu_seconds_each: float = 0.0

    @property
    def core_hours(self) -> float:
        """Return the expected cost of the stage."""
        return self.tasks * self.seconds_each / 3600

    @property
    def gpu_hours(self) -> float:
        """Return for how long the stage is expected to hold a card."""
        return self.tasks * self.gpu_seconds_each / 3600


@dataclass(frozen=True)
class Plan:
    """The size of a campaign."""

    arithmetic: str
    candidates: int
    ligands: int
    templates: int
    labels: int
    stages: tuple[Stage, ...]
    counted: Counted | None = None
    #: Whose labels it learns from beside its own, where its file asks for some.
    learn_from: str = ""

    @property
    def core_hours(self) -> float:
        """Return the expected cost of all stages."""
        return sum(stage.core_hours for stage in self.stages)

    @property
    def gpu_hours(self) -> float:
        """Return how many hours of a card all stages are expected to take."""
        return sum(stage.gpu_hours for stage in self.stages)


def plan_campaign(setup: Setup) -> Plan:
    """Return the plan; nothing is built, and only a sample of ligands is assembled."""
    space, budget, theory = setup.space, setup.file.budget, setup.file.theory
    counted = count_excluded(space, setup.rules) if setup.rules.rules else None
    # Of a very large space the share among those that were looked at.
    share = counted.left / counted.ligands if counted else 1.0
    size = round(share * space.size)
    labels = min(budget.labels, size)
    # One for each bare scaffold, to graft the pool on, and one for each ligand that is labelled.
    # A model that sees ligands needs none, unless it leans on energies; labels in series do, as far as they go.
    entry, sees = setup.file.surrogate, seen_by(SURROGATES.find(setup.file.surrogate.model)[0])
    bare = len(space.scaffolds) * len(space.coordinations)
    if sees == "ligand" and not groundwork_size(setup):
        bare = min(bare, labels) if theory.geometry == "series" else 0
    # A listed ligand is grafted on nothing: its own template serves both.
    filled = space.ligand_count - len(space.listed)
    # With an objective a ligand is labelled with several metals on one template.
    chosen = labels // setup.goals.unit_size
    # Where the waters are open the complexes of several numbers are computed for one label.
    sample = list(_sample(setup))
    each = sum(len(candidate.settled) for candidate in sample) / len(sample)
    # In series the bare scaffolds' are all there are.
    searched = 0 if theory.geometry == "series" else min(chosen, filled * len(space.coordinations))
    templates = bare + round(each * searched)
    rounds = 1 + math.ceil(max(0, labels - budget.seed_labels) / budget.batch)
    ligands = min(chosen, round(share * space.ligand_count))
    atoms, ligand_atoms = _mean_atoms(sample)
    gradient = _GRADIENT_S_AT_40_ATOMS * (atoms / 40) ** _GRADIENT_POWER
    ligand_gradient = _GRADIENT_S_AT_40_ATOMS * (ligand_atoms / 40) ** _GRADIENT_POWER
    cards = Cards.of(setup)
    prices, level = Prices.of(setup, cards), setup.level.name
    metals = len(space.metals) if setup.goals else min(len(space.metals), labels)
    # Of free energies the aqua ions of eight and of nine waters are compared.
    ions = metals * (2 if setup.goals.needs_thermal_terms and theory.aqua_waters == "auto" else 1)
    sketch = theory.sketch
    others = to_borrow(setup)
    training = _TRAINING_S + _TRAINING_S_PER_LABEL * (labels / 2 + (len(others.samples) if others else 0))
    about = f"{atoms:.0f} atoms on average"
    if setup.goals.learns_gap:
        stages = _magnet_stages(labels=labels, atoms=atoms, gradient_s=gradient)
        stages = (*stages, *_proposing_stages(setup, rounds))
        return Plan(space.arithmetic(), space.size, space.ligand_count, 0, labels, stages, counted)
    grafted = 0 if sees == "ligand" else size if entry.graft is None else min(entry.graft, size)
    each_s = _SCREENING_S * grafted / size + (_WITHOUT_GEOMETRY_S if grafted < size else 0.0)
    prediction = _TRAINING_S + each_s * size / 2
    stages = (
        Stage(
            "templates" if not sketch else "templates (sketch)",
            # Those of lanthanum's aqua ion are small.
            templates + 1,
            TEACHER_S if sketch else _template_s(theory, space, gradient),
            _template_basis(theory, space, about),
        ),
        Stage(
            "metal exchange" if not sketch else "metal exchange (none)",
            round(each * labels) + ions,
            TEACHER_S if sketch else _EXCHANGE_CYCLES * gradient,
            f"GFN2-xTB: {_EXCHANGE_CYCLES} gradients of {gradient:.2f} s",
        ),
        Stage(
            "free ligands" if not sketch else "free ligands (RDKit)",
            ligands + len(space.co_ligands),
            TEACHER_S if sketch else theory.ligand_conformers * _LIGAND_CYCLES * ligand_gradient,
            f"GFN2-xTB: {theory.ligand_conformers} conformers each",
        ),
        *_vibration_stages(setup, complexes=round(each * labels) + ions, atoms=atoms, gradient_s=gradient),
        _energies("complexes", round(each * labels), prices.energy(atoms), about, level=level),
        *_protonation_stages(setup, prices, ligands=ligands, ligand_atoms=ligand_atoms),
        *_organic_stages(setup, prices, labels=labels, ligands=ligands, atoms=atoms, ligand_atoms=ligand_atoms),
        _energies("aqua ions", ions, prices.energy(_AQUO_ATOMS), "one a metal, for the exchange scale", level=level),
        _energies(
            "fragments",
            ligands + len(space.co_ligands) + metals + 1,
            prices.energy(ligand_atoms),
            "ligands, ions, water; each once",
            level=level,
        ),
        *_groundwork_stages(setup),
        Stage(
            "training",
            rounds * setup.file.surrogate.members,
            training,
            f"{setup.file.surrogate.model}: {rounds} rounds × {setup.file.surrogate.members} members",
            training if cards.train else 0.0,
        ),
        Stage(
            "prediction, choice",
            2 * rounds,
            prediction,
            f"{setup.file.surrogate.model}, BoTorch; {1000 * each_s:.2g} ms a candidate",
            # Every second of them predicts.
            prediction / 2 if cards.predict else 0.0,
        ),
        *_proposing_stages(setup, rounds),
        *_finalist_stages(setup, prices, labels=labels, atoms=atoms, ligand_atoms=ligand_atoms),
        *_confirmed_stages(setup, prices, labels=labels, atoms=atoms, gradient_s=gradient),
    )
    told = others.told if others else ""
    return Plan(space.arithmetic(), space.size, space.ligand_count, templates, labels, stages, counted, told)


def _magnet_stages(*, labels: int, atoms: float, gradient_s: float) -> tuple[Stage, ...]:
    """Return what the labels of magnets take; learning from ligands alone is little beside them."""
    gap_s = _GAP_S_AT_40_ATOMS * (atoms / 40) ** _GAP_POWER
    starts = f"{_BIPYRAMID_GRADIENTS} gradients of {gradient_s:.2f} s in {STARTS} starts"
    return (
        Stage("bipyramids", labels, _BIPYRAMID_GRADIENTS * gradient_s, starts),
        Stage("Kramers gaps", labels, gap_s, f"{atoms:.0f} atoms on average"),
    )


def _proposing_stages(setup: Setup, rounds: int) -> Iterator[Stage]:
    """Yield what proposed ligands take: to make them, not to label them, which the budget limits."""
    asked = setup.file.space.propose
    if asked is None:
        return
    yield Stage("proposals", rounds, _PROPOSING_S, f"up to {asked.each_round} ligands join each round: {asked.by}")
    if asked.by in ASK_A_GENERATOR:
        entry = asked.generator
        passes = entry.epochs + (rounds - 1) * entry.refine_epochs
        basis = f"{entry.strings:,} strings, {entry.epochs} epochs, then {entry.refine_epochs} each round"
        yield Stage("generator", rounds, passes * entry.strings * _STRING_S / rounds, basis)


def _energies(what: str, tasks: int, price: Price, basis: str, *, level: str) -> Stage:
    return Stage(f"{what} at {level}", tasks, price.core_s, basis, price.gpu_s)


def _groundwork_stages(setup: Setup) -> Iterator[Stage]:
    """Yield the GFN2-xTB energies that the models lean on, where they do."""
    count = min(groundwork_size(setup), setup.space.size)
    if count and setup.ligands is None:
        yield Stage("groundwork", count, _GROUNDWORK_S, "GFN2-xTB energies on screening geometries, once")


def _organic_stages(
    setup: Setup, prices: Prices, *, labels: int, ligands: int, atoms: float, ligand_atoms: float
) -> Iterator[Stage]:
    """Yield the energies in the second solvent, where the file names one."""
    if (level := setup.organic_level) is not None:
        yield _energies("complexes", labels, prices.energy(atoms), "on the same geometries", level=level.name)
        yield _energies("ligands", ligands, prices.energy(ligand_atoms), "each once", level=level.name)


def _protonation_stages(setup: Setup, prices: Prices, *, ligands: int, ligand_atoms: float) -> Iterator[Stage]:
    """Yield the protonation states of ligands without given pKa, and the reference acids, which are small."""
    at_ph = setup.at_ph
    if at_ph is None:
        return
    sample = {candidate.ligand for candidate in _sample(setup)}
    unknown = [ligand for ligand in sample if ligand.identity not in at_ph.pka]
    if states := sum(len(sites(ligand)) for ligand in unknown):
        count = round(ligands * states / len(sample))
        price, level = prices.energy(ligand_atoms), setup.level.name
        yield _energies("protonation states", count, price, "of ligands without pKa, each once", level=level)
        price = prices.energy(_REFERENCE_ACID_ATOMS)
        yield _energies("reference acids", 2 * len(REFERENCE_ACIDS), price, "once a workspace", level=level)


def _vibration_stages(setup: Setup, *, complexes: int, atoms: float, gradient_s: float) -> Iterator[Stage]:
    """Yield what the vibrations of free energies take; those of free molecules are small beside them."""
    if setup.goals.needs_thermal_terms:
        gradients = round(_VIBRATION_GRADIENTS_PER_ATOM * atoms)
        yield Stage("vibrations", complexes, gradients * gradient_s, f"{gradients} gradients of {gradient_s:.2f} s")


def _finalists(setup: Setup, count: int, labels: int) -> tuple[int, int]:
    """Return about how many rankings there are, and how many finalists the best `count` of each are."""
    goals = setup.goals
    groups = len({candidate.group for candidate in _sample(setup)}) * (1 if goals else len(setup.space.metals))
    rankings = groups * (len(goals.goals) or 1)
    return rankings, min(labels, count * rankings * goals.unit_size)


def _confirmed_stages(setup: Setup, prices: Prices, *, labels: int, atoms: float, gradient_s: float) -> Iterator[Stage]:
    """Yield what the search for the best of a series takes, where the file asks for it."""
    theory, space = setup.file.theory, setup.space
    if theory.confirm is None:
        return
    rankings, finalists = _finalists(setup, theory.confirm, labels)
    searched_s = TEACHER_S if theory.sketch else _template_s(theory, space, gradient_s) + _EXCHANGE_CYCLES * gradient_s
    basis = f"the best {theory.confirm} of each of about {rankings} rankings; a template and an exchange each"
    yield Stage("finalists, searched", finalists, searched_s, basis)
    yield _energies(
        "finalists", finalists, prices.energy(atoms), f"{atoms:.0f} atoms on average", level=setup.level.name
    )


def _finalist_stages(
    setup: Setup, prices: Prices, *, labels: int, atoms: float, ligand_atoms: float
) -> Iterator[Stage]:
    """Yield what relaxing the finalists at the level takes, where the file asks for it."""
    theory, level, goals = setup.file.theory, setup.level.name, setup.goals
    if theory.relax is None:
        return
    rankings, finalists = _finalists(setup, theory.finalists, labels)
    fragments = min(len(setup.space.metals), finalists) + math.ceil(finalists / goals.unit_size) + 1
    price = prices.relaxation(atoms, COMPLEX_GRADIENTS)
    yield Stage(
        "finalists, relaxed",
        finalists,
        price.core_s,
        f"the best {theory.finalists} of each of about {rankings} rankings; {COMPLEX_GRADIENTS} gradients",
        price.gpu_s,
    )
    price = prices.relaxation(max(_AQUO_ATOMS, ligand_atoms), SMALL_GRADIENTS)
    yield Stage(
        "their fragments, relaxed",
        fragments,
        price.core_s,
        f"aqua ions, ligands, water; {SMALL_GRADIENTS} gradients",
        price.gpu_s,
    )
    yield _energies(
        "finalists again", finalists + fragments, prices.energy(atoms), "on relaxed geometries", level=level
    )


def plan_record(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON-ready values."""
    stages = [asdict(s) | {"core_hours": s.core_hours, "gpu_hours": s.gpu_hours} for s in plan.stages]
    totals: dict[str, Any] = {"templates": plan.templates, "labels": plan.labels}
    totals |= {"core_hours": plan.core_hours, "gpu_hours": plan.gpu_hours}
    totals |= {"gpu_basis": CARD_BASIS} if plan.gpu_hours else {}
    totals |= {"learn_from": plan.learn_from} if plan.learn_from else {}
    return totals | {"stages": stages, "constraints": plan.counted.excluded if plan.counted else {}}


def constraint_table(counted: Counted, *, of: int) -> Table:
    """Return what the constraints leave out, one after the other, as a table; `of` is how many ligands there are."""
    title = "Constraints" if counted.ligands == of else f"Constraints, of the first {counted.ligands:,} ligands"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("constraint", "leaves out", "left"):
        table.add_column(heading, justify="left" if heading == "constraint" else "right")
    left = counted.ligands
    for name, count in counted.excluded.items():
        left -= count
        table.add_row(name, f"{count:,}", f"{left:,}")
    return table


def plan_table(plan: Plan, *, workers: int | None) -> Table:
    """Return the plan as a table for the terminal; `workers` is None where nobody knows how many there will be."""
    table = Table(
        title="Expected work, one core a task",
        caption=f"GPU-hours: {CARD_BASIS}" if plan.gpu_hours else None,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    on_cards = plan.gpu_hours > 0
    numbers = ("tasks", "s each", "core-hours", *(("GPU-hours",) if on_cards else ()))
    table.add_column("stage", no_wrap=True)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("basis")
    for stage in plan.stages:
        gpu = [f"{stage.gpu_hours:.2f}"] if on_cards else []
        costs = (f"{stage.tasks:,}", f"{stage.seconds_each:.0f}", f"{stage.core_hours:.2f}", *gpu)
        table.add_row(stage.name, *costs, stage.basis)
    table.add_section()
    hours = plan.core_hours
    duration = "" if workers is None else f"about {hours / workers:.1f} h on {workers} workers"
    table.add_row("all", "", "", f"{hours:.1f}", *([f"{plan.gpu_hours:.1f}"] if on_cards else []), duration)
    return table


def _template_basis(theory: TheoryEntry, space: Space, about: str) -> str:
    starts = " + ".join(f"{count} {name}" for name, count in theory.starts.items())
    basis = "sketch" if theory.sketch else f"{starts} starts, {theory.refine} relaxed, {about}"
    basis += "; series: of bare scaffolds only" if theory.geometry == "series" else ""
    return basis + (f"; one for each of {len(space.listed):,} listed ligands" if space.listed else "")


def _template_s(theory: TheoryEntry, space: Space, gradient_s: float) -> float:
    architector = theory.starts.get("architector", 0)
    costs = [_ARCHITECTOR_S_EACH if s.denticity <= 2 else _ARCHITECTOR_S_EACH_MORE_DONORS for s in space.scaffolds]
    building = _ARCHITECTOR_S + architector * sum(costs) / len(costs) if architector else 0.0
    ranking = sum(theory.starts.values()) * _RANKING_GRADIENTS * gradient_s
    return building + ranking + theory.refine * _TEMPLATE_CYCLES * gradient_s


def _sample(setup: Setup) -> Iterator[Candidate]:
    metal = setup.space.metals[0]
    for ligand in islice(setup.space.ligands(), _SAMPLE):
        for coordination in setup.space.coordinations:
            yield coordination.of(ligand, metal)


def _mean_atoms(candidates: Iterable[Candidate]) -> tuple[float, float]:
    layouts = [Layout.of(candidate) for candidate in candidates]
    return (
        sum(len(layout) for layout in layouts) / len(layouts),
        sum(layout.sizes[0] for layout in layouts) / len(layouts),
    )
