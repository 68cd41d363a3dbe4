"""Labels of finalists on geometries relaxed at the level: beside those that models learn from, never among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL, shifted
from reexplore.energies.terms import EnergyTerms
from reexplore.properties.label import Label


def relaxed_labels(found: Mapping[str, Label], ledger: Ledger) -> dict[str, Label]:
    """Return the label of every finalist whose relaxation and energies succeeded, by its candidate's key.

    `found` are the campaign's labels. Complex, ligands, water and aqua ion are all relaxed at the level; an aqua ion
    that is not there takes the exchange energy away, not the label. Thermal terms stay those of the label, whose minima
    have been shown to be some. The complexes of other numbers of waters are not relaxed.
    """
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
            labels[key] = replace(before, parts=parts, aqua=relaxed, other_donors=keys.other_donors, other_waters={})
    return labels


def _counted_kcal_mol(label: Label, ledger: Ledger, ligand: str) -> float:
    """Return what protons and pH make of a free ligand's energy in its label."""
    computed = EnergyTerms.from_dict(ledger.value(ligand)).total_hartree
    return (label.parts["ligand"].total_hartree - computed) * HARTREE_TO_KCAL_MOL


def _as_before(terms: EnergyTerms, before: EnergyTerms) -> EnergyTerms:
    return replace(terms, thermal_hartree=before.thermal_hartree)
