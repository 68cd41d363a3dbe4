"""Measured anchors beside what was computed of them, in the way in which the candidates of a campaign were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reexplore.anchors.calibration import calibration
from reexplore.anchors.comparison import Compared
from reexplore.anchors.computed import Computed, computed_alike, read_computed
from reexplore.anchors.reaction import Reaction
from reexplore.anchors.table import Anchor
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.results.anchor_panels import (
    LISTED,
    LOG_D,
    AnchorGroup,
    AnchorValue,
    exchange_kcal_mol,
)
from reexplore.energies.protons import log_k
from reexplore.properties import Goals
from reexplore.properties.complexation import ComplexationFreeEnergy
from reexplore.properties.label import Label
from reexplore.tracking.anchor_records import AnchorPanel, AnchorsRecord
from reexplore.tracking.estimates import Estimated, LogK
from reexplore.tracking.records import LigandRow

#: Anchors without a value that are named.
_NAMED = 5
_BINDING = (
    "There are none to show: a binding energy from the bare ion is on another scale than stability constants. An"
    " objective of exchange_energy, selectivity, complexation_free_energy or separation_factor has them"
)
_FREE = (
    "Computed is −ΔG/(RT ln 10) at 25 °C and 1 mol/l. Shipped values are at the lower of coordination numbers 8 and 9,"
    " candidates at their own"
)
_ACID = (
    "The free ligand is counted from its acid: what is compared are constants of M + HnL → ML + n H, log K1 less the"
    " pKa of the protons that leave"
)
_AT_PH = "Measured constants are those that act at the pH of the campaign, by the pKa in the table of anchors"
_ELECTRONIC = (
    "Electronic exchange energies have no entropy in them: their order within one ligand charge is compared, and they"
    " are no constants. A water that is released is worth some 20 kcal/mol in them, so complexes stand together that"
    " have as many donors more or less than their aqua ion"
)
_LOG_D = (
    "A distribution ratio holds for one organic phase, acidity and concentration: its order within one ligand charge"
    " and stoichiometry is compared, and it is no constant"
)
_SCATTER = "Measured constants of single sources differ by 0.5"


@dataclass(frozen=True)
class MeasuredAnchors:
    """The anchors of a campaign as they are shown, and the stability constants of its labelled candidates.

    `constants` are the anchors that these are calibrated on, None where labels are no free energies; of which
    `reaction` they are tells what the constants are called.
    """

    record: AnchorsRecord
    constants: tuple[Compared, ...] | None
    reaction: Reaction

    @classmethod
    def of(cls, setup: Setup, labelled: Iterable[Label]) -> MeasuredAnchors:
        """Return what stands beside some labels; nothing beside invented energies."""
        comparison = _Comparison(setup, tuple(label for label in labelled if label.aqua is not None))
        shown = (AnchorsRecord(), None) if setup.fakes else comparison.shown()
        return cls(*shown, comparison.reaction)

    def log_k(self, energy_kcal_mol: float, *, charge: int, metal: str, smiles: str) -> LogK:
        """Return the constant of a free energy of complexation with one ligand, calibrated on others where possible."""
        computed = log_k(energy_kcal_mol)
        found = calibration(self.constants or (), charge=charge, metal=metal, smiles=smiles)
        calibrated = Estimated(computed + found.added_log_units, found.error_log_units) if found else None
        return LogK(self.reaction.name(charge), computed, calibrated)

    def of_label(self, label: Label) -> LogK | None:
        """Return the constant of a labelled candidate, None for electronic energies and where there is no K1."""
        if self.constants is None or label.aqua is None or not _has_k1(label):
            return None
        ligand, metal = label.candidate.ligand, label.candidate.metal.symbol
        return self.log_k(exchange_kcal_mol(label), charge=ligand.charge, metal=metal, smiles=ligand.canonical_smiles)

    def with_constants(self, rows: Sequence[LigandRow], goals: Goals) -> tuple[LigandRow, ...]:
        """Return ligands with the constants beside those goals that are free energies of complexation."""
        if self.constants is None:
            return tuple(rows)
        metals = [
            goal.quantity.metals[0] if goal.quantity.name == ComplexationFreeEnergy.name else None
            for goal in goals.goals
        ]
        return tuple(replace(row, log_k=tuple(self._of_goals(row, metals))) for row in rows)

    def _of_goals(self, row: LigandRow, metals: Sequence[str | None]) -> Iterator[LogK | None]:
        for label, metal in zip(row.labels, metals, strict=True):
            if metal is None or label is None or row.ligands > 1 or row.co_ligands:
                yield None
            else:
                yield self.log_k(label.value, charge=row.ligand_charge, metal=metal, smiles=row.smiles)


def _has_k1(label: Label) -> bool:
    return label.candidate.ligands == 1 and not label.candidate.co_ligands


def _than_aqua_ion(more: int) -> str:
    """Return in words how many donors a complex has beside its aqua ion."""
    if not more:
        return "as many donors as the aqua ion"
    return f"{abs(more)} donor{'s' if abs(more) > 1 else ''} {'more' if more > 0 else 'less'} than the aqua ion"


@dataclass(frozen=True)
class _Comparison:
    """The anchors of a campaign and its labels with aqua ions."""

    setup: Setup
    labels: tuple[Label, ...]

    @property
    def is_free(self) -> bool:
        return self.setup.goals.needs_thermal_terms

    def shown(self) -> tuple[AnchorsRecord, tuple[Compared, ...] | None]:
        """Return what is shown, panels of constants before those of distribution ratios, and what calibrates."""
        constants: tuple[Compared, ...] | None = () if self.is_free else None
        if not self.setup.anchors:
            return AnchorsRecord(), constants
        if not self.setup.goals.needs_aqua_ions:
            return AnchorsRecord(notes=(_BINDING,)), constants
        if not self.labels:
            return AnchorsRecord(notes=("They stand here once a candidate is labelled",)), constants
        panels: list[AnchorPanel] = []
        notes: list[str] = []
        known: set[tuple[str, str]] = set()
        for group in self._groups():
            known |= set(group.values)
            panels += group.panels()
            notes += group.missing()
            if self.is_free and not group.is_log_d:
                constants = group.rows
        notes = [*self._explained(panels), *dict.fromkeys(notes), *self._without_values(known)]
        return AnchorsRecord(tuple(panels), tuple(notes)), constants

    def _groups(self) -> Iterator[AnchorGroup]:
        """Yield labels that may stand together, with the anchors that may stand beside them."""
        shipped, bound = self._shipped(), [label for label in self.labels if _has_k1(label)]
        if self.is_free and bound:
            yield self._group(bound, shipped)
        if not self.is_free:
            for more in sorted({AnchorValue.of_label(label).more_donors for label in bound}):
                alike = [label for label in bound if AnchorValue.of_label(label).more_donors == more]
                values = {key: value for key, value in shipped.items() if value.more_donors == more}
                yield self._group(alike, values, title=_than_aqua_ion(more))
        if any(anchor.log_d for anchor in self.setup.anchors):
            by_stoichiometry: dict[tuple[str, int], list[Label]] = defaultdict(list)
            for label in self.labels:
                by_stoichiometry[label.candidate.group.stoichiometry, label.other_donors].append(label)
            for (name, _), alike in by_stoichiometry.items():
                yield self._group(alike, {}, title=name, is_log_d=True)

    def _group(
        self,
        labels: Sequence[Label],
        shipped: Mapping[tuple[str, str], AnchorValue],
        *,
        title: str = "",
        is_log_d: bool = False,
    ) -> AnchorGroup:
        own: dict[tuple[str, str], AnchorValue] = {}
        for label in sorted(labels, key=exchange_kcal_mol, reverse=True):
            own[label.candidate.ligand.identity, label.candidate.metal.symbol] = AnchorValue.of_label(label)
        anchors = tuple(self._as_computed(is_log_d=is_log_d))
        values: dict[tuple[str, str], AnchorValue] = {}
        for anchor in anchors:
            for metal in anchor.log_k1:
                key = (anchor.name, metal)
                # What the campaign computed itself goes before what is shipped.
                value = own.get((anchor.single.ligand.identity, metal), shipped.get(key))
                values |= {} if value is None else {key: value}
        return AnchorGroup(
            anchors, values, tuple(labels), title, is_free=self.is_free, reaction=self.reaction, is_log_d=is_log_d
        )

    @property
    def reaction(self) -> Reaction:
        at_ph = self.setup.at_ph
        return Reaction(self.setup.file.theory.reference, None if at_ph is None else at_ph.ph)

    def _as_computed(self, *, is_log_d: bool) -> Iterator[Anchor]:
        """Yield the anchors with what was measured of the reaction that is computed, where that is known."""
        for anchor in self.setup.anchors:
            if is_log_d and anchor.log_d:
                yield replace(anchor, log_k1=anchor.log_d)
            elif not is_log_d and anchor.log_k1 and self.reaction.knows(anchor):
                yield self.reaction.measured(anchor)

    def _shipped(self) -> dict[tuple[str, str], AnchorValue]:
        """Return the shipped values that were computed as the campaign computes."""
        theory = self.setup.file.theory
        if self.setup.level.based_on:
            return {}
        anchors = {anchor.name: anchor for anchor in self.setup.anchors if self.reaction.knows(anchor)}
        rows = computed_alike(
            anchors.values(),
            read_computed(),
            level=self.setup.level.name,
            surface=self.setup.surface.name,
            reference=theory.reference,
        )
        return {
            (name, metal): self._value(anchors[name], row)
            for (name, metal), row in rows.items()
            # Of electronic energies it is the difference to the aqua ion that counts.
            if not self.is_free or theory.aqua_waters in {"auto", row.aqua_waters}
        }

    def _value(self, anchor: Anchor, row: Computed) -> AnchorValue:
        energy = row.free_kcal_mol if self.is_free else row.electronic_kcal_mol
        energy = self.reaction.computed_kcal_mol(anchor, energy)
        return AnchorValue(energy, row.coordination_number, row.aqua_waters, "shipped")

    def _explained(self, panels: Sequence[AnchorPanel]) -> Iterator[str]:
        """Yield what the numbers of the panels are."""
        of_constants = [panel for panel in panels if panel.measured != LOG_D]
        if of_constants:
            yield _FREE if self.is_free else _ELECTRONIC
            if self.reaction.ph is not None:
                yield _AT_PH
            elif self.reaction.reference == "acid":
                yield _ACID
            yield _SCATTER
        if len(of_constants) < len(panels):
            yield _LOG_D

    def _without_values(self, known: set[tuple[str, str]]) -> Iterator[str]:
        """Yield why shipped anchors, and some of a person's own, have no computed values, and what would give them."""
        sources = {anchor.source for anchor in self.setup.anchors}
        if "shipped" in sources and not self._shipped():
            way = f"level '{self.setup.level.name}' on {self.setup.surface.name}"
            yield f"No values are shipped that were computed at {way} from this aqua ion: {LISTED}"
        with_values = {name for name, _ in known}
        for source in sorted(sources - {"shipped"}):
            own = [anchor for anchor in self.setup.anchors if anchor.source == source]
            if unknown := [anchor.name for anchor in own if anchor.log_k1 and not self.reaction.knows(anchor)]:
                yield f"Without the pKa that the campaign's constants need in {source}: {_named(unknown)}"
            if without := [a.name for a in own if a.name not in with_values and a.name not in unknown]:
                yield f"Without a computed value in {source}: {_named(without)}; {LISTED}"


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
