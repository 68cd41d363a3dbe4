"""pKa from free energies, counted from acids of the same kind: HA + Ref⁻ → A⁻ + HRef."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from reexplore.chemistry.acidity import REFERENCE_ACIDS, ReferenceAcid, next_protons
from reexplore.chemistry.ligands import Ligand
from reexplore.energies.protons import KCAL_MOL_PER_LOG_UNIT
from reexplore.errors import RUN_ONLY, CalculationFailed, Failure

#: Fewer acids tell no error, of a kind and all together.
_FEWEST_OF_KIND, _FEWEST_ACIDS = 2, 3
#: A proton whose pKa is so far below the pH has left: those after it are not computed.
_LEFT_BELOW_PH = 3.0

#: The free energy of a molecule in kcal/mol by its identity, or why it has none.
FreeEnergies = Mapping[str, float | Failure]


@dataclass(frozen=True)
class ComputedPka:
    """A pKa that was computed, the kind of acid it is of, and what the reference acids of that kind are off by."""

    value: float
    kind: str
    error: float

    def __str__(self) -> str:
        """Return it as it is read."""
        return f"{self.value:.1f} ± {self.error:.1f} ({self.kind})".replace("-", "−")


@dataclass(frozen=True)
class Lost:
    """A reference acid that lost its proton with this free energy, G(base) − G(acid) without the proton."""

    acid: ReferenceAcid
    free_kcal_mol: float


@dataclass(frozen=True)
class Scales:
    """What lies between the free energy of losing a proton and the pKa, by kind of acid.

    pKa = `slope` ΔG/(RT ln 10) + offset of the kind. The slope is one for all kinds, fitted to the differences within
    them. It would be 1 if continuum and functional had anions right; near 0.5 it halves the error (J. J. Klicić et
    al., J. Phys. Chem. A 2002, 106, 1327, fit it kind by kind). `errors` are the root mean squares of what the acids of
    a kind are off by when each is left out of slope and offset.
    """

    slope: float
    offsets: Mapping[str, float]
    errors: Mapping[str, float]

    @classmethod
    def of(cls, lost: Sequence[Lost]) -> Scales:
        """Return the scales of some reference acids; kinds with fewer than two have none."""
        known = [each for each in lost if sum(each.acid.kind == other.acid.kind for other in lost) >= _FEWEST_OF_KIND]
        if len(known) < _FEWEST_ACIDS:
            return cls(math.nan, {}, {})
        slope, offsets = _fitted(known)
        off = left_out(known)
        errors = {kind: math.hypot(*each) / math.sqrt(len(each)) for kind, each in off.items()}
        return cls(slope, offsets, errors)

    @classmethod
    def of_references(cls, free: FreeEnergies) -> Scales:
        """Return them from the free energies of the reference acids; acids that have none are left out."""
        pairs = [(acid, free.get(acid.base.identity), free.get(acid.acid.identity)) for acid in REFERENCE_ACIDS]
        return cls.of(
            [Lost(acid, base - proton) for acid, base, proton in pairs if _is_known(base) and _is_known(proton)]
        )

    def pka(self, kind: str, free_kcal_mol: float) -> ComputedPka:
        """Return the pKa of an acid of a kind that loses its proton with ΔG."""
        value = self.slope * free_kcal_mol / KCAL_MOL_PER_LOG_UNIT + self.offsets[kind]
        return ComputedPka(value, kind, self.errors[kind])


def left_out(lost: Sequence[Lost]) -> dict[str, list[float]]:
    """Return what the pKa of each acid is off by that the others alone tell, by kind and in the order of these."""
    found: dict[str, list[float]] = {}
    for each in lost:
        slope, offsets = _fitted([other for other in lost if other is not each])
        value = slope * each.free_kcal_mol / KCAL_MOL_PER_LOG_UNIT + offsets[each.acid.kind]
        found.setdefault(each.acid.kind, []).append(value - each.acid.pka)
    return found


def _fitted(lost: Sequence[Lost]) -> tuple[float, dict[str, float]]:
    """Return the slope within kinds, by least squares, and the offset of each kind."""
    by_kind: dict[str, list[tuple[float, float]]] = {}
    for each in lost:
        units = each.free_kcal_mol / KCAL_MOL_PER_LOG_UNIT
        by_kind.setdefault(each.acid.kind, []).append((units, each.acid.pka))
    means = {kind: (_mean(x for x, _ in pairs), _mean(y for _, y in pairs)) for kind, pairs in by_kind.items()}
    around = [(x - means[kind][0], y - means[kind][1]) for kind, pairs in by_kind.items() for x, y in pairs]
    slope = sum(x * y for x, y in around) / sum(x * x for x, _ in around)
    return slope, {kind: y - slope * x for kind, (x, y) in means.items()}


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known)


@dataclass(frozen=True)
class Step:
    """A proton that a ligand takes up: its pKa, and the molecule with it."""

    pka: ComputedPka
    acid: Ligand


def stepwise(
    ligand: Ligand, *, ph: float, protons: int
) -> Generator[tuple[Ligand, ...], FreeEnergies, tuple[Step, ...]]:
    """Ask for the free energies of molecules, and return the protons of a ligand, the last to leave first.

    Each proton goes to the place of the highest pKa, the molecule before it being in its most stable form. What comes
    after `protons` steps and lies far below the pH is left out. Forms that fall apart are left out as well. Raises
    `CalculationFailed` when no form is left, when a kind has too few reference acids, and for what failed by the run
    alone.
    """
    free: dict[str, float | Failure] = {}
    steps: list[Step] = []
    wanted = [form for acid in REFERENCE_ACIDS for form in (acid.base, acid.acid)]
    while forms := next_protons(ligand):
        if len(steps) >= protons and steps and steps[-1].pka.value < ph - _LEFT_BELOW_PH:
            break
        wanted += [ligand, *(form for _, form in forms)]
        free |= yield tuple({each.identity: each for each in wanted if each.identity not in free}.values())
        wanted = []
        if stopped := [each for each in free.values() if isinstance(each, Failure) and each.code in RUN_ONLY]:
            raise CalculationFailed.of(stopped[0])
        scales = Scales.of_references(free)
        steps.append(_highest(ligand, forms, free, scales))
        ligand = steps[-1].acid
    return tuple(steps)


def _highest(base: Ligand, forms: Sequence[tuple[str, Ligand]], free: FreeEnergies, scales: Scales) -> Step:
    made, found, failures = free[base.identity], list[Step](), list[Failure]()
    for kind, form in forms:
        used = free[form.identity]
        if kind in scales.offsets and _is_known(made) and _is_known(used):
            found.append(Step(scales.pka(kind, made - used), form))
        acids = [acid for acid in REFERENCE_ACIDS if acid.kind == kind]
        references = [free[each.identity] for acid in acids for each in (acid.base, acid.acid)]
        failures += [each for each in (made, used, *references) if isinstance(each, Failure)]
    if not found:
        raise CalculationFailed.of(failures[0])
    return max(found, key=lambda step: step.pka.value)


def _is_known(free: float | Failure | None) -> TypeGuard[float]:
    return isinstance(free, float)
