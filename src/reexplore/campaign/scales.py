"""The scales of a labelled candidate, binding, exchange and selectivity, derived from its stored terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from reexplore.campaign.ledger import Ledger
from reexplore.chemistry.aquo import aquo_ion
from reexplore.chemistry.candidates import Candidate, Group
from reexplore.chemistry.metals import SERIES
from reexplore.energies.binding import (
    binding_energy_kcal_mol,
    binding_error_kcal_mol,
    exchange_energy_kcal_mol,
    exchange_error_kcal_mol,
    selectivity_error_kcal_mol,
    selectivity_kcal_mol,
    why_exchange_not_comparable,
)
from reexplore.energies.levels import Level
from reexplore.energies.terms import EnergyTerms
from reexplore.structures.quality import OTHER_DONORS
from reexplore.tracking.records import SelectivityRow


@dataclass(frozen=True)
class Label:
    """A labelled candidate with the energies of its parts: `complex`, `ion`, `ligand`, `water`.

    `aquo` is the energy of its metal's aquo ion with `aquo_waters` waters; without it there is no
    exchange energy. `other_donors` counts the atoms that hold the metal without having been named.
    """

    candidate: Candidate
    parts: Mapping[str, EnergyTerms]
    aquo: EnergyTerms | None
    aquo_waters: int
    other_donors: int = 0

    @property
    def group_name(self) -> str:
        """Return the name of the group it is ranked in: its true coordination number tells two of them apart."""
        return self.candidate.group.name + (f", coordination number {self._number}" if self.other_donors else "")

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return the sentence that a complex held by more atoms than were named is shown with."""
        asked = self.candidate.coordination_number
        told = f"coordination number {self._number}, not {asked}: an atom that was not named holds the metal as well"
        return (told,) if self.other_donors else ()

    @property
    def _number(self) -> int:
        return self.candidate.coordination_number + self.other_donors

    @property
    def binding_kcal_mol(self) -> float:
        """Return the binding energy."""
        return binding_energy_kcal_mol(**self._binding_terms)

    @property
    def binding_error_kcal_mol(self) -> float | None:
        """Return the error of the binding energy, None when no term tells its own."""
        return binding_error_kcal_mol(**self._binding_terms)

    @property
    def exchange_kcal_mol(self) -> float | None:
        """Return the exchange energy, None without the energy of the aquo ion."""
        return self._exchange(exchange_energy_kcal_mol)

    @property
    def exchange_error_kcal_mol(self) -> float | None:
        """Return the error of the exchange energy, None without it or when no term tells its own."""
        return self._exchange(exchange_error_kcal_mol)

    @property
    def _binding_terms(self) -> dict[str, Any]:
        """Return what the binding scale and its error take."""
        counts = {"ligands": self.candidate.ligands, "waters": self.candidate.waters}
        named = {name: self.parts[name] for name in ("ion", "ligand", "water")}
        return {"complex_": self.parts["complex"]} | named | counts

    def _exchange(self, scale: Callable[..., float | None]) -> float | None:
        if self.aquo is None:
            return None
        return scale(
            self.parts["complex"],
            aqua_complex=self.aquo,
            ligand=self.parts["ligand"],
            water=self.parts["water"],
            ligands=self.candidate.ligands,
            waters=self.candidate.waters,
            aqua_waters=self.aquo_waters,
        )


def labels(pool: Mapping[str, Candidate], ledger: Ledger, *, aqua_waters: int) -> dict[str, Label]:
    """Return every label of a campaign by its candidate's key.

    An aquo ion that another program computed than the label's parts does not stand beside them: absolute
    energies differ between programs.
    """
    aquo = {metal: EnergyTerms.from_dict(ledger.value(keys.energy)) for metal, keys in ledger.aquo_ions().items()}
    found = {}
    for key, keys in ledger.labels().items():
        candidate = pool[key]
        parts = {part: EnergyTerms.from_dict(ledger.value(energy)) for part, energy in keys.terms()}
        ion = aquo.get(candidate.metal.symbol)
        alike = ion is not None and ion.program == parts["complex"].program
        waters = aquo_ion(candidate.metal, waters=aqua_waters).waters
        others = len(ledger.value(keys.structure).get(OTHER_DONORS, ()))
        found[key] = Label(candidate, parts, ion if alike else None, waters, others)
    return found


def selectivities(found: Iterable[Label], *, level: Level) -> tuple[SelectivityRow, ...]:
    """Return the selectivity of every ligand and stoichiometry between each two metals it was labelled with.

    Neither metals that the level describes in different ways are paired, nor complexes of different coordination
    numbers. Pairs follow the series, the larger lanthanide first.
    """
    series: dict[tuple[int, int, int, int, str], list[Label]] = defaultdict(list)
    for label in found:
        if label.aquo is not None:
            group, ligand = label.candidate.group, label.candidate.ligand
            number = label.other_donors
            series[group.ligand_charge, group.ligands, group.waters, number, ligand.identity].append(label)
    rows = []
    for members in series.values():
        ordered = sorted(members, key=lambda label: SERIES.index(label.candidate.metal))
        rows += [
            _row(first, second)
            for first, second in combinations(ordered, 2)
            if why_exchange_not_comparable(first.candidate.group, second.candidate.group, level=level) is None
        ]
    # A stable sort: the pairs of one ligand stay in the order of the series.
    return tuple(sorted(rows, key=lambda row: (row.ligand_charge, row.ligands, row.waters, row.ligand)))


def _row(first: Label, second: Label) -> SelectivityRow:
    exchanges = (first.exchange_kcal_mol, second.exchange_kcal_mol)
    assert first.aquo is not None and second.aquo is not None  # noqa: PT018 - both, or neither is paired
    assert exchanges[0] is not None and exchanges[1] is not None  # noqa: PT018
    candidate = first.candidate
    return SelectivityRow(
        ligand=candidate.ligand.name,
        smiles=candidate.ligand.canonical_smiles,
        ligand_charge=candidate.ligand.charge,
        ligands=candidate.ligands,
        waters=candidate.waters,
        first_metal=candidate.metal.symbol,
        second_metal=second.candidate.metal.symbol,
        selectivity_kcal_mol=selectivity_kcal_mol(exchanges[0], exchanges[1]),
        error_kcal_mol=selectivity_error_kcal_mol(
            first.parts["complex"], first.aquo, second.parts["complex"], second.aquo
        ),
        warnings=candidate.ligand.warnings,
    )


def reasons(groups: Iterable[Group], why: Callable[[Group, Group], str | None]) -> tuple[str, ...]:
    """Return why some of these groups may not be ranked together, each reason once with its first example."""
    told: dict[str, str] = {}
    for first, second in combinations(dict.fromkeys(groups), 2):
        if sentence := why(first, second):
            told.setdefault(sentence.partition(": ")[2], sentence)
    return tuple(told.values())
