"""The search for a complex's lowest structure: starts of all builders, cheap energies first.

Every start is settled with the force field, judged, told apart and relaxed by GFN2-xTB for a few
gradients, which puts them in order; the best are taken to their minimum, from each of these the search
goes on to lower neighbours, and the lowest is kept with the energies of all it was chosen from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from reexplore.chemistry.candidates import Candidate
from reexplore.errors import CalculationFailed, Failure, FailureCode
from reexplore.structures.builders.base import find_builder
from reexplore.structures.conformers.duplicates import distinct
from reexplore.structures.conformers.neighbours import neighbours
from reexplore.structures.conformers.rotamers import turned, turns
from reexplore.structures.holding import NEWEST_CHECKS
from reexplore.structures.quality import QualityReport, check_complex
from reexplore.structures.search.crest import NAME as CREST
from reexplore.structures.structure import Structure, by_kind
from reexplore.structures.xtb.gfnff import NEWEST_FORCE_FIELD, settle
from reexplore.structures.xtb.relax import GRADIENT_NORM_HARTREE_BOHR, relax
from reexplore.structures.xtb.surfaces import GFN2_M, EnergySurface

#: A few gradients (six to eleven) take the strain of the force field away. Before them the order is useless: the
#: lowest structure of La(HOPO-H)(H2O)6 is 7 kcal/mol too high there, after them 0.1.
LOOSE_HARTREE_BOHR = 1e-2
#: Further than this above the lowest after it, none of 24 structures became the lowest: the order changed by up
#: to 2 kcal/mol. Around four ligands neighbours lead further down, so that this many are taken all the same.
_HOPELESS_KCAL_MOL = 4.0
_LEAST_RELAXED = 5
#: A neighbour this much above a minimum after a few gradients may still end below it: see the order's changes.
_PROMISING_KCAL_MOL = 2.0
#: So much lower has a neighbour to be, and so often the search goes on from one.
_LOWER_KCAL_MOL = 0.05
_MOST_MOVES = 6
#: Starts may end in one minimum; no more than this times the minima asked for are relaxed.
_MOST_RELAXED = 2

#: Minima this far above the lowest are kept as starts for other metals and second attempts.
RUNNER_UP_KCAL_MOL = 2.0
RUNNERS_UP = 2

_FORCE_FIELD = "force field"
#: Where a start comes from that no builder has made.
FROM_FILE = "file"


@dataclass(frozen=True, eq=False)
class Start:
    """An unrelaxed structure and the builder it came from, or `FROM_FILE`."""

    structure: Structure
    builder: str


@dataclass(frozen=True)
class Minimum:
    """A relaxed structure that passed quality control; `relative_kcal_mol` is its energy above the lowest."""

    builder: str
    energy_hartree: float
    relative_kcal_mol: float
    steps: int


@dataclass(frozen=True)
class Rejection:
    """A start, or a neighbour of a minimum (stage `move`), that did not pass; `count` were rejected alike."""

    builder: str
    stage: str
    code: str
    count: int
    message: str


@dataclass(frozen=True, eq=False)
class Template:
    """The lowest relaxed structure of a complex, and what else was tried.

    `runners_up` are the next distinct minima within `RUNNER_UP_KCAL_MOL`, lowest first. `starts`
    counts the structures of each builder, `distinct` those that were different after the force field.
    """

    structure: Structure
    energy_hartree: float
    builder: str
    quality: QualityReport
    runners_up: tuple[Structure, ...]
    minima: tuple[Minimum, ...]
    rejected: tuple[Rejection, ...]
    starts: dict[str, int]
    distinct: int

    def to_dict(self) -> dict[str, Any]:
        """Return the template as JSON-ready values."""
        return {
            "extxyz": self.structure.to_extxyz(),
            "energy_hartree": self.energy_hartree,
            "builder": self.builder,
            "runners_up": [structure.to_extxyz() for structure in self.runners_up],
            "minima": [asdict(minimum) for minimum in self.minima],
            "rejected": [asdict(rejection) for rejection in self.rejected],
            "starts": self.starts,
            "distinct": self.distinct,
        } | self.quality.sphere()


def lowest_template(
    candidate: Candidate,
    *,
    starts: Sequence[Start],
    refine: int,
    surface: EnergySurface = GFN2_M,
    checks: int = NEWEST_CHECKS,
    force_field: int = NEWEST_FORCE_FIELD,
    explore: Callable[[Structure], list[Structure]] | None = None,
) -> Template:
    """Return the lowest of `refine` distinct minima, relaxed from the most promising of `starts`, and their neighbours.

    Architector's starts are enriched with their side chains turned (`rotamers`). From each minimum that is not
    hopeless the search moves to its lowest neighbour (`moves`) as long as that is lower. `explore` (CREST) may find
    more from the lowest; its best `refine` are relaxed too. Structures in which more atoms hold the metal than were
    named are another mode of binding and are kept apart, unless there is nothing else. Raises `CalculationFailed`
    with the last reason when no start leads to the complex that was asked for.
    """
    funnel = _Funnel(candidate, checks, surface, force_field)
    pool = [*starts, *_turned(starts, candidate)]
    settled = funnel.distinct(funnel.each(_FORCE_FIELD, pool, funnel.settle))
    loose = funnel.each("loose relaxation", settled, funnel.relax_loosely)
    minima = _minima(funnel, loose, refine)
    if not minima and funnel.aside:
        # No structure is held by the named donors alone: the lowest of the others, with its warning, is what there is.
        minima = _minima(funnel, funnel.taken_in(), refine)
    if not minima:
        last = funnel.last
        raise CalculationFailed(
            last.code,
            last.stage,
            f"none of {len(pool)} starts became {candidate.name}: {last.message}",
            rejected=[asdict(r) for r in funnel.rejected],
        )
    minima = _moved(funnel, minima)
    if explore is not None:
        found = funnel.explored(explore, minima[0].structure)[:refine]
        minima = funnel.distinct(minima + funnel.each("relaxation", found, funnel.relax))
    best = minima[0]
    above = [_kcal_mol(m.energy_hartree - best.energy_hartree) for m in minima]
    near = [m.structure for m, e in zip(minima[1:], above[1:], strict=True) if e < RUNNER_UP_KCAL_MOL]
    return Template(
        structure=best.structure,
        energy_hartree=best.energy_hartree,
        builder=best.builder,
        quality=check_complex(best.structure, candidate=candidate, checks=checks),
        runners_up=tuple(near[:RUNNERS_UP]),
        minima=tuple(Minimum(m.builder, m.energy_hartree, e, m.steps) for m, e in zip(minima, above, strict=True)),
        rejected=funnel.rejected,
        starts=dict(Counter(start.builder for start in starts)),
        distinct=len(settled),
    )


@dataclass(frozen=True, eq=False)
class _Ranked:
    """A structure with its energy, of the force field or of GFN2-xTB."""

    structure: Structure
    builder: str
    energy_hartree: float
    steps: int = 0


_Input = TypeVar("_Input", Start, _Ranked)


class _Funnel:
    """Takes structures through one stage after the other and remembers who was left behind."""

    def __init__(self, candidate: Candidate, checks: int, surface: EnergySurface, force_field: int) -> None:
        self.candidate, self._checks = candidate, checks
        self._surface, self._force_field = surface, force_field
        self._apart = True
        #: Structures in which other atoms than the named ones hold the metal as well.
        self.aside: list[_Ranked] = []
        self._failures: list[tuple[str, str, Failure]] = []

    def settle(self, start: Start) -> _Ranked:
        """Return a start at its minimum of the force field."""
        settled = settle(start.structure, candidate=self.candidate, force_field=self._force_field)
        return _Ranked(settled.structure, start.builder, settled.energy_hartree)

    def relax(self, entry: _Ranked, *, norm: float = GRADIENT_NORM_HARTREE_BOHR) -> _Ranked:
        """Return a structure at its minimum of the surface."""
        relaxed = relax(entry.structure, surface=self._surface, gradient_norm_hartree_bohr=norm)
        return _Ranked(relaxed.structure, entry.builder, relaxed.energy_hartree, relaxed.steps)

    def relax_loosely(self, entry: _Ranked) -> _Ranked:
        """Return a structure after the few gradients that take the strain of the force field away."""
        return self.relax(entry, norm=LOOSE_HARTREE_BOHR)

    def each(self, stage: str, entries: Sequence[_Input], work: Callable[[_Input], _Ranked]) -> list[_Ranked]:
        """Return what `work` makes of the entries, those that fail or are no longer the complex left out."""
        passed = []
        for entry in entries:
            try:
                result = work(entry)
            except CalculationFailed as failed:
                self._failures.append((entry.builder, stage, failed.failure))
                continue
            report = check_complex(result.structure, candidate=self.candidate, checks=self._checks)
            if report.problems:
                self._failures.append((entry.builder, stage, report.problems[0]))
            elif report.warnings and self._apart and stage != _FORCE_FIELD:
                # The force field does not tell modes of binding apart.
                self._failures.append((entry.builder, stage, report.warnings[0]))
                self.aside.append(result)
            else:
                passed.append(result)
        return passed

    def taken_in(self) -> list[_Ranked]:
        """Return what was kept apart, and keep nothing apart from now on."""
        self._apart = False
        return self.aside

    def explored(self, explore: Callable[[Structure], list[Structure]], lowest: Structure) -> list[_Ranked]:
        """Return what CREST finds from the lowest structure; nothing when it fails, which is remembered."""
        try:
            return [_Ranked(structure, CREST, 0.0) for structure in explore(lowest)]
        except CalculationFailed as failed:
            self._failures.append((CREST, failed.failure.stage, failed.failure))
            return []

    def distinct(self, entries: Sequence[_Ranked]) -> list[_Ranked]:
        """Return the entries that differ from each other, lowest energy first."""
        kept = distinct([e.structure for e in entries], [e.energy_hartree for e in entries], self.candidate)
        return [entries[k] for k in kept]

    @property
    def last(self) -> Failure:
        """Return the last failure."""
        return self._failures[-1][2]

    @property
    def rejected(self) -> tuple[Rejection, ...]:
        """Return all failures, equal ones once with their number and the last message."""
        grouped: dict[tuple[str, str, FailureCode], list[str]] = {}
        for builder, stage, failure in self._failures:
            grouped.setdefault((builder, stage, failure.code), []).append(failure.message)
        return tuple(
            Rejection(builder, stage, code.value, len(messages), messages[-1])
            for (builder, stage, code), messages in grouped.items()
        )


def _minima(funnel: _Funnel, loose: list[_Ranked], refine: int) -> list[_Ranked]:
    """Return up to `refine` distinct minima that the most promising structures lead to, lowest first."""
    ranked = funnel.distinct(loose)
    promising = ranked[: max(len(_hopeful(ranked)), _LEAST_RELAXED)]
    minima: list[_Ranked] = []
    for entry in promising[: _MOST_RELAXED * refine]:
        if len(minima) == refine:
            break
        minima = funnel.distinct(minima + funnel.each("relaxation", [entry], funnel.relax))
    return minima


def _moved(funnel: _Funnel, minima: list[_Ranked]) -> list[_Ranked]:
    """Return the minima with those that ever lower neighbours lead to from each of them, lowest first."""
    for minimum in _hopeful(minima):
        at = minimum
        for _ in range(_MOST_MOVES):
            lower = _lower_neighbour(funnel, at)
            if lower is None:
                break
            minima = funnel.distinct([*minima, lower])
            if lower not in minima:
                # The way from another minimum has led here before.
                break
            at = lower
    return minima


def _lower_neighbour(funnel: _Funnel, minimum: _Ranked) -> _Ranked | None:
    starts = [Start(structure, minimum.builder) for structure in neighbours(minimum.structure, funnel.candidate)]
    settled = funnel.each("move", starts, funnel.settle)
    loose = funnel.each("move", settled, funnel.relax_loosely)
    best = min(loose, key=lambda entry: entry.energy_hartree, default=None)
    if best is None or _kcal_mol(best.energy_hartree - minimum.energy_hartree) > _PROMISING_KCAL_MOL:
        return None
    found = funnel.each("move", [best], funnel.relax)
    lower = (f for f in found if _kcal_mol(f.energy_hartree - minimum.energy_hartree) < -_LOWER_KCAL_MOL)
    return next(lower, None)


def _hopeful(entries: list[_Ranked]) -> list[_Ranked]:
    """Return those of the entries, lowest first, that are not hopelessly far above the first."""
    return [e for e in entries if _kcal_mol(e.energy_hartree - entries[0].energy_hartree) < _HOPELESS_KCAL_MOL]


def _turned(starts: Sequence[Start], candidate: Candidate) -> list[Start]:
    """Return every start with each side chain turned, where its builder has not sampled them."""
    return [
        Start(turned(start.structure, turn, first_atoms=[place[0] for place in places]), start.builder)
        for start in starts
        if start.builder == FROM_FILE or not find_builder(start.builder).turns_side_chains
        for ligand, places in by_kind(candidate)
        for turn in turns(ligand)
    ]


def _kcal_mol(energy_hartree: float) -> float:
    from ase.units import Hartree, kcal, mol

    return float(energy_hartree * Hartree / (kcal / mol))
