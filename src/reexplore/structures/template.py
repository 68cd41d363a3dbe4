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


@dataclass(frozen=True)
class Rejection:
    """A structure that did not become the template: at which stage, why, and its energy if it has one."""

    stage: str
    code: str
    message: str
    energy_hartree: float | None = None


@dataclass(frozen=True)
class Template:
    """The lowest relaxed structure of a complex, and what else was tried."""

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
    until `refine` of them have passed quality control. Raises `CalculationFailed` with the most
    advanced reason when none does.
    """
    builder = architector_version()
    starts = build_complexes(candidate, conformers=conformers)
    return lowest_template(candidate, starts=starts, refine=refine, builder=builder)


def lowest_template(candidate: Candidate, *, starts: list[Structure], refine: int, builder: str) -> Template:
    """Relax `starts` in their order until `refine` have passed quality control, and return the lowest."""
    rejected: list[Rejection] = []
    failures: list[Failure] = []
    passed: list[tuple[Relaxed, QualityReport]] = []
    for start in starts:
        if len(passed) == refine:
            break
        broken = [p for p in check_complex(start, candidate=candidate).problems if p.code is FailureCode.LIGAND_BROKEN]
        if broken:
            # Every other fault of a built structure is one that a relaxation can mend.
            rejected.append(Rejection("build", broken[0].code.value, broken[0].message))
            failures.insert(0, broken[0])
            continue
        try:
            relaxed = relax(start)
        except CalculationFailed as failed:
            failure = failed.failure
            rejected.append(Rejection(failure.stage, failure.code.value, failure.message))
            failures.append(failure)
            continue
        report = check_complex(relaxed.structure, candidate=candidate)
        if report.ok:
            passed.append((relaxed, report))
        else:
            problem = report.problems[0]
            rejected.append(Rejection(problem.stage, problem.code.value, problem.message, relaxed.energy_hartree))
            failures.append(problem)
    if not passed:
        last = failures[-1]
        raise CalculationFailed(
            last.code,
            last.stage,
            f"none of {len(starts)} built structures became a template: {last.message}",
            rejected=[asdict(r) for r in rejected],
        )
    passed.sort(key=lambda pair: pair[0].energy_hartree)
    best, quality = passed[0]
    return Template(
        best.structure,
        best.energy_hartree,
        builder,
        quality,
        len(starts),
        tuple(relaxed.energy_hartree for relaxed, _ in passed),
        tuple(rejected),
    )


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
