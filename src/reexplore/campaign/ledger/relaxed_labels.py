"""Labels of finalists on other geometries: beside those that models learn from, never among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import FinalistKeys
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL, shifted
from reexplore.energies.terms import EnergyTerms
from reexplore.energies.thermal import GIBBS
from reexplore.properties.label import Label


def relaxed_labels(found: Mapping[str, Label], ledger: Ledger) -> dict[str, Label]:
    """Return the label of every finalist whose geometries and energies succeeded, by its candidate's key.

    `found` are the campaign's labels. Where complexes were searched for, all else is as in the label. Otherwise
    complex, ligands, water and aqua ion are all relaxed at the level; an aqua ion that is not there takes the exchange
    energy away, not the label. Thermal terms stay those of the label, whose minima have been shown to be some. The
    complexes of other numbers of waters are not relaxed, and nothing is taken into a second solvent.
    """
    if ledger.finalists_are_searched:
        finalists = ledger.finalists().items()
        return {key: _searched(found[key], keys, ledger) for key, keys in finalists if key in found}
    ions = ledger.aqua_ions(relaxed=True).items()
    aqua = {metal: EnergyTerms.from_dict(ledger.value(keys.energy)) for metal, keys in ions}
    labels, ledger_labels = {}, ledger.labels()
    for key, keys in ledger.finalists().items():
        if key in found:
            before = found[key]
            parts = {
                part: _as_before(EnergyTerms.from_dict(ledger.value(energy)), before.parts[part])
                for part, energy in keys.energies.items()
            }
            parts["ligand"] = shifted(parts["ligand"], _counted_kcal_mol(before, ledger, ledger_labels[key].ligand))
            ion = aqua.get(before.candidate.metal.symbol)
            relaxed = _as_before(ion, before.aqua) if ion and before.aqua else None
            labels[key] = replace(
                before, parts=parts, aqua=relaxed, other_donors=keys.other_donors, other_waters={}, organic={}
            )
    return labels


def _searched(before: Label, keys: FinalistKeys, ledger: Ledger) -> Label:
    """Return a label with the complex that was searched for; of free energies it has thermal terms of its own."""
    terms = EnergyTerms.from_dict(ledger.value(keys.energies["complex"]))
    found = replace(terms, thermal_hartree=ledger.value(keys.relaxed["complex"]).get(GIBBS))
    # Nothing of what was found beside it belongs to the new complex.
    beside: dict[str, Any] = {"other_donors": keys.other_donors, "other_waters": {}, "organic": {}}
    return replace(before, parts={**before.parts, "complex": found}, **beside)


def _counted_kcal_mol(label: Label, ledger: Ledger, ligand: str) -> float:
    """Return what protons and pH make of a free ligand's energy in its label."""
    computed = EnergyTerms.from_dict(ledger.value(ligand)).total_hartree
    return (label.parts["ligand"].total_hartree - computed) * HARTREE_TO_KCAL_MOL


def _as_before(terms: EnergyTerms, before: EnergyTerms) -> EnergyTerms:
    return replace(terms, thermal_hartree=before.thermal_hartree)
