"""Anchors and labels that may stand together: by ligand charge and by metal, ordered, calibrated and fitted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reexplore.anchors.calibration import calibration, nearest_metal
from reexplore.anchors.comparison import Compared, compared, rank_correlation
from reexplore.anchors.reaction import Reaction
from reexplore.anchors.regression import regression
from reexplore.anchors.table import Anchor
from reexplore.energies.protons import log_k
from reexplore.properties.label import Label
from reexplore.tracking.anchor_records import AnchorPanel, AnchorRow, Line, Marked
from reexplore.tracking.estimates import Estimated

LOG_D = "log D"
#: Candidates that are marked on the computed axis of a panel.
MARKED = 5
LISTED = "list anchors in space.ligands, and the campaign computes them as it does its candidates"


def exchange_kcal_mol(label: Label) -> float:
    """Return the energy of the reaction from the aqua ion, of a label that has one."""
    assert label.exchange is not None
    return label.exchange.energy_kcal_mol


@dataclass(frozen=True)
class AnchorValue:
    """What was computed of an anchor with one metal, in kcal/mol."""

    energy_kcal_mol: float
    coordination_number: int
    aqua_waters: int
    computed_by: str

    @classmethod
    def of_label(cls, label: Label) -> AnchorValue:
        """Return that of an anchor that the campaign labelled."""
        number = label.candidate.coordination_number + label.other_donors
        return cls(exchange_kcal_mol(label), number, label.aqua_waters, "campaign")

    @property
    def more_donors(self) -> int:
        """Return how many donors more than the aqua ion the complex has."""
        return self.coordination_number - self.aqua_waters


@dataclass(frozen=True)
class AnchorGroup:
    """Labels that may stand together and anchors beside them: `values` by (anchor, metal), measured is in `log_k1`."""

    anchors: tuple[Anchor, ...]
    values: Mapping[tuple[str, str], AnchorValue]
    labels: tuple[Label, ...]
    title: str
    is_free: bool
    reaction: Reaction
    is_log_d: bool

    @property
    def is_constant(self) -> bool:
        """Return whether what was computed is a stability constant."""
        return self.is_free and not self.is_log_d

    @property
    def rows(self) -> tuple[Compared, ...]:
        """Return the anchors as they are compared; of energies that are no constants only the order counts."""
        return compared(self.anchors, {key: value.energy_kcal_mol for key, value in self.values.items()})

    def panels(self) -> Iterator[AnchorPanel]:
        """Yield a panel for each ligand charge and each metal of anchors that is nearest to some of the labels."""
        rows = self.rows
        beside: dict[tuple[int, str], list[Label]] = defaultdict(list)
        for label in self.labels:
            charge, metal = label.candidate.ligand.charge, label.candidate.metal.symbol
            if (nearest := nearest_metal(rows, charge=charge, metal=metal)) is not None:
                beside[charge, nearest].append(label)
        for (charge, metal), labels in sorted(beside.items(), key=lambda entry: (-entry[0][0], entry[0][1])):
            alike = [row for row in rows if (row.charge, row.metal) == (charge, metal)]
            yield self._panel(charge, metal, alike, labels)

    def missing(self) -> Iterator[str]:
        """Yield the charges of labels that no anchor has."""
        known = {row.charge for row in self.rows}
        for charge in sorted({label.candidate.ligand.charge for label in self.labels} - known, reverse=True):
            place = f" with {self.title}" if self.title else ""
            yield f"No anchor of charge {charge:+d}{place} was computed in this way: {LISTED}"

    def _panel(self, charge: int, metal: str, rows: Sequence[Compared], labels: Sequence[Label]) -> AnchorPanel:
        known = {anchor.name: anchor for anchor in self.anchors}
        found = calibration(rows, charge=charge, metal=metal) if self.is_constant else None
        told = rows if found else [replace(row, calibrated=None) for row in rows]
        shown = tuple(self._row(known[row.ligand], row) for row in sorted(told, key=lambda row: -row.measured))
        line = regression([row.computed for row in shown], [row.measured for row in shown])
        strongest = sorted(labels, key=exchange_kcal_mol)[:MARKED]
        energy = "free energy of complexation" if self.is_free else "exchange energy"
        constant = self.reaction.name(charge)
        return AnchorPanel(
            title=f"L charge {charge:+d}, {metal}" + (f", {self.title}" if self.title else ""),
            charge=charge,
            metal=metal,
            metals=tuple(dict.fromkeys(label.candidate.metal.symbol for label in labels)),
            measured=LOG_D if self.is_log_d else constant,
            computed=constant if self.is_constant else energy,
            unit="log units" if self.is_constant else "kcal/mol",
            rows=shown,
            spearman=rank_correlation(rows),
            calibration=None if found is None else Line(1.0, found.added_log_units, found.error_log_units),
            regression=None if line is None else Line(line.slope, line.intercept, line.error),
            candidates=tuple(self._marked(label, rows) for label in strongest),
            among=len(labels),
        )

    def _row(self, anchor: Anchor, row: Compared) -> AnchorRow:
        value = self.values[row.ligand, row.metal]
        return AnchorRow(
            ligand=row.ligand,
            smiles=anchor.single.ligand.canonical_smiles,
            metal=row.metal,
            source=anchor.source,
            measured=row.measured,
            computed=row.computed if self.is_constant else value.energy_kcal_mol,
            calibrated=row.calibrated,
            energy_kcal_mol=value.energy_kcal_mol,
            coordination_number=value.coordination_number,
            aqua_waters=value.aqua_waters,
            computed_by=value.computed_by,
        )

    def _marked(self, label: Label, rows: Sequence[Compared]) -> Marked:
        ligand = label.candidate.ligand
        found = None
        if self.is_constant:
            metal = label.candidate.metal.symbol
            found = calibration(rows, charge=ligand.charge, metal=metal, smiles=ligand.canonical_smiles)
        energy = exchange_kcal_mol(label)
        computed = log_k(energy) if self.is_constant else energy
        calibrated = Estimated(computed + found.added_log_units, found.error_log_units) if found else None
        return Marked(label.candidate.name, energy, computed, calibrated)
