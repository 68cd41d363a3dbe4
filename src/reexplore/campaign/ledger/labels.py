"""The scales of a labelled candidate, binding, exchange and selectivity, derived from its stored terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from reexplore.campaign.ledger.computed_pka import ComputedPkas
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import AquaKeys
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import SERIES
from reexplore.energies.comparisons import exchange_comparable
from reexplore.energies.kramers.label import KramersLabel
from reexplore.energies.levels import Level
from reexplore.energies.protons import FreeLigandAtPH
from reexplore.energies.reactions import shifted, without_protons
from reexplore.energies.terms import EnergyTerms
from reexplore.energies.thermal import GIBBS, gibbs_correction_hartree, in_liquid_hartree
from reexplore.properties.label import Label
from reexplore.structures.quality import OTHER_DONORS
from reexplore.structures.structure import Structure
from reexplore.tracking.records import SelectivityRow


def labels(pool: Mapping[str, Candidate], ledger: Ledger, *, at_ph: FreeLigandAtPH | None = None) -> dict[str, Label]:
    """Return every label of a campaign by its candidate's key; `at_ph` is how its free ligands are counted.

    An aqua ion that another program computed than the label's parts does not stand beside them: absolute
    energies differ between programs. Nor does one without thermal terms beside parts that have them.
    """
    aqua = {metal: _aqua(ledger, keys) for metal, keys in ledger.aqua_ions().items()}
    computed = ComputedPkas(ledger)
    found = {}
    for key, keys in ledger.labels().items():
        candidate = keys.complex_of(pool[key])
        if keys.magnet:
            magnet = KramersLabel.from_json(ledger.value(keys.magnet))
            found[key] = Label(candidate, {}, None, 0, magnet=magnet)
            continue
        parts = {part: EnergyTerms.from_dict(ledger.value(energy)) for part, energy in keys.terms()}
        organic = {part: EnergyTerms.from_dict(ledger.value(energy)) for part, energy in keys.organic.items()}
        pka = computed.of(keys)
        # In both solvents alike: what is taken over is the molecule that was computed.
        for terms in filter(None, (parts, organic)):
            terms["ligand"] = without_protons(terms["ligand"], keys.protons)
            if at_ph is not None:
                given = at_ph.pka.get(candidate.ligand.identity)
                known = tuple(each.value for each in pka) if given is None else given
                terms["ligand"] = shifted(terms["ligand"], at_ph.shift_kcal_mol(known, protons=keys.protons))
        geometry = ledger.value(keys.structure)
        if keys.minima:
            parts = _free(parts, geometry, {part: ledger.value(minimum) for part, minimum in keys.minima.items()})
        ion, waters = aqua.get(candidate.metal.symbol, (None, 0))
        alike = ion is not None and _alike(ion, parts["complex"])
        others = len(geometry.get(OTHER_DONORS, ()))
        other_waters = {int(count): _free_complex(ledger, *each) for count, each in keys.others.items()}
        aqua_ion = ion if alike else None
        found[key] = Label(candidate, parts, aqua_ion, waters, others, other_waters, keys.failures, organic, pka)
    return found


def _free_complex(ledger: Ledger, structure: str, energy: str) -> EnergyTerms:
    return replace(EnergyTerms.from_dict(ledger.value(energy)), thermal_hartree=ledger.value(structure)[GIBBS])


def _alike(ion: EnergyTerms, complex_: EnergyTerms) -> bool:
    free = {term.thermal_hartree is not None for term in (ion, complex_)}
    return ion.program == complex_.program and len(free) == 1


def _aqua(ledger: Ledger, keys: AquaKeys) -> tuple[EnergyTerms, int]:
    """Return the energy of an aqua ion and its number of waters."""
    geometry = ledger.value(keys.structure)
    terms = replace(EnergyTerms.from_dict(ledger.value(keys.energy)), thermal_hartree=geometry.get(GIBBS))
    return terms, Structure.from_extxyz(geometry["extxyz"]).symbols.count("O")


def _free(
    parts: Mapping[str, EnergyTerms], complex_: Mapping[str, Any], minima: Mapping[str, Mapping[str, Any]]
) -> dict[str, EnergyTerms]:
    """Return the parts of a label as free energies: solutes of 1 mol/l in liquid water."""
    thermal = {part: value[GIBBS] for part, value in minima.items()} | {"complex": complex_[GIBBS]}
    thermal["water"] = in_liquid_hartree(thermal["water"])
    metal = Structure.from_extxyz(complex_["extxyz"]).symbols[0]
    thermal["ion"] = gibbs_correction_hartree(Structure((metal,), np.zeros((1, 3)), 3), ())
    return {part: replace(terms, thermal_hartree=thermal[part]) for part, terms in parts.items()}


def hydration_kcal_mol(found: Iterable[Label]) -> dict[str, float]:
    """Return the binding energy of the aqua ion of every labelled metal that has one, by its symbol."""
    reactions = {label.candidate.metal.symbol: label.hydration for label in found}
    return {metal: reaction.energy_kcal_mol for metal, reaction in reactions.items() if reaction is not None}


def selectivities(found: Iterable[Label], *, level: Level) -> tuple[SelectivityRow, ...]:
    """Return the selectivity of every ligand and stoichiometry between each two metals it was labelled with.

    Neither metals that the level describes in different ways are paired, nor complexes of different coordination
    numbers, unless free energies have decided on these. Pairs follow the series, the larger lanthanide first.
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
    return tuple(sorted(rows, key=_order))


def _order(row: SelectivityRow) -> tuple[object, ...]:
    # Where the number of waters is open it comes first.
    waters = -1 if row.waters is None else row.waters
    return row.ligand_charge, row.ligands, waters, row.co_ligands, row.ligand


def _row(first: Label, second: Label) -> SelectivityRow:
    assert first.exchange is not None and second.exchange is not None  # noqa: PT018 - both, or neither is paired
    # The ligand and what both hold of the waters cancel, and so do their errors.
    difference = second.exchange - first.exchange
    candidate = first.candidate
    return SelectivityRow(
        ligand=candidate.ligand.name,
        smiles=candidate.ligand.canonical_smiles,
        ligand_charge=candidate.ligand.charge,
        ligands=candidate.ligands,
        waters=candidate.group.waters,
        co_ligands=candidate.group.co_ligands,
        first_metal=candidate.metal.symbol,
        second_metal=second.candidate.metal.symbol,
        selectivity_kcal_mol=difference.energy_kcal_mol,
        error_kcal_mol=difference.error_kcal_mol,
        warnings=candidate.ligand.warnings,
    )
