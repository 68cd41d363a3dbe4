"""The label geometry of a metal: the lanthanum templates with their metal exchanged, relaxed and judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.errors import CalculationFailed, Failure
from reexplore.structures.holding import NEWEST_CHECKS
from reexplore.structures.metal_exchange import NEWEST_CONTRACTION, exchange_metal
from reexplore.structures.quality import QualityReport, check_complex, require
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.relax import Relaxed, relax
from reexplore.structures.xtb.surfaces import GFN2_M, EnergySurface


@dataclass(frozen=True)
class LabelGeometry:
    """A relaxed complex that passed quality control.

    `template` counts from 0 which of the templates it came from; `energies_hartree` are those of all
    that passed, in the order of the templates, and `rejected` says what became of the others.
    """

    relaxed: Relaxed
    quality: QualityReport
    template: int
    energies_hartree: tuple[float, ...]
    rejected: tuple[Failure, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the geometry as JSON-ready values."""
        return (
            self.relaxed.to_dict()
            | self.quality.sphere()
            | {
                "template": self.template,
                "energies_hartree": list(self.energies_hartree),
                "rejected": [failure.to_dict() for failure in self.rejected],
            }
        )


def exchange_and_relax(
    templates: Sequence[Structure],
    *,
    candidate: Candidate,
    surface: EnergySurface = GFN2_M,
    contraction: int = NEWEST_CONTRACTION,
    checks: int = NEWEST_CHECKS,
) -> LabelGeometry:
    """Return the lowest geometry that relaxing each lanthanum template with the metal exchanged leads to.

    Which conformer is lowest may change along the series, and one that loses a water or a proton for a
    small ion has the next for a second attempt. Every metal starts from lanthanum, as in the published
    protocol, so that the order in which metals are computed cannot change a label. Raises
    `CalculationFailed` with the first reason when no template leads to the complex.
    """
    passed: list[tuple[int, Relaxed, QualityReport]] = []
    failures: list[Failure] = []
    for number, template in enumerate(templates):
        start = exchange_metal(
            template,
            layout=Layout.of(candidate),
            old=TEMPLATE_METAL,
            new=candidate.metal,
            contraction=contraction,
        )
        try:
            relaxed = relax(start, surface=surface)
            report = check_complex(relaxed.structure, candidate=candidate, checks=checks)
            require(report)
        except CalculationFailed as failed:
            failures.append(failed.failure)
        else:
            passed.append((number, relaxed, report))
    if not passed:
        raise CalculationFailed.of(failures[0])
    # A complex held by atoms that were not named is another one; it stands in only where there is none as asked.
    number, relaxed, report = min(passed, key=lambda entry: (len(entry[2].warnings), entry[1].energy_hartree))
    energies = tuple(entry[1].energy_hartree for entry in passed)
    return LabelGeometry(relaxed, report, number, energies, tuple(failures))
