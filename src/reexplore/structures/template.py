"""The template of a ligand and stoichiometry, and the label geometry of every metal put into it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.errors import CalculationFailed, Failure, FailureCode
from reexplore.structures.architector import architector_version, build_complexes
from reexplore.structures.exchange import exchange_metal
from reexplore.structures.geometry import Layout, Structure
from reexplore.structures.quality import QualityReport, check_complex, require
from reexplore.structures.relax import Relaxed, relax
from reexplore.structures.rotamers import ligand_starts, turned, turns


@dataclass(frozen=True)
class Rejection:
    """A start that did not pass: `stage` is `built` or `rotamer`; the energy is that of the relaxed structure."""

    stage: str
    code: str
    message: str
    energy_hartree: float | None = None


@dataclass(frozen=True)
class Template:
    """The lowest relaxed structure of a complex, and what else was tried.

    `energies_hartree` are those of all structures that passed, in the order in which they were tried.
    """

    structure: Structure
    energy_hartree: float
    builder: str
    quality: QualityReport
    candidates_built: int
    energies_hartree: tuple[float, ...]
    rejected: tuple[Rejection, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the template as JSON-ready values."""
        return {
            "extxyz": self.structure.to_extxyz(),
            "energy_hartree": self.energy_hartree,
            "builder": self.builder,
            "candidates_built": self.candidates_built,
            "energies_hartree": list(self.energies_hartree),
            "rejected": [asdict(r) for r in self.rejected],
        } | _sphere(self.quality)


@dataclass(frozen=True)
class LabelGeometry:
    """A relaxed complex that passed quality control."""

    relaxed: Relaxed
    quality: QualityReport

    def to_dict(self) -> dict[str, Any]:
        """Return the geometry as JSON-ready values."""
        return self.relaxed.to_dict() | _sphere(self.quality)


def build_template(candidate: Candidate, *, conformers: int, refine: int) -> Template:
    """Build a complex with Architector and return its lowest minimum that is still the complex asked for.

    Up to `conformers` structures are built; in their order they are relaxed (GFN2-xTB, ALPB water)
    until `refine` of them have passed quality control, and the lowest is tried with its side chains
    turned. Raises `CalculationFailed` with the last reason when none passes.
    """
    builder = architector_version()
    starts = build_complexes(candidate, conformers=conformers)
    return lowest_template(candidate, starts=starts, refine=refine, builder=builder)


def lowest_template(candidate: Candidate, *, starts: list[Structure], refine: int, builder: str) -> Template:
    """Relax `starts` in their order until `refine` have passed quality control, and return the lowest.

    The lowest is then tried with each of its side chains turned (`rotamers`), all ligands alike.
    """
    trial = _Trial(candidate)
    for start in starts:
        if len(trial.passed) == refine:
            break
        trial.relax(start, stage="built")
    if not trial.passed:
        last = trial.failures[-1]
        raise CalculationFailed(
            last.code,
            last.stage,
            f"none of {len(starts)} built structures became a template: {last.message}",
            rejected=[asdict(r) for r in trial.rejected],
        )
    first_atoms = ligand_starts(Layout.of(candidate))
    for turn in turns(candidate.ligand):
        trial.relax(turned(trial.best.structure, turn, first_atoms=first_atoms), stage="rotamer")
    return Template(
        trial.best.structure,
        trial.best.energy_hartree,
        builder,
        check_complex(trial.best.structure, candidate=candidate),
        len(starts),
        tuple(relaxed.energy_hartree for relaxed in trial.passed),
        tuple(trial.rejected),
    )


class _Trial:
    """What has been relaxed for one template so far."""

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        self.passed: list[Relaxed] = []
        self.rejected: list[Rejection] = []
        self.failures: list[Failure] = []

    @property
    def best(self) -> Relaxed:
        return min(self.passed, key=lambda relaxed: relaxed.energy_hartree)

    def relax(self, start: Structure, *, stage: str) -> None:
        """Relax one start and keep it, or the reason why not."""
        problems = check_complex(start, candidate=self._candidate).problems
        # Every other fault of a start is one that a relaxation can mend.
        broken = [p for p in problems if p.code is FailureCode.LIGAND_BROKEN]
        if broken:
            self._reject(broken[0], stage)
            return
        try:
            relaxed = relax(start)
        except CalculationFailed as failed:
            self._reject(failed.failure, stage)
            return
        report = check_complex(relaxed.structure, candidate=self._candidate)
        if report.ok:
            self.passed.append(relaxed)
        else:
            self._reject(report.problems[0], stage, relaxed.energy_hartree)

    def _reject(self, failure: Failure, stage: str, energy_hartree: float | None = None) -> None:
        self.rejected.append(Rejection(stage, failure.code.value, failure.message, energy_hartree))
        self.failures.append(failure)


def exchange_and_relax(template: Structure, *, candidate: Candidate) -> LabelGeometry:
    """Return the label geometry of a candidate: the template's lanthanum exchanged, relaxed and checked.

    Every metal starts from the lanthanum template, as in the published protocol, so that the order in
    which metals are computed cannot change a label. Raises `CalculationFailed`.
    """
    start = exchange_metal(template, layout=Layout.of(candidate), old=TEMPLATE_METAL, new=candidate.metal)
    relaxed = relax(start)
    report = check_complex(relaxed.structure, candidate=candidate)
    require(report)
    return LabelGeometry(relaxed, report)


def _sphere(quality: QualityReport) -> dict[str, Any]:
    return {
        "donor_distances_angstrom": list(quality.donor_distances_angstrom),
        "donor_spread_angstrom": quality.donor_spread_angstrom,
        "inchikey": quality.inchikey,
    }
