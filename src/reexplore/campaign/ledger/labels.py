"""The scales of a labelled candidate, binding, exchange and selectivity, derived from its stored terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import SERIES
from reexplore.energies.comparisons import exchange_comparable
from reexplore.energies.levels import Level
from reexplore.energies.terms import EnergyTerms
from reexplore.properties.label import Label
from reexplore.structures.quality import OTHER_DONORS
from reexplore.tracking.records import SelectivityRow


def labels(pool: Mapping[str, Candidate], ledger: Ledger, *, aqua_waters: int) -> dict[str, Label]:
    """Return every label of a campaign by its candidate's key.

    An aqua ion that another program computed than the label's parts does not stand beside them: absolute
    energies differ between programs.
    """
    aqua = {metal: EnergyTerms.from_dict(ledger.value(keys.energy)) for metal, keys in ledger.aqua_ions().items()}
    found = {}
    for key, keys in ledger.labels().items():
        candidate = pool[key]
        parts = {part: EnergyTerms.from_dict(ledger.value(energy)) for part, energy in keys.terms()}
        ion = aqua.get(candidate.metal.symbol)
        alike = ion is not None and ion.program == parts["complex"].program
        waters = aqua_ion(candidate.metal, waters=aqua_waters).waters
        others = len(ledger.value(keys.structure).get(OTHER_DONORS, ()))
        found[key] = Label(candidate, parts, ion if alike else None, waters, others)
    return found


def hydration_kcal_mol(found: Iterable[Label]) -> dict[str, float]:
    """Return the binding energy of the aqua ion of every labelled metal that has one, by its symbol."""
    reactions = {label.candidate.metal.symbol: label.hydration for label in found}
    return {metal: reaction.energy_kcal_mol for metal, reaction in reactions.items() if reaction is not None}


def selectivities(found: Iterable[Label], *, level: Level) -> tuple[SelectivityRow, ...]:
    """Return the selectivity of every ligand and stoichiometry between each two metals it was labelled with.

    Neither metals that the level describes in different ways are paired, nor complexes of different coordination
    numbers. Pairs follow the series, the larger lanthanide first.
    """
    series: dict[tuple[object, ...], list[Label]] = defaultdict(list)
    for label in found:
        if label.aqua is not None:
            group, ligand = label.candidate.group, label.candidate.ligand
            number = label.other_donors
            series[group.ligand_charge, group.stoichiometry, number, ligand.identity].append(label)
    rows = []
    for members in series.values():
        ordered = sorted(members, key=lambda label: SERIES.index(label.candidate.metal))
        rows += [
            _row(first, second)
            for first, second in combinations(ordered, 2)
            if exchange_comparable(first.candidate.group, second.candidate.group, level=level)
        ]
    # A stable sort: the pairs of one ligand stay in the order of the series.
    return tuple(sorted(rows, key=lambda row: (row.ligand_charge, row.ligands, row.waters, row.co_ligands, row.ligand)))


def _row(first: Label, second: Label) -> SelectivityRow:
    assert first.exchange is not None and second.exchange is not None  # noqa: PT018 - both, or neither is paired
    # The ligand and the waters cancel, and so do their errors.
    difference = second.exchange - first.exchange
    candidate = first.candidate
    return SelectivityRow(
        ligand=candidate.ligand.name,
        smiles=candidate.ligand.canonical_smiles,
        ligand_charge=candidate.ligand.charge,
        ligands=candidate.ligands,
        waters=candidate.waters,
        co_ligands=candidate.group.co_ligands,
        first_metal=candidate.metal.symbol,
        second_metal=second.candidate.metal.symbol,
        selectivity_kcal_mol=difference.energy_kcal_mol,
        error_kcal_mol=difference.error_kcal_mol,
        warnings=candidate.ligand.warnings,
    )
